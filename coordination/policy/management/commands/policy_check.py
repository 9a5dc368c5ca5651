"""Check policy packs without loading them."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from coordination.core import clock
from coordination.policy.criteria import rules_of
from coordination.policy.fields import Values, coded
from coordination.policy.packs import PackFile, read_all

_WARNING_BEFORE = timedelta(days=180)
_NEEDS = {
    "requires_emergency": "emergency",
    "requires_consent": "consent",
    "needs_counsel": "counsel's approval",
}


class Command(BaseCommand):
    """Name the file, row and field of everything that is wrong."""

    help = "Check the policy packs under DIR (default: fixtures/policy): every error by file, row and field."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the directory."""
        parser.add_argument("dir", nargs="?", type=Path, default=settings.BASE_DIR / "fixtures" / "policy")
        parser.add_argument(
            "--table", action="store_true", help="print the rows as Markdown, for docs/policy.md"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Check; exit non-zero where something is wrong."""
        packs, problems = read_all(options["dir"])
        if problems:
            raise CommandError("\n".join(map(str, problems)))
        if options["table"]:
            self.stdout.write(table(packs))
            return
        soon = (clock.now() + _WARNING_BEFORE).date()
        for pack in packs:
            rows = [row for section in pack.rows.values() for row in section]
            to_confirm = sum(1 for row in rows if row.get("counsel_confirm"))
            self.stdout.write(
                f"{pack.header['name']} {pack.header['version']}: {len(rows)} rows, "
                f"{to_confirm} for counsel to confirm"
            )
            for calendar in pack.rows.get("calendars", []):
                if calendar["covers_until"] < soon:
                    self.stdout.write(f"  calendar {calendar['id']} ends on {calendar['covers_until']}")


def table(packs: list[PackFile]) -> str:
    """Return the legal bases, clocks, gates, ladders and rules of `packs` as Markdown tables."""
    lines = []
    for pack in sorted(packs, key=lambda pack: (pack.header["name"], pack.header["effective_from"])):
        bases, clocks = pack.rows.get("legal_bases", []), pack.rows.get("clocks", [])
        versions = [row for row in pack.rows.get("criteria", []) if row.get("rules")]
        gates = pack.rows.get("process_gates", [])
        if bases or clocks or versions or gates:
            lines += ["", f"### {pack.header['title']} ({pack.header['name']} {pack.header['version']})"]
        if bases:
            lines += _markdown(
                ["Basis", "Citation", "Data categories", "Recipient classes", "Needs on record", "Counsel"],
                [
                    [
                        f"`{row['id']}` {row['title']}",
                        row["citation"],
                        ", ".join(row["data_categories"]),
                        ", ".join(row["recipient_classes"]),
                        ", ".join(need for field, need in _NEEDS.items() if row.get(field)),
                        _confirm(row),
                    ]
                    for row in bases
                ],
            )
        if clocks:
            lines += _markdown(
                ["Clock", "Starts", "Applies to", "Runs", "Citation", "Counsel"],
                [
                    [
                        f"`{row['id']}`",
                        row["trigger"],
                        row["applies_to"],
                        f"{row['amount']} {row['unit'].replace('_', ' ')}",
                        row["citation"],
                        _confirm(row),
                    ]
                    for row in clocks
                ],
            )
        lines += _gates(gates)
        lines += _validity(pack.rows.get("validity_rules", []))
        lines += _ladder(pack.rows.get("ladder", []))
        lines += _intake(pack.rows.get("intake", []))
        for version in versions:
            lines += _markdown(
                [f"Rule of criteria {version['version']}", "Where all of this holds", "Asks for", "Section"],
                [
                    [
                        f"`{rule.code}` {rule.why}",
                        rule.in_words,
                        ", ".join(sorted(each.replace("_", " ") for each in rule.outcomes)),
                        rule.section,
                    ]
                    for rule in rules_of(coded(row) for row in version["rules"])
                ],
            )
    return "\n".join(lines).strip()


def _gates(rows: list[Values]) -> list[str]:
    cells = [
        [
            f"`{row['id']}` {row['title']}",
            row["process"].replace("_", " "),
            ", ".join(row.get("categories", [])) or "nothing leaves",
            "what relates to it" if row.get("related_only") else "",
            row["citation"],
            _confirm(row),
        ]
        for row in rows
    ]
    return _markdown(["Gate", "Process", "May leave", "Only", "Citation", "Counsel"], cells) if rows else []


def _validity(rows: list[Values]) -> list[str]:
    cells = [
        [
            f"`{row['id']}` {row['title']}",
            "counsel looks" if row.get("counsel_only") else row["supply"],
            row["citation"],
            _confirm(row),
        ]
        for row in rows
    ]
    return _markdown(["On the face of a request", "Asked for", "Citation", "Counsel"], cells) if rows else []


def _ladder(rows: list[Values]) -> list[str]:
    cells = [
        [
            f"{row['order']} {row['title']}",
            row["limits"],
            "at once" if row.get("on_intake") else "",
            f"`{row['review_clock']}`",
            row["citation"],
            _confirm(row),
        ]
        for row in rows
    ]
    head = ["Step", "Limits", "At high severity", "Looked at again", "Citation", "Counsel"]
    return _markdown(head, cells) if rows else []


def _intake(rows: list[Values]) -> list[str]:
    cells = [
        [
            ", ".join(row["classifiers"]),
            f"{row['coordinated_reports']} in {row['coordinated_days']} days",
            row["citation"],
            _confirm(row),
        ]
        for row in rows
    ]
    head = ["Known classifiers", "Reports about one account that look coordinated", "Citation", "Counsel"]
    return _markdown(head, cells) if rows else []


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["", *(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])]


def _confirm(row: Values) -> str:
    return "have counsel confirm" if row.get("counsel_confirm") else ""
