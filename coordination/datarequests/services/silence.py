"""Non-disclosure: while an order stands nobody is told, and nobody outside a compartment sees the case.

The calendar ends no order here. When its last day is over a person is asked; one says that it ended, another
that this is so, and only then may the user be told, by further acts of people. A wrong clock tells nobody.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

from django.db import transaction

from coordination.access import selectors as people
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.datarequests.models import DataRequest
from coordination.datarequests.noticemodels import Silence
from coordination.datarequests.services import calling, clocks, letters, unsaid
from coordination.datarequests.services.records import lock, permitted, required, trace
from coordination.datarequests.signals import silence_ended
from coordination.datarequests.workflow import RequestState, SilenceEnd
from coordination.ledger import services as ledger

AT_ONCE: Final = 100
KEEPERS: Final = "cases.keep_nondisclosure"
_RULE: Final = "datarequests.silence"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What was ordered, before it is changed."""

    stands: bool
    until: date | None

    @classmethod
    def of(cls, request: DataRequest) -> Self:
        """Return what a request says now."""
        return cls(stands=request.non_disclosure, until=request.non_disclosure_until)


def silence_is_ordered(request: DataRequest) -> bool:
    """Tell whether a non-disclosure order stands: until two people found that it ended, whatever the date."""
    if not request.non_disclosure:
        return False
    return not Silence.objects.filter(request=request, ended_at__isnull=False).exists()


def require_no_less(request: DataRequest, before: Ordered) -> None:
    """Raise Refused where an order would be dropped or end earlier by a change of the request's fields."""
    if not before.stands:
        return
    until = request.non_disclosure_until
    shorter = before.until is not None and until is not None and until < before.until
    if not request.non_disclosure or shorter:
        raise Refused("An order that stands ends by the word of two people, not here.", rule=_RULE)


def follow(request: DataRequest, *, by: User) -> None:
    """Put the case of a request that orders silence under the compartment, and look at it by the clock."""
    if not request.non_disclosure:
        return
    silence = Silence.objects.select_for_update().filter(request=request).first()
    if silence is None:
        silence = Silence(request=request, recorded_by=by, recorded_at=clock.now())
        silence.compartment = cases.mark_by_order(
            request.case,
            by=by,
            reason=f"Data request {request.reference} came with a non-disclosure order.",
            members=_first_members(request, by),
            until=clock.now() + cases.LONGEST,
        )
        unsaid.drop(request, by=by, because="A non-disclosure order binds.")
        trace(request, "silence_ordered", "a non-disclosure order binds", by=by, details=_dates(request))
    silence.check_at = _next_check(request, silence)
    silence.save()
    if request.non_disclosure_until is None:
        calling.ask(
            request,
            calling.SEEK_END,
            "Seek an end of the non-disclosure order of",
            words="The order has no end. It binds as it is; ask the court or the authority for one.",
            due=False,
        )
    else:
        calling.done(request, calling.SEEK_END, by=by, outcome="It has an end.")


@transaction.atomic
def record_order(request: DataRequest, *, by: User, until: date | None, because: str) -> DataRequest:
    """Record a non-disclosure order that was served after the request. Raises Conflict where one stands.

    One without an end binds too. Whoever saw the case and is not let in sees it no more.
    """
    locked = permitted(request, by=by, permission="keep_silence")
    why = required("because", because, "Say which court ordered it, and when it was served.", longest=2_000)
    if locked.non_disclosure:
        raise Conflict("An order is on record: renew it.")
    if locked.state == RequestState.CLOSED:
        raise Refused("It is closed: enter the order with a request of its own.", rule=_RULE)
    _require_to_come(locked, until)
    locked.non_disclosure, locked.non_disclosure_until = True, until
    locked.save(update_fields=["non_disclosure", "non_disclosure_until"])
    follow(locked, by=by)
    trace(locked, "silence_recorded", "an order was served later", by=by, detail=why)
    return locked


@transaction.atomic
def renew_order(request: DataRequest, *, by: User, until: date | None, because: str) -> DataRequest:
    """Record that an order was extended, or that one without an end was given one; reminders begin anew.

    Raises InvalidInput where it would end earlier.
    """
    locked = permitted(request, by=by, permission="keep_silence")
    why = required("because", because, "Say who extended it, and how that was served.", longest=2_000)
    silence = _standing(locked)
    before = locked.non_disclosure_until
    if before is not None and until is not None and until <= before:
        raise InvalidInput("until", "Later than it ends now.")
    _require_to_come(locked, until)
    locked.non_disclosure_until = until
    locked.save(update_fields=["non_disclosure_until"])
    silence.reminded_of, silence.asked_at, silence.end = [], None, ""
    silence.proposed_by = silence.proposed_at = None
    silence.save()
    calling.done(
        locked, calling.REMIND, calling.END, calling.CONFIRM_END, by=by, outcome="Renewed.", cancel=True
    )
    follow(locked, by=by)
    trace(locked, "silence_renewed", "the order runs on", by=by, detail=why, details=_dates(locked))
    return locked


@transaction.atomic
def propose_end(request: DataRequest, *, by: User, end: str, because: str) -> Silence:
    """Say that an order ended (SilenceEnd); it stands until another person says so too.

    Raises Refused for `expired` before its last day is over, or where it has none.
    """
    locked = permitted(request, by=by, permission="keep_silence")
    if end not in [*SilenceEnd]:
        raise InvalidInput("end", f"One of {', '.join(SilenceEnd)}.")
    why = required("because", because, "Say by what you know it: the order's own date, or who took it back.")
    silence = _standing(locked)
    _require_over(locked, end)
    silence.end, silence.end_because = end, why
    silence.proposed_by, silence.proposed_at = by, clock.now()
    silence.save()
    calling.done(locked, calling.END, by=by, outcome="Said to have ended.")
    calling.ask(
        locked,
        calling.CONFIRM_END,
        "Confirm that non-disclosure ended for",
        words="Another person says that the order ended. Read the order and its date yourself, and confirm "
        "it, or renew it. Nobody is told by that: notice is written and approved for itself.",
        due=False,
    )
    trace(locked, "silence_end_proposed", "is said to be free of its order", by=by, detail=why)
    return silence


@transaction.atomic
def confirm_end(request: DataRequest, *, by: User) -> Silence:
    """End an order, as another person than said so; its compartment is lifted. Nobody is told by that."""
    locked = permitted(request, by=by, permission="keep_silence")
    silence = _standing(locked)
    if silence.proposed_by_id is None:
        raise Conflict("Nobody said that it ended.")
    if silence.proposed_by_id == by.pk:
        raise Refused("Who said that it ended does not confirm it.", rule="datarequests.two-people")
    _require_over(locked, silence.end)
    silence.ended_by, silence.ended_at, silence.check_at = by, clock.now(), None
    silence.save()
    calling.done(locked, *calling.SILENCE, by=by, outcome="The order ended.")
    trace(locked, "silence_ended", "no order stands any more", by=by, details={"end": silence.end})
    others = Silence.objects.filter(request__case=locked.case, ended_at=None)
    if silence.compartment is not None and silence.compartment.lifted_at is None and not others.exists():
        cases.lift(silence.compartment, by=by, reason="The non-disclosure order ended.")
    silence_ended.send(sender=DataRequest, request=locked, by=by)
    return silence


def follow_silences() -> int:
    """Look at the orders whose time it is: remind requesters, ask people about ends; return how many.

    Nobody is told anything by it. Each look is an entry of the ledger, with when the next one is. For a
    periodic job: not inside a transaction, for letters are written first.
    """
    due = Silence.objects.filter(ended_at=None, check_at__lte=clock.now()).order_by("check_at")
    numbers = list(due.values_list("request_id", flat=True)[:AT_ONCE])
    for number in numbers:
        _look(DataRequest.objects.select_related("case", "agency").get(pk=number))
    return len(numbers)


def _look(request: DataRequest) -> None:
    now, ends = clock.now(), clocks.silence_ends(request)
    silence = Silence.objects.get(request=request)
    passed = [code for code, at in clocks.reminders(request) if at <= now]
    fresh = [code for code in passed if code not in silence.reminded_of]
    letter = None
    # Served in its last days, it is spoken of once.
    if fresh and ends is not None and now <= ends:
        letter = letters.keep(
            request,
            letters.silence_reminder(request),
            by=None,
            name=f"reminder-{fresh[-1].rpartition('-')[2]}-{request.non_disclosure_until}",
            what="Reminder",
        )
    _record_look(request, passed=passed, letter=letter.reference if letter else "")


@transaction.atomic
def _record_look(request: DataRequest, *, passed: list[str], letter: str) -> None:
    locked = lock(request)
    silence = Silence.objects.select_for_update().get(request=locked)
    if silence.ended_at is not None or locked.non_disclosure_until != request.non_disclosure_until:
        return
    ends = clocks.silence_ends(locked)
    silence.reminded_of = passed
    if letter:
        _ask_to_remind(locked, letter)
    if ends is not None and clock.now() > ends and silence.asked_at is None:
        silence.asked_at = clock.now()
        _ask_about_end(locked)
    silence.check_at = _next_check(locked, silence)
    silence.save()
    ledger.record(
        "datarequests.silence_checked",
        subject=locked.reference,
        by=None,
        details={
            "reminded": bool(letter),
            "asked": silence.asked_at is not None,
            "next": ledger.timestamp(silence.check_at) if silence.check_at else "",
        },
    )


def _ask_to_remind(request: DataRequest, letter: str) -> None:
    # The last one takes the place of the first, where that one still lies there.
    calling.done(request, calling.REMIND, by=None, outcome="A later letter took its place.", cancel=True)
    calling.ask(
        request,
        calling.REMIND,
        "Remind the requester of the end of non-disclosure of",
        words=f"Send exhibit {letter} to the agency at the address of our directory only.",
        due=False,
    )
    trace(request, "silence_reminder_written", "its requester is reminded of the end of the order", by=None)


def _ask_about_end(request: DataRequest) -> None:
    calling.ask(
        request,
        calling.END,
        "Has non-disclosure ended for",
        words=f"By our clock the last day, {request.non_disclosure_until} in {request.zone}, is over. Nobody "
        "was told, and nobody is by itself. Read the order; say that it ended, which another person "
        "confirms, or renew it.",
        due=False,
    )
    trace(request, "silence_came_to_its_date", "a person is asked whether the order ended", by=None)


def _next_check(request: DataRequest, silence: Silence) -> datetime | None:
    """Return when it is looked at next: at a reminder to come, at its end; None once a person was asked."""
    ends = clocks.silence_ends(request)
    if ends is None or silence.asked_at is not None:
        return None
    return min([at for code, at in clocks.reminders(request) if code not in silence.reminded_of] + [ends])


def _standing(request: DataRequest) -> Silence:
    silence = Silence.objects.select_for_update().filter(request=request, ended_at=None).first()
    if silence is None:
        raise Conflict("No order stands.")
    return silence


def _require_over(request: DataRequest, end: str) -> None:
    ends = clocks.silence_ends(request)
    if end == SilenceEnd.EXPIRED and (ends is None or clock.now() <= ends):
        raise Refused("Its last day is not over.", rule=_RULE)


def _require_to_come(request: DataRequest, until: date | None) -> None:
    if until is not None and clocks.end_of(until, request.zone) <= clock.now():
        raise InvalidInput("until", "A day to come, or none where the order has none.")


def _first_members(request: DataRequest, by: User) -> list[User]:
    """Return who goes on seeing the case: counsel who keep such cases, its owner, and who entered it."""
    found = {each.pk: each for each in people.holders(KEEPERS)}
    for each in (request.case.owner, by):
        if each is not None and each.is_staff:
            found[each.pk] = each
    return list(found.values())


def _dates(request: DataRequest) -> dict[str, ledger.Value]:
    return {"until": str(request.non_disclosure_until or "no end")}
