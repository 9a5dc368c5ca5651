"""Climbing: whoever the next step names is woken, step by step, until a person answers.

Each page is worked on under a session advisory lock, so two workers never do one step at the same time, and a
worker that dies gives its pages back at once. What was sent is recorded person by person and way by way as it
happens: after a crash only what had no record is sent again. Messages leave outside of any transaction.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import connection, transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.oncall import selectors, ways
from coordination.oncall.models import Beat, ContactWay, Page, PageAttempt
from coordination.oncall.services.links import make_link
from coordination.oncall.services.paging import record
from coordination.oncall.workflow import PageState, Result
from coordination.policy.workflow import Way

logger = logging.getLogger("coordination.oncall")

MOST: Final = 50
AT_ONCE: Final = 8
CLIMBING: Final = "climbing"


@dataclass
class _Round:
    """One page in hand: its step, whom that names, and what came of it so far."""

    page: Page
    people: list[User]
    tried: set[tuple[int, str]] = field(default_factory=set)
    reached: set[int] = field(default_factory=set)

    @property
    def number(self) -> int:
        return min(self.page.step, len(self.page.steps) - 1)

    @property
    def ways(self) -> list[str]:
        return list(self.page.steps[self.number]["ways"])


@dataclass(frozen=True)
class _Message:
    """What goes to one person by one way, for all pages that ask for them at once."""

    person: User
    way: ContactWay
    rounds: list[_Round]
    notice: ways.Notice


def climb(most: int = MOST) -> int:
    """Do the step of every page that is due; return how many were. Others may do the same at once."""
    beat(CLIMBING)
    with _held(selectors.due(clock.now(), most)) as numbers:
        pages = Page.objects.select_related("task__case").filter(pk__in=numbers, state=PageState.PAGING)
        # Looked at again under the lock: another worker may have done the step meanwhile.
        still = set(selectors.due(clock.now(), most * 2)) & set(numbers)
        rounds = [_begin(each) for each in pages if each.pk in still]
        if rounds:
            _wake(rounds)
        for each in rounds:
            _end(each)
    return len(rounds)


@transaction.atomic
def beat(name: str) -> None:
    """Say that a part of the machinery is alive."""
    Beat.objects.update_or_create(name=name, defaults={"at": clock.now()})


@contextmanager
def _held(wanted: Iterable[int]) -> Iterator[list[int]]:
    held: list[int] = []
    try:
        with connection.cursor() as cursor:
            for pk in wanted:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [_key(pk)])
                if cursor.fetchone()[0]:
                    held.append(pk)
        yield held
    finally:
        with connection.cursor() as cursor:
            for pk in held:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_key(pk)])


def _key(pk: int) -> int:
    return int.from_bytes(sha256(f"oncall.page:{pk}".encode()).digest()[:8], signed=True)


def _begin(page: Page) -> _Round:
    found = _Round(page, [])
    found.people = selectors.named(page.steps[found.number]["whom"], page.task, clock.now())
    has_it = page.task.assignee if page.round == 0 else None
    if has_it is not None and has_it not in found.people and selectors.could_do(has_it, page.task):
        found.people.append(has_it)
    for each in PageAttempt.objects.filter(page=page, round=page.round):
        if each.person_id is not None:
            found.tried.add((each.person_id, each.way))
            if each.result == Result.SENT:
                found.reached.add(each.person_id)
    return found


def _wake(rounds: Sequence[_Round]) -> None:
    known = selectors.verified_ways({person for each in rounds for person in each.people})
    for each in rounds:
        for person in each.people:
            if Way.DESK in each.ways and (person.pk, Way.DESK) not in each.tried:
                _attempt(each, person, Way.DESK, Result.SHOWN)
    _send(_messages(rounds, known, lambda each, way: way.way in each.ways))
    # Whom no way of the step reached is tried at once by every other way of theirs.
    _send(_messages(rounds, known, lambda _each, _way: True, only_unreached=True))


def _messages(
    rounds: Sequence[_Round],
    known: Mapping[int, list[ContactWay]],
    wanted: Callable[[_Round, ContactWay], bool],
    *,
    only_unreached: bool = False,
) -> list[_Message]:
    """Return one message for each person and way, of all the pages that ask for them."""
    bundles: dict[tuple[int, int], tuple[User, ContactWay, list[_Round]]] = {}
    for each in rounds:
        for person in each.people:
            if only_unreached and person.pk in each.reached:
                continue
            for way in known.get(person.pk, ()):
                if (person.pk, way.way) not in each.tried and wanted(each, way):
                    bundles.setdefault((person.pk, way.pk), (person, way, []))[2].append(each)
    return [_Message(person, way, of, _notice(person, of)) for person, way, of in bundles.values()]


def _notice(person: User, rounds: Sequence[_Round]) -> ways.Notice:
    address, code = make_link(person, pages=[each.page for each in rounds])
    number = f" ({len(rounds)} tasks)" if len(rounds) > 1 else ""
    text = (
        f"You are paged: P0{number}. Open the desk.\n"
        f"To say that you have it, open {address} and enter the code {code[:3]} {code[3:]}."
    )
    return ways.Notice(subject=f"You are paged: P0{number}", text=text)


def _send(messages: Sequence[_Message]) -> None:
    if not messages:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(messages)), thread_name_prefix="page") as pool:
        left = {
            pool.submit(ways.send, each.way.way, each.way.address, each.notice): each for each in messages
        }
        for future in as_completed(left):
            message, error = left[future], future.exception()
            if error is not None and not isinstance(error, ways.NotSent):
                logger.error("a page broke on its way (%s)", type(error).__name__)
            code = "" if error is None else getattr(error, "code", type(error).__name__)
            for each in message.rounds:
                result = Result.SENT if error is None else Result.FAILED
                _attempt(each, message.person, message.way.way, result, error=code)


@transaction.atomic
def _attempt(found: _Round, person: User | None, way: str, result: Result, error: str = "") -> None:
    pk = person.pk if person is not None else None
    if pk is not None:
        if (pk, way) in found.tried:  # a second address of the same way
            return
        found.tried.add((pk, way))
        if result == Result.SENT:
            found.reached.add(pk)
    page = found.page
    made = PageAttempt.objects.bulk_create(
        [
            PageAttempt(
                page=page,
                round=page.round,
                step=found.number,
                person=person,
                way=way,
                at=clock.now(),
                result=result,
                error=error[:60],
            )
        ],
        ignore_conflicts=True,
    )
    if made:
        details: dict[str, ledger.Value] = {
            "round": page.round,
            "person_id": pk,
            "way": str(way),
            "result": str(result),
        }
        record("oncall.paged", page, by=None, details=details)


@transaction.atomic
def _end(found: _Round) -> None:
    """Move the page on to its next step, at once where this one reached nobody; the last is repeated."""
    page = Page.objects.select_for_update(of=("self",)).get(pk=found.page.pk)
    if page.state != PageState.PAGING or page.round != found.page.round:
        return
    if not found.people:
        _attempt(found, None, "", Result.NOBODY)
    now = clock.now()
    page.round += 1
    page.moved_at = now
    if found.reached:
        page.reached_at = now
    last = page.step >= len(page.steps) - 1
    if last:
        page.next_at = now + timedelta(minutes=page.repeat_minutes)
        _say_if_nobody(page, found)
    else:
        page.step += 1
        page.next_at = _next(page, now) if found.reached else now
    page.save(update_fields=["round", "moved_at", "reached_at", "step", "next_at"])


def _next(page: Page, now: datetime) -> datetime:
    """Return when the next step is due, counted from the opening; a clock that was set back delays it not."""
    times = [timedelta(minutes=step["after_minutes"]) for step in page.steps]
    wait = page.opened_at + times[page.step] - now
    return now + max(min(wait, times[page.step] - times[page.step - 1]), timedelta())


def _say_if_nobody(page: Page, found: _Round) -> None:
    if found.reached:
        return
    logger.critical("page %d reached nobody: telephone who may act, and look at the schedules", page.pk)
    record("oncall.nobody_reached", page, by=None, details={"round": page.round})
