"""What the watchdog looks at: the database alone. Workers, deliveries, pages, the ledger's time stamps."""

import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connections

from coordination.core import clock
from coordination.ledger import selectors as ledger
from coordination.oncall import selectors as oncall
from coordination.oncall.services import CLIMBING
from coordination.outbox import selectors as outbox
from coordination.restrictions import selectors as restrictions

WATCHDOG: Final = "watchdog"
# A worker gives a sign every 5 s, and pages climb every 5 s: nine missed ones are no accident. With a look
# each minute an alarm leaves within 120 s of the last sign.
SILENT: Final = timedelta(seconds=45)
P0_WAITS: Final = timedelta(seconds=90)
NORMAL_WAITS: Final = timedelta(minutes=30)
PAGE_WAITS: Final = timedelta(seconds=60)
# So many times of stamping may fail before it is an alarm.
MISSED_STAMPS: Final = 3
# A database that hangs is one that does not answer.
ANSWERS_WITHIN: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One thing that is wrong: a code, what it means in neutral words, and since when where that is known."""

    code: str
    words: str
    since: datetime | None = None

    def __str__(self) -> str:
        return f"{self.words} (since {self.since:%Y-%m-%d %H:%M:%S} UTC)" if self.since else self.words


def look(at: datetime | None = None) -> list[Trouble]:
    """Return everything that is wrong, the gravest first. Raises DatabaseError where nothing can be seen."""
    now = at or clock.now()
    looks: tuple[Callable[[datetime], Trouble | None], ...] = (
        *(_workers, _climbing, _unanswered, _overdue, _p0, _commands, _normal, _stamps),
    )
    return [found for each in looks if (found := each(now)) is not None]


def last_sign() -> datetime | None:
    """Return when the slower of workers and climbing was last alive; None where nothing ever was."""
    signs = [each for each in (outbox.workers_seen(), oncall.beats().get(CLIMBING)) if each is not None]
    return min(signs) if signs else None


def _workers(now: datetime) -> Trouble | None:
    seen = outbox.workers_seen()
    if _lately(seen, now):
        return None
    return Trouble(code="workers", words="The bus stands still: no worker gives a sign", since=last_sign())


def _climbing(now: datetime) -> Trouble | None:
    seen = oncall.beats().get(CLIMBING)
    if _lately(seen, now):
        return None
    return Trouble(code="climbing", words="Nobody is paged: pages do not climb", since=seen)


def _lately(seen: datetime | None, now: datetime) -> bool:
    # A sign from the future was given before the clock was set back: it says nothing of now.
    return seen is not None and -SILENT <= now - seen <= SILENT


def _unanswered(now: datetime) -> Trouble | None:
    pages = oncall.unanswered(now)
    if not pages:
        return None
    words = f"Nobody has answered: {len(pages)} P0 went through every step"
    # One more is something else to tell, and not a repetition.
    code = f"unanswered:{pages[-1].pk}"
    return Trouble(code=code, words=words, since=pages[0].opened_at)


def _overdue(now: datetime) -> Trouble | None:
    number = oncall.overdue(now, PAGE_WAITS)
    return Trouble(code="overdue", words=f"{number} pages did not climb in time") if number else None


def _p0(now: datetime) -> Trouble | None:
    return _waiting("P0", "A P0 delivery waits and does not leave", P0_WAITS, now)


def _commands(now: datetime) -> Trouble | None:
    due = restrictions.oldest_due("P0", now)
    if due is None or now - due <= P0_WAITS:
        return None
    return Trouble(code="commands", words="A P0 command to the platform waits and is not sent", since=due)


def _normal(now: datetime) -> Trouble | None:
    return _waiting("normal", "A delivery waits and does not leave", NORMAL_WAITS, now)


def _waiting(lane: str, words: str, longest: timedelta, now: datetime) -> Trouble | None:
    due = outbox.oldest_due(lane, now)
    if due is None or now - due <= longest:
        return None
    return Trouble(code=f"waits-{lane.lower()}", words=words, since=due)


def _stamps(now: datetime) -> Trouble | None:
    if not settings.LEDGER_AUTHORITY_URL:
        return None
    standing = ledger.standing()
    longest = settings.LEDGER_ANCHOR_EVERY * MISSED_STAMPS
    stamped = standing.anchored_at
    late = now - stamped > longest if stamped is not None else bool(standing.failed)
    if not standing.unanchored or not late:
        return None
    return Trouble(code="stamps", words="The ledger is not stamped from outside", since=stamped)


@dataclass
class Looker:
    """Looks in a thread of its own, so that a database that hangs is told of and holds nothing up."""

    within: float = ANSWERS_WITHIN
    _thread: threading.Thread | None = field(default=None, repr=False)

    def look(self, at: datetime | None = None, *, well: Callable[[], object] = lambda: None) -> list[Trouble]:
        """Return what is wrong, or that the database does not answer; `well` is done after a look."""
        found: list[list[Trouble]] = []

        def go() -> None:
            try:
                found.append(look(at))
                well()
            except (DatabaseError, OSError) as error:
                found[:] = [[_unreachable(type(error).__name__)]]
            finally:
                connections.close_all()

        if self._thread is None or not self._thread.is_alive():
            context = contextvars.copy_context()  # a clock that a test stopped stands still there too
            self._thread = threading.Thread(target=context.run, args=[go], daemon=True, name="look")
            self._thread.start()
            self._thread.join(self.within)
        return found[0] if found else [_unreachable("it hangs")]


def _unreachable(why: str) -> Trouble:
    return Trouble(code="database", words=f"The database does not answer ({why}): nothing is known")
