"""The intake of flags beside bare rows: `python -m benchmarks.intake [--quick] [--json]`.

In one run, on one machine: 10,000 flags (8 % of high severity, 30 % about a subject that a case has) in
batches of 500 through `receive_many`, beside `bulk_create` of the same flags as bare rows, sealed and indexed
but neither matched nor asked about; the processor time of Python for each, which other work on the machine
leaves as it is; the statements of a batch; and in database time alone the pages of 50 that a senior reviewer
opens. There are 1,000,000 subjects and 1,000,000 flags before. It makes a database of its own, and drops it.
"""

import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import bus_data, intake_data, report

TARGETS: dict[str, report.Target] = {
    "flags_per_s": (">=", 1_000.0),
    "cpu_ms": ("<=", 0.8),
    "queue_ms": ("<=", 50.0),
    "flags_ms": ("<=", 50.0),
    "list_ms": ("<=", 50.0),
}
HIGH, KNOWN = 0.08, 0.3
PAGE = 50


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="1,000 flags, 20,000 subjects and 20,000 flags before")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    with bus_data.database():
        figures, ratios = Bench(quick=options.quick, say=not options.json).run()
    report.show("intake", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


class Bench:
    """One run of everything."""

    def __init__(self, *, quick: bool, say: bool) -> None:
        self.say = say
        self.flags = 1_000 if quick else 10_000
        self.before = 20_000 if quick else 1_000_000
        self.rounds = 3 if quick else 9

    def run(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figures, and what the targets are about."""
        self._prepare()
        figures: dict[str, float] = {}
        ratios: dict[str, float] = {}
        self._intake(figures, ratios)
        self._pages(ratios)
        return figures, ratios

    def _prepare(self) -> None:
        from django.conf import settings

        from coordination.access import services as access
        from coordination.access.roles import Role
        from coordination.policy import services as policy

        policy.load(Path(settings.BASE_DIR) / "fixtures" / "policy")
        self.sender, self.senior, _ = [
            access.create_person(role.value, by=None, roles=[role.value])
            for role in (Role.PLATFORM_SYSTEM, Role.SENIOR_REVIEWER, Role.REVIEWER)
        ]
        self.matching = intake_data.accounts(int(self.flags * KNOWN))
        intake_data.fill(subjects=self.before, flags=self.before, matching=self.matching)
        self._tell(f"{self.before:,} subjects and {self.before:,} flags are there")

    def _intake(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        """Take in each batch both ways, one after the other, so that a slow minute is everybody's."""
        from django.db import connection

        walls: dict[str, float] = {"intake": 0.0, "bare": 0.0}
        cpus = dict(walls)
        statements: list[float] = []
        self.sent = 0
        with connection.execute_wrapper(self._count):
            for batch in intake_data.batches(self.flags, matching=self.matching, high=HIGH, known=KNOWN):
                for name, way in (("bare", self._bare), ("intake", self._taken)):
                    self.sent, wall, cpu = 0, time.perf_counter(), time.process_time()
                    way(batch)
                    walls[name] += time.perf_counter() - wall
                    cpus[name] += time.process_time() - cpu
                statements.append(self.sent)
        figures["bare_per_s"] = self.flags / walls["bare"]
        figures["bare_cpu_ms"] = cpus["bare"] / self.flags * 1000
        figures["statements_of_a_batch"] = statistics.median(statements)
        ratios["flags_per_s"] = self.flags / walls["intake"]
        ratios["cpu_ms"] = cpus["intake"] / self.flags * 1000
        ratios["intake_to_bare"] = ratios["flags_per_s"] / figures["bare_per_s"]
        ratios["cpu_to_bare"] = ratios["cpu_ms"] / figures["bare_cpu_ms"]
        self._tell(f"{self.flags:,} flags taken in, {ratios['flags_per_s']:.0f}/s")

    def _count(self, execute: Any, *arguments: Any) -> Any:
        self.sent += 1
        return execute(*arguments)

    def _taken(self, batch: list[Any]) -> None:
        from coordination.triage import services

        taken = services.receive_many(batch, by=self.sender)
        if not all(each.created for each in taken):
            raise SystemExit(f"flags are refused: {next(each for each in taken if not each.created)}")

    def _bare(self, batch: list[Any]) -> None:
        from django.db import transaction

        from coordination.core import clock
        from coordination.triage.models import Flag
        from coordination.triage.services import reindexing

        with transaction.atomic():
            rows = [
                Flag(
                    **{**each, "external_id": f"bare {each['external_id']}"},
                    high_severity=False,
                    state="decided",
                    received_at=clock.now(),
                    received_from=self.sender,
                )
                for each in batch
            ]
            for row in rows:
                reindexing.index(row)
            Flag.objects.bulk_create(rows)

    def _pages(self, ratios: dict[str, float]) -> None:
        """Measure what PostgreSQL says that the first page of each takes, planned and executed."""
        from django.db import connections

        from coordination.cases import selectors as cases
        from coordination.triage import selectors

        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        pages = {
            # What waits for them (home), the flags without a decision, and the list of all flags.
            "queue_ms": cases.waiting_for(self.senior),
            "flags_ms": selectors.waiting_for(self.senior).select_related("case"),
            "list_ms": selectors.visible_to(self.senior).select_related("case").order_by("-received_at"),
        }
        for name, rows in pages.items():
            spent = [_database_ms(rows[:PAGE]) for _ in range(self.rounds)]
            ratios[name] = statistics.median(spent)
            self._tell(f"{name}: {ratios[name]:.1f}")

    def _tell(self, line: str) -> None:
        if self.say:
            report.tell(line)


def _database_ms(rows: Any) -> float:
    """Return what planning and executing takes, without the way to the client."""
    import json

    (plan,) = json.loads(rows.explain(format="json", analyze=True))
    return float(plan["Planning Time"]) + float(plan["Execution Time"])


if __name__ == "__main__":
    main()
