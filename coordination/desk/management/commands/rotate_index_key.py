"""Index everything anew under BLIND_INDEX_KEY, so that BLIND_INDEX_OLD_KEY can be taken out."""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from coordination.access import services as access
from coordination.cases import services as cases
from coordination.core.rotation import Batch
from coordination.datarequests import services as datarequests
from coordination.ledger import services as ledger
from coordination.restrictions import services as restrictions
from coordination.triage import services as triage

BATCH = 500
MOST_NAMED = 20
# What has an index that is looked up after the hour. What counts calls and failures begins anew by itself.
INDEXED: Final[dict[str, Callable[..., Batch]]] = {
    "cases_subject": cases.reindex_accounts,
    "cases_identifier": cases.reindex_identifiers,
    "datarequests_namedaccount": datarequests.reindex_named_accounts,
    "datarequests_requestedpreservation": datarequests.reindex_preservations,
    "triage_flag": triage.reindex_flags,
    "triage_targetaccount": triage.reindex_targets,
    "restrictions_restriction": restrictions.reindex_restrictions,
    "restrictions_preservation": restrictions.reindex_preservations,
    "restrictions_protectiveorder": restrictions.reindex_orders,
    "access_lockout": access.reindex_names,
}
NOT_YET = "Run rotate_index_key. If it ran already, restart every process with the new BLIND_INDEX_KEY first."
WRITTEN_MEANWHILE = "Does every process run with the new BLIND_INDEX_KEY? Restart them, and run this again."


class Command(BaseCommand):
    """Re-index in batches; broken off, it goes on where it ended: a row that is right is left alone."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to look only, and the size of a batch."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail where the old key is in use"
        )
        parser.add_argument("--batch", type=int, default=BATCH, help=f"rows in a transaction ({BATCH})")

    def handle(self, *, check: bool, batch: int, **_: Any) -> None:
        """Re-index, and say whether the old key may go."""
        if batch < 1:
            raise CommandError("A batch has at least one row.")
        todo = self._pass(batch, change=False)[0]
        if todo and not check:
            todo = self._reindex(todo, batch)
        if todo:
            what_now = NOT_YET if check else WRITTEN_MEANWHILE
            raise CommandError(f"{todo} rows are indexed under another key. {what_now}")
        self.stdout.write("Everything is indexed under BLIND_INDEX_KEY.")
        if settings.BLIND_INDEX_OLD_KEY:
            self.stdout.write("BLIND_INDEX_OLD_KEY may be taken out.")

    def _reindex(self, todo: int, batch: int) -> int:
        """Change what was found; return what is under another key all the same."""
        self._record("core.index_rotation_began", {"to_do_count": todo})
        done, stuck = self._pass(batch, change=True)
        self._record("core.index_rotation_ended", {"reindexed_count": done, "stuck_count": len(stuck)})
        if stuck:
            raise CommandError(
                f"{len(stuck)} rows stand where another is already, and were left alone:"
                f" {', '.join(stuck[:MOST_NAMED])}"
            )
        return self._pass(batch, change=False)[0]

    def _pass(self, batch: int, *, change: bool) -> tuple[int, list[str]]:
        """Go through every table once; return how many rows are indexed anew, or to be, and which cannot."""
        total, stuck = 0, list[str]()
        for table, reindex in INDEXED.items():
            done, last = 0, None
            while (found := reindex(after=last, most=batch, change=change)).last is not None:
                last, done = found.last, done + found.found - len(found.stuck)
                stuck += found.stuck
            total += done
            if change:
                self.stdout.write(f"{table}: {done}")
        return total, stuck

    def _record(self, action: str, details: dict[str, int]) -> None:
        with transaction.atomic():
            ledger.record(action, subject="index-key:new", by=None, details=details)
