"""The ledger beside django-auditlog and plain code: `python -m benchmarks.ledger [--quick] [--json]`.

In one run, on one machine: one writer's save with an entry and with django-auditlog; eight writers with and
without entries, and whether the tree over what they wrote is one; sequencing; verifying a ledger of a million
entries beside a loop that reads and hashes the same rows, and the memory of both; the proof of one entry of
them; and the memory of a custody schedule of 5,000 lines. It makes a database of its own, and drops it.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import bus_data, report

TARGETS: dict[str, report.Target] = {
    "save_to_auditlog": (">=", 1.3),
    "writers_to_unlogged": (">=", 0.45),
    "writers_failed": ("<=", 0.0),
    "writers_forked": ("<=", 0.0),
    "sequenced_per_s": (">=", 20_000.0),
    "verify_to_loop": (">=", 0.5),
    "verify_growth_mib": ("<=", 32.0),
    "proof_ms": ("<=", 10.0),
    "schedule_mib": ("<=", 200.0),
}
WRITERS = 8


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="50,000 entries, one short run of each")
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.ledger_settings"
    import django

    django.setup()
    with bus_data.database() as environment:
        figures, ratios = Bench(environment, quick=options.quick, say=not options.json).run()
    report.show("ledger", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


class Bench:
    """One run of everything."""

    def __init__(self, environment: dict[str, str], *, quick: bool, say: bool) -> None:
        self.environment, self.say = environment, say
        self.rounds = 1 if quick else 3
        self.saves = 300 if quick else 2000
        self.seconds = 2.0 if quick else 6.0
        self.entries = 50_000 if quick else 1_000_000

    def run(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figures, and what the targets are about."""
        _prepare()
        figures: dict[str, float] = {}
        ratios: dict[str, float] = {}
        self._saves(figures, ratios)
        self._writers(figures, ratios)
        self._grow(figures, ratios)
        self._proofs(figures, ratios)
        self._verify(figures, ratios)
        schedule = self._child("schedule", "5000")
        figures["schedule_seconds"], ratios["schedule_mib"] = schedule["seconds"], schedule["peak_mib"]
        return figures, ratios

    def _saves(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        from benchmarks.audited.models import Logged, Plain

        ways: dict[str, Callable[[], float]] = {
            "plain_saves_per_s": lambda: self._save(Plain, told=False),
            "ledger_saves_per_s": lambda: self._save(Plain, told=True),
            "auditlog_saves_per_s": lambda: self._save(Logged, told=False),
        }
        self._in_turn(ways, figures)
        ratios["save_to_auditlog"] = figures["ledger_saves_per_s"] / figures["auditlog_saves_per_s"]

    def _save(self, model: Any, *, told: bool) -> float:
        from django.db import transaction

        from coordination.ledger import services

        row = model.objects.create(title="a row", state="new", number=0)
        began = time.perf_counter()
        for number in range(self.saves):
            with transaction.atomic():
                row.number, row.state = number, f"state {number % 7}"
                row.save()
                if told:
                    about: Any = {"number": number, "state": services.digest(row.state)}
                    services.record("benchmarks.saved", subject=f"R-{row.pk}", by=None, details=about)
        return self.saves / (time.perf_counter() - began)

    def _writers(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        from coordination.ledger import sequencing, tree
        from coordination.ledger.models import Leaf

        failed = 0.0
        written: dict[str, list[float]] = {"unlogged": [], "told": []}
        for _ in range(self.rounds):
            for way, kept in written.items():
                done = self._write_at_once(way)
                kept.append(sum(each["done"] for each in done) / self.seconds)
                failed += sum(each["failed"] for each in done)
                self._tell(f"{WRITERS} writers, {way}: {kept[-1]:.0f} transactions/s")
        figures["unlogged_per_s"] = statistics.median(written["unlogged"])
        figures["told_per_s"] = statistics.median(written["told"])
        sequencing.sequence_all(seconds=600)
        ratios["writers_to_unlogged"] = figures["told_per_s"] / figures["unlogged_per_s"]
        ratios["writers_failed"] = failed
        ratios["writers_forked"] = abs(tree.size() - Leaf.objects.count())

    def _write_at_once(self, way: str) -> list[dict[str, float]]:
        command = [sys.executable, "-m", "benchmarks.ledger_process", "writer"]
        running = [
            subprocess.Popen(
                [*command, str(number), str(self.seconds), way],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(WRITERS)
        ]
        for each in running:
            _line(each)
        for each in running:
            each.stdin.write("go\n")  # type: ignore[union-attr]
            each.stdin.flush()  # type: ignore[union-attr]
        return [json.loads(each.communicate()[0]) for each in running]

    def _grow(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        from django.db import connections, transaction

        from coordination.ledger import sequencing, services
        from coordination.ledger.models import Leaf

        began, missing = time.perf_counter(), self.entries - Leaf.objects.count()
        for first in range(0, missing, 5_000):
            with transaction.atomic():
                services.append(_entry(number) for number in range(first, min(first + 5_000, missing)))
        figures["appended_per_s"] = missing / (time.perf_counter() - began)
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE ledger_leaf, ledger_pending, ledger_sequence")
        began = time.perf_counter()
        done = sequencing.sequence_all(seconds=3600)
        ratios["sequenced_per_s"] = done / (time.perf_counter() - began)
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE ledger_leaf, ledger_pending, ledger_sequence, ledger_tile")
        self._tell(f"{done:,} entries sequenced, {ratios['sequenced_per_s']:.0f}/s")

    def _proofs(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        from coordination.ledger import proofs, selectors
        from coordination.ledger.models import Sequence

        chance, spent = random.Random(9), []
        places = chance.sample(range(self.entries), 200)
        wanted = dict(Sequence.objects.filter(index__in=places).values_list("index", "leaf_id"))
        newest = selectors.latest_checkpoint()
        for place in places:
            began = time.perf_counter()
            proofs.tlog_proof(wanted[place], checkpoint=newest)
            spent.append((time.perf_counter() - began) * 1000)
        ratios["proof_ms"] = statistics.median(spent)
        figures["proof_p99_ms"] = sorted(spent)[int(len(spent) * 0.99)]

    def _verify(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        peaks: list[float] = []

        def measure(mode: str) -> float:
            found = self._child(mode)
            if mode == "verify":
                peaks.append(found["peak_mib"])
            self._tell(f"{mode}: {found['entries'] / found['seconds']:.0f} entries/s")
            return found["entries"] / found["seconds"]

        ways = {"verify_per_s": lambda: measure("verify"), "loop_per_s": lambda: measure("loop")}
        self._in_turn(ways, figures)
        ratios["verify_to_loop"] = figures["verify_per_s"] / figures["loop_per_s"]
        figures["verify_peak_mib"] = max(peaks)
        # A process that only starts and writes one row, which is what there is without a verification.
        ratios["verify_growth_mib"] = max(peaks) - self._idle_mib()

    def _idle_mib(self) -> float:
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.ledger_process", "writer", "0", "0", "told"],
            env=self.environment,
            input="go\n",
            capture_output=True,
            text=True,
            check=True,
        )
        return float(json.loads(process.stdout.splitlines()[-1])["peak_mib"])

    def _child(self, *arguments: str) -> dict[str, float]:
        command = [sys.executable, "-m", "benchmarks.ledger_process", *arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def _in_turn(self, ways: dict[str, Callable[[], float]], figures: dict[str, float]) -> None:
        """Measure each way once in every round, so that a slow minute is everybody's; keep the medians."""
        measured: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(self.rounds):
            for name, way in ways.items():
                measured[name].append(way())
        for name, values in measured.items():
            figures[name] = statistics.median(values)
            self._tell(f"{name}: {figures[name]:.0f}")

    def _tell(self, line: str) -> None:
        if self.say:
            report.tell(line)


def _prepare() -> None:
    """Make the tables of the rows, which have no migrations."""
    from django.db import connections

    from benchmarks.audited.models import Logged, Plain
    from coordination.core import grants

    with connections["owner"].schema_editor() as editor:
        editor.create_model(Plain)
        editor.create_model(Logged)
    grants.apply("owner")


def _entry(number: int) -> Any:
    from coordination.ledger import services

    digest = services.digest(str(number))
    details: Any = {"attempt": 1, "delivery": number, "digest": digest, "outcome": "accepted"}
    return services.entry(
        "outbox.delivery_accepted", subject=f"message:{number:032x}", by=None, details=details
    )


def _line(process: Any) -> None:
    if process.stdout.readline() != "ready\n":
        raise SystemExit("a writer does not begin")


if __name__ == "__main__":
    main()
