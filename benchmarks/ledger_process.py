"""The processes that benchmarks.ledger measures: writers, a verification, a plain loop, a schedule."""

import hashlib
import json
import resource
import sys
import time
from datetime import UTC, datetime
from typing import Any

import django


def main(mode: str, *arguments: str) -> None:
    """Run one, and print what came of it as JSON: seconds or transactions, and MiB at the most."""
    django.setup()
    modes: dict[str, Any] = {"writer": writer, "verify": verify, "loop": loop, "schedule": schedule}
    found = modes[mode](*arguments)
    print(json.dumps({**found, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def writer(number: str, seconds: str, told: str) -> dict[str, float]:
    """Insert and change a row in each transaction, with an entry each where `told`; begin at a line."""
    from django.db import DatabaseError, transaction

    from benchmarks.audited.models import Plain
    from coordination.ledger import services

    with transaction.atomic():
        Plain.objects.create(title="warm", state="new", number=0)
    print("ready", flush=True)
    sys.stdin.readline()
    done = failed = 0
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        try:
            with transaction.atomic():
                row = Plain.objects.create(title=f"row {done} of {number}", state="new", number=done)
                row.state = "done"
                row.save()
                if told == "told":
                    about: Any = {"number": done, "digest": services.digest(row.title)}
                    services.record("benchmarks.saved", subject=f"R-{row.pk}", by=None, details=about)
            done += 1
        except DatabaseError:
            failed += 1
    return {"done": done, "failed": failed}


def verify() -> dict[str, float]:
    """Verify the ledger."""
    from coordination.ledger.verifying import verify as whole

    began = time.perf_counter()
    outcome = whole(found=lambda finding: sys.exit(str(finding)))
    return {"seconds": time.perf_counter() - began, "entries": outcome.read["entries"]}


def loop() -> dict[str, float]:
    """Read the same rows and hash them, as anybody would write it."""
    from coordination.ledger.models import Leaf

    began, count = time.perf_counter(), 0
    rows = Leaf.objects.order_by("id").values_list("entry", "leaf_hash").iterator(chunk_size=2000)
    for entry, kept in rows:
        if hashlib.sha256(b"\x00" + bytes(entry)).digest() != bytes(kept):
            sys.exit("a hash is wrong")
        count += 1
    return {"seconds": time.perf_counter() - began, "entries": count}


def schedule(lines: str) -> dict[str, float]:
    """Render a custody schedule."""
    from coordination.cases.packages import schedule as custody
    from coordination.cases.packages.contents import Event

    when = datetime(2026, 3, 6, 22, 12, tzinfo=UTC)
    events: Any = (
        Event(
            line=number,
            exhibit="X-7F3K-9QWD",
            act="viewed",
            at="2026-03-06T22:12:00.07Z",
            by="Sofia Marsh",
            why="Asked for by the court of Harrow County, to compare with what the school wrote.",
            recipient="",
            leaf=hashlib.sha256(str(number).encode()).hexdigest(),
            salt="00" * 32,
        )
        for number in range(1, int(lines) + 1)
    )
    began = time.perf_counter()
    pages = custody.parts("C-7F3K-9QWD", [], events, total=int(lines), at=when)
    size = sum(len(pdf) for _, pdf in pages)
    return {"seconds": time.perf_counter() - began, "bytes": size}


if __name__ == "__main__":
    main(*sys.argv[1:])
