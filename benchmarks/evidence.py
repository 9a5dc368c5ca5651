"""The memory that evidence takes: `python -m benchmarks.evidence [--quick] [--json]`.

Each measure is a process of its own against a database of the benchmark's own: taking in and reading back an
exhibit of 2 GiB, above what the same process needed for one of a few bytes; the custody schedule of 5,000
lines as PDF; and, for comparison, the whole package that it belongs to. `--quick` takes 256 MiB and 1,000
lines, and holds them to the same bounds. Linux only: memory is read from /proc.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import bus_data, report

MIB = 1024 * 1024
TARGETS: dict[str, report.Target] = {"exhibit_mib_above": ("<=", 64.0), "schedule_mib": ("<=", 200.0)}


class Stream(io.RawIOBase):
    """So many bytes that nothing holds: blocks of noise, each with its number."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left, self._number, self._noise = size, 0, os.urandom(MIB)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""
        count = min(size if size >= 0 else self._left, self._left, MIB)
        self._left -= count
        self._number += 1
        return (self._number.to_bytes(8) + self._noise)[:count]


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="an eighth of the size, a fifth of the lines")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    size, lines = (256 * MIB, 1_000) if options.quick else (2048 * MIB, 5_000)
    figures: dict[str, float] = {}
    with bus_data.database() as environment, tempfile.TemporaryDirectory() as folder:
        places = {"EVIDENCE_DIR": f"{folder}/store", "PACKAGES_DIR": f"{folder}/packages"}
        for name, amount in (("exhibit", size), ("schedule", lines), ("package", lines)):
            figures |= _in_a_process({**environment, **places}, name, amount)
    ratios = {name: figures.pop(name) for name in TARGETS}
    report.show("evidence", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


def _in_a_process(environment: dict[str, str], name: str, amount: int) -> dict[str, float]:
    program = f"from benchmarks.evidence import child; child({name!r}, {amount})"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(name: str, amount: int) -> None:
    """Do one measure and print its figures as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    measure = {"exhibit": exhibit, "schedule": schedule, "package": package}[name]
    print(json.dumps(measure(amount)))


def exhibit(size: int) -> dict[str, float]:
    """Take in `size` bytes and read them back."""
    case = _case("exhibit")
    for piece in _read(_taken_in(case, io.BytesIO(b"a few bytes"))):
        assert piece
    before, began = _resident(), time.monotonic()
    taken = _taken_in(case, Stream(size))
    stored = time.monotonic()
    if sum(len(piece) for piece in _read(taken)) != size:
        raise SystemExit("what came out is not what went in")
    ended = time.monotonic()
    return {
        "exhibit_mib": size / MIB,
        "exhibit_mib_above": _peak() - before,
        "exhibit_in_mib_per_s": size / MIB / (stored - began),
        "exhibit_out_mib_per_s": size / MIB / (ended - stored),
    }


def schedule(lines: int) -> dict[str, float]:
    """Write the custody schedule of `lines` lines, part by part."""
    from django.utils import timezone

    from coordination.cases.packages import contents, naming
    from coordination.cases.packages import schedule as pdf

    case = _case("schedule")
    exhibits = _with_custody(case, lines)
    events = (event for event, _ in contents.custody(exhibits, name=naming.by_role()))
    items = [contents.item_of(each) for each in exhibits]
    began, size = time.monotonic(), 0
    for _, content in pdf.parts(case.reference, items, events, total=lines, at=timezone.now()):
        size += len(content)
    return {
        "schedule_lines": lines,
        "schedule_mib": _peak(),
        "schedule_seconds": time.monotonic() - began,
        "schedule_pdf_mib": size / MIB,
    }


def package(lines: int) -> dict[str, float]:
    """Make the whole package, with a proof of each line."""
    from coordination.cases import services as cases

    case = _case("package")
    _with_custody(case, lines - 1)  # the release is the last line
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        cases.make_package(
            case, folder=Path(folder, "package"), by=None, recipient="Harrow", why="Asked for by the court."
        )
        took = time.monotonic() - began
        proofs = len(list(Path(folder, "package/data/ledger/proofs").iterdir()))
    if proofs != lines:
        raise SystemExit(f"{lines} lines, {proofs} proofs")
    return {"package_mib": _peak(), "package_seconds": took}


def _case(name: str) -> Any:
    from coordination.cases import services as cases

    return cases.open_case(f"Benchmark of {name}", by=None)


def _taken_in(case: Any, content: Any) -> Any:
    from coordination.evidence import services as evidence

    taken, _ = evidence.take_in(
        case.reference, by=None, content=content, filename="noise.bin", why="It is measured."
    )
    return taken


def _read(taken: Any) -> Any:
    from coordination.evidence import services as evidence

    return evidence.copy_out(taken, by=None, why="It is measured.")


def _with_custody(case: Any, lines: int) -> list[Any]:
    """Return one exhibit that was verified again until its custody has so many lines."""
    from coordination.evidence import services as evidence

    taken = _taken_in(case, io.BytesIO(b"a few bytes"))
    for number in range(lines - 1):
        evidence.reverify(taken, by=None, why=f"Check {number} of the store, as the plan for it says.")
    return [taken]


def _resident() -> float:
    """Return the memory of this process now, in MiB, and let the peak begin anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    """Return the most memory that this process had, in MiB. What getrusage says is the parent's at first."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
