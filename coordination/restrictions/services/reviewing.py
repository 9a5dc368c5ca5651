"""What comes to its date is looked at again. Nothing ends by itself: no restriction, and nothing kept."""

from typing import Final

from django.db import transaction

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import IllegalTransition, Refused
from coordination.evidence import selectors as evidence
from coordination.ledger import services as ledger
from coordination.restrictions import selectors
from coordination.restrictions.models import Preservation, Restriction
from coordination.restrictions.services import commands
from coordination.restrictions.services.imposing import IMPOSE, review_due
from coordination.restrictions.services.preserving import PRESERVE, run_on
from coordination.restrictions.services.words import one_at_a_time, permitted, said
from coordination.restrictions.workflow import (
    PRESERVATION,
    STANDING,
    Action,
    PreservationVerb,
)

REVIEW: Final = "review_restriction"
REVIEW_KEPT: Final = "review_preservation"
AT_ONCE: Final = 200


def ask_to_review() -> int:
    """Have people look at what came to its date; return how many. For a periodic job."""
    restrictions = [_ask(each) for each in selectors.to_review()[:AT_ONCE]]
    return sum(restrictions) + sum(_expire(each) for each in selectors.expired()[:AT_ONCE])


@transaction.atomic
def keep(restriction: Restriction, *, by: User, reason: str) -> Restriction:
    """Record that a restriction was looked at and stands, with the reason; the next look is set by policy."""
    permitted(restriction.case, by, IMPOSE)
    why = said("reason", reason)
    locked = _locked(restriction)
    if locked.state not in STANDING:
        raise IllegalTransition(locked.state, "keep")
    locked.review_at, locked.in_review = review_due(locked.step), False
    locked.save(update_fields=["review_at", "in_review"])
    cases.end_tasks(about=locked.origin, kind=REVIEW, outcome="It stands.", by=by)
    _trace("kept", locked, "Looked at again: the restriction stands", by=by, why=why)
    return locked


@transaction.atomic
def extend(preservation: Preservation, *, by: User, reason: str) -> Preservation:
    """Let a preservation run on from now, by the clock of policy."""
    permitted(preservation.case, by, PRESERVE)
    why = said("reason", reason)
    one_at_a_time([preservation.account])
    locked = _locked_kept(preservation)
    _require_own(locked)
    run_on(locked, case=locked.case, by=by, reason=why)
    return locked


@transaction.atomic
def let_go(preservation: Preservation, *, by: User, reason: str) -> Preservation:
    """End a preservation whose time is over: the platform deletes it, unless another case keeps it.

    Raises Refused while a hold stands on a case that keeps it.
    """
    permitted(preservation.case, by, PRESERVE)
    why = said("reason", reason)
    one_at_a_time([preservation.account])
    locked = _locked_kept(preservation)
    _require_own(locked)
    after = PRESERVATION.after(locked.state, PreservationVerb.LET_GO)
    keepers = {locked.case.reference, *(each.case.reference for each in selectors.kept(locked.account))}
    if any(evidence.holds_of(each).exists() for each in sorted(keepers)):
        raise Refused("A hold stands on what is kept: nothing is let go.", rule="restrictions.hold")
    locked.state, locked.ended_at, locked.ended_by, locked.end_reason = after, clock.now(), by, why
    locked.save(update_fields=["state", "ended_at", "ended_by", "end_reason"])
    commands.supersede(locked)
    commands.queue(
        [
            commands.Wanted(
                action=Action.RELEASE,
                about=locked,
                reason_code=commands.LET_GO,
                authority=locked.authority,
            )
        ]
    )
    cases.end_tasks(about=locked.origin, outcome="It was let go.", by=by)
    _trace("let_go", locked, "The preservation was ended", by=by, why=why)
    return locked


@transaction.atomic
def _ask(restriction: Restriction) -> bool:
    locked = _locked(restriction)
    if locked.in_review or locked.state not in STANDING:
        return False
    locked.in_review = True
    locked.save(update_fields=["in_review"])
    cases.open_task(
        locked.case,
        kind=REVIEW,
        title="A restriction came to its date: look at it again",
        role=Role.SENIOR_REVIEWER,
        instructions="It goes on until somebody lifts it, which takes a signed risk assessment. Say on its"
        " page that it stands, step up, or ask to lift it.",
        about=locked.origin,
    )
    _trace("review_asked", locked, "The restriction came to its date", by=None)
    return True


@transaction.atomic
def _expire(preservation: Preservation) -> bool:
    locked = _locked_kept(preservation)
    if PreservationVerb.EXPIRE not in PRESERVATION.allowed(locked.state) or locked.until > clock.now():
        return False
    locked.state = PRESERVATION.after(locked.state, PreservationVerb.EXPIRE)
    locked.save(update_fields=["state"])
    cases.open_task(
        locked.case,
        kind=REVIEW_KEPT,
        title="A preservation came to its date: extend it, or let it go",
        role=Role.SAFETY_LIAISON,
        instructions="The platform goes on keeping it until somebody says which. Both need a reason.",
        about=locked.origin,
    )
    _trace("preservation_expired", locked, "The preservation came to its date", by=None)
    return True


def _require_own(preservation: Preservation) -> None:
    if preservation.about.startswith(selectors.BIDDEN):
        raise Refused(
            "An authority bade it: its term is extended and ended there.", rule="restrictions.bidden"
        )


def _locked(restriction: Restriction) -> Restriction:
    rows = Restriction.objects.select_for_update(of=("self",)).select_related("case")
    return rows.get(pk=restriction.pk)


def _locked_kept(preservation: Preservation) -> Preservation:
    rows = Preservation.objects.select_for_update(of=("self",)).select_related("case")
    return rows.get(pk=preservation.pk)


def _trace(
    action: str, record: Restriction | Preservation, title: str, *, by: User | None, why: str = ""
) -> None:
    kind = "restriction" if isinstance(record, Restriction) else "preservation"
    details: dict[str, ledger.Value] = {kind: record.pk}
    if why:
        details["reason_digest"] = ledger.digest(why)
    ledger.record(f"restrictions.{action}", subject=record.case.reference, by=by, details=details)
    cases.add_event(
        record.case, kind=f"restrictions.{action}", title=title, by=by, detail=why, about=record.origin
    )
