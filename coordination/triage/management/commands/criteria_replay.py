"""Hold past decisions to criteria."""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.core.errors import CoordinationError
from coordination.policy import selectors as policy
from coordination.triage import services
from coordination.triage.replaying import DIFFERS, Kind, Replayed

_EVERY = 10_000
WORDS = {
    Kind.WOULD_REFER: "no action, and would be referred",
    Kind.WOULD_ADD: "would do more",
    Kind.WENT_FURTHER: "did more than these criteria ask for",
    Kind.SAME: "the same",
    Kind.NO_ASSESSMENT: "cannot be replayed: no assessment on record",
}


class Command(BaseCommand):
    """Print which decisions would differ, and how; change nothing."""

    help = (
        "Print which past decisions would differ under criteria VERSION, such as v2, and how. Changes "
        "nothing; the ledger records that it was asked. With --json: one object a line, the counts last."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Take --version for the criteria's: Django's own prints Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the version and the day."""
        parser.add_argument("--version", required=True, help="the criteria: v2, or platform 2026.3 (v2)")
        parser.add_argument("--since", type=date.fromisoformat, help="decisions from this day (UTC) on")
        parser.add_argument("--json", action="store_true", help="one object a line, the counts last")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Go through them; say on standard error how far it is."""
        since = datetime.combine(options["since"], time(), UTC) if options["since"] else None
        counts: Counter[Kind] = Counter()
        try:
            criteria = policy.criteria_named(options["version"])
            for each in self._watched(services.replay_decisions(criteria, by=None, since=since)):
                counts[each.kind] += 1
                if each.kind in DIFFERS:
                    self.stdout.write(_json(each) if options["json"] else _line(each))
        except CoordinationError as error:
            raise CommandError(str(error)) from error
        services.record_replay(criteria, by=None, since=since, counts=counts, way="command")
        if options["json"]:
            found = {kind.value: counts[kind] for kind in Kind}
            self.stdout.write(json.dumps({"criteria": criteria.label, "counts": found}))
            return
        self.stdout.write(f"{counts.total()} decisions under criteria {criteria.label}:")
        for kind in Kind:
            self.stdout.write(f"{counts[kind]:>8} {WORDS[kind]}")

    def _watched(self, found: Iterator[Replayed]) -> Iterator[Replayed]:
        for number, each in enumerate(found, start=1):
            if number % _EVERY == 0:
                self.stderr.write(f"{number} decisions looked at")
            yield each


def _line(found: Replayed) -> str:
    marks = (" DISSENT" if found.dissent else "") + ("" if found.stands else " decided anew since")
    return (
        f"{found.decided_at:%Y-%m-%d %H:%M} flag {found.flag} {found.case or 'no case'}: decided "
        f"{', '.join(found.decided)}; asked for {', '.join(sorted(found.asked)) or 'nothing'} "
        f"({', '.join(found.rules) or 'no rule'}): {WORDS[found.kind]}{marks}"
    )


def _json(found: Replayed) -> str:
    return json.dumps(
        {
            "decision": found.decision,
            "flag": str(found.flag),
            "case": found.case,
            "decided_at": found.decided_at.isoformat(),
            "criteria": found.criteria,
            "kind": found.kind.value,
            "decided": list(found.decided),
            "asked": sorted(found.asked),
            "missing": sorted(found.missing),
            "beyond": sorted(found.beyond),
            "rules": list(found.rules),
            "dissent": found.dissent,
            "stands": found.stands,
            "waits": found.waits,
        }
    )
