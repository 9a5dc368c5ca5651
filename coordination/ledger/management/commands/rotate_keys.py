"""Seal everything anew under the first key of SEALING_KEYS, so that the old ones can be taken out."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from coordination.core import rotation, sealing
from coordination.ledger import services as ledger

BATCH = 500
MOST_NAMED = 20
NOT_YET = "Run rotate_keys. If it ran already, restart every process with the new SEALING_KEYS first."
WRITTEN_MEANWHILE = "Does every process run with the new SEALING_KEYS? Restart them, and run this again."


class Command(BaseCommand):
    """Re-seal in batches, as the owner of the tables: append-only rows hold sealed values too."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to look only, and the size of a batch."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail where an old key is in use"
        )
        parser.add_argument("--batch", type=int, default=BATCH, help=f"rows in a transaction ({BATCH})")

    def handle(self, *, check: bool, batch: int, **_: Any) -> None:
        """Re-seal, and say which keys may go."""
        if "owner" not in settings.DATABASES:
            raise CommandError("Set DATABASE_OWNER_URL: the application cannot change append-only tables.")
        if batch < 1:
            raise CommandError("A batch has at least one row.")
        used = rotation.uses("owner")
        self._refuse_missing(used)
        outcome = rotation.Outcome() if check else self._reseal(used, batch)
        self._conclude(outcome, after=not check)

    def _reseal(self, used: Counter[tuple[str, str]], batch: int) -> rotation.Outcome:
        first = sealing.ring().first
        todo: Counter[str] = Counter()
        for (key, table), number in used.items():
            todo[table] += number if key != first else 0
        if not todo.total():
            return rotation.Outcome()
        self._record("core.key_rotation_began", {"to_do_count": todo.total()})

        def tell(table: str, done: int) -> None:
            self.stdout.write(f"{table}: {done} of {todo[table]}")

        outcome = rotation.reseal("owner", batch=batch, tell=tell)
        counts = {"resealed_count": outcome.resealed.total(), "broken_count": len(outcome.broken)}
        self._record("core.key_rotation_ended", counts)
        return outcome

    def _conclude(self, outcome: rotation.Outcome, *, after: bool) -> None:
        ring = sealing.ring()
        used = Counter[str]()
        for (key, _), number in rotation.uses("owner").items():
            used[key] += number
        for key in ring.ciphers:
            word = "seals what is written" if key == ring.first else "is old"
            self.stdout.write(f"Key {key} {word}; values under it: {used[key]}.")
            if key != ring.first and not used[key]:
                self.stdout.write(f"Key {key} may be taken out of SEALING_KEYS.")
        if outcome.broken:
            named = ", ".join(outcome.broken[:MOST_NAMED])
            raise CommandError(f"{len(outcome.broken)} values do not open and were left alone: {named}")
        left = sum(number for key, number in used.items() if key != ring.first)
        if left:
            raise CommandError(
                f"{left} values are under an old key. {WRITTEN_MEANWHILE if after else NOT_YET}"
            )

    def _refuse_missing(self, used: Counter[tuple[str, str]]) -> None:
        missing = sorted({key for key, _ in used} - sealing.ring().ciphers.keys())
        if missing:
            number = sum(count for (key, _), count in used.items() if key in missing)
            raise CommandError(
                f"SEALING_KEYS lacks {', '.join(missing)}, which {number} values need: put the key back."
            )

    def _record(self, action: str, details: dict[str, int]) -> None:
        with transaction.atomic():
            ledger.record(action, subject=f"sealing-key:{sealing.ring().first}", by=None, details=details)
