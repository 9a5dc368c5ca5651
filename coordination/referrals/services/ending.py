"""From outcome to closed: what came of it, what we learnt, and the end."""

from django.db import transaction

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners.services import Agency
from coordination.policy import selectors as policy
from coordination.referrals import selectors
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import calling, clocks, gate, phoning
from coordination.referrals.services.asking import drop_questions
from coordination.referrals.services.hearing import fresh, heard_late, is_step
from coordination.referrals.services.records import limited, lock, move, permitted, required, trace
from coordination.referrals.workflow import REFERRAL, Outcome, ReferralState, ReferralVerb

_LONGEST = 10_000
# In these a danger may still be there, and somebody told of it by telephone or not.
IN_FORCE = frozenset({ReferralState.APPROVED, ReferralState.SENT})


@transaction.atomic
def report_outcome(
    addressee: Addressee, *, outcome: str, detail: str = "", by: User | None = None
) -> Referral:
    """Record what came of it, as the recipient says; the caller (a receiver) knows that it is they."""
    referral = lock(addressee.referral)
    known = _known(outcome)
    text = limited("detail", detail, _LONGEST)
    row = fresh(addressee)
    name = str(row.destination.agency)
    if not is_step(referral, ReferralVerb.REPORT_OUTCOME):
        heard_late(referral, row, f"reported {_words(known)}", text, by)
        return referral
    title = f"{referral.reference}: {name} reports {_words(known)}"
    return _conclude(referral, known, text, by=by, title=title, told=row.destination.agency)


@transaction.atomic
def record_outcome(referral: Referral, *, by: User, outcome: str, detail: str = "") -> Referral:
    """Record what came of it where a person of the desk learnt it, or that there is no feedback."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.REPORT_OUTCOME)
    known = _known(outcome)
    title = f"{locked.reference}: outcome {_words(known)}"
    return _conclude(locked, known, limited("detail", detail, _LONGEST), by=by, title=title)


@transaction.atomic
def review(referral: Referral, *, by: User, notes: str) -> Referral:
    """Record the after-action review: what worked, what did not, what changes."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.REVIEW)
    text = required("notes", notes, "Write down what was learnt.")
    move(locked, ReferralVerb.REVIEW, review_notes=text)
    cases.meet_deadline(locked.case, code="policy.after-action", about=locked.origin)
    cases.end_tasks(about=locked.origin, kind=calling.AFTER_ACTION_REVIEW, outcome="Reviewed.", by=by)
    trace(
        locked,
        "reviewed",
        f"After-action review of {locked.reference}",
        by=by,
        detail=text,
        details={"notes_digest": ledger.digest(text)},
    )
    return locked


@transaction.atomic
def close(referral: Referral, *, by: User) -> Referral:
    """Close a reviewed referral. Raises Refused while the review of an emergency approval is open."""
    locked = permitted(referral, by=by, permission="close_referral")
    REFERRAL.after(locked.state, ReferralVerb.CLOSE)
    if case_selectors.open_task(calling.BREAK_GLASS_REVIEW, locked.origin) is not None:
        raise Refused(
            "One person approved this in an emergency, and that was not reviewed yet.",
            rule="referrals.break-glass-review",
        )
    move(locked, ReferralVerb.CLOSE)
    trace(locked, "closed", f"Referral {locked.reference} closed", by=by)
    return locked


@transaction.atomic
def follow_task(referral: Referral, *, kind: str, role: str, done: bool, by: User | None) -> None:
    """Stop the clock of a task about a referral that has ended; `role` is whose task it was.

    Raises Refused where the task asks for a decision that was not taken; and where the review or an alert of
    an emergency approval is cancelled, or ended by another role, by who approved, or by who wrote any of the
    referral.
    """
    locked = lock(referral)
    _check_decided(locked, kind)
    if kind == phoning.PHONE_NOW and not done and locked.state in IN_FORCE:
        _check_not_author(locked, by)
    if kind == calling.BREAK_GLASS_REVIEW or kind.startswith(calling.BREAK_GLASS_ALERT):
        _check_overseer(locked, kind, role, by if done else None)
    if kind == calling.BREAK_GLASS_REVIEW:
        cases.meet_deadline(locked.case, code=clocks.REVIEW_CLOCK, about=locked.origin)
    elif kind == phoning.PHONE_NOW and done:
        rule = policy.phone_rule(locked.priority)
        if rule is not None:
            cases.meet_deadline(locked.case, code=rule.clock, about=locked.origin)


def _check_decided(referral: Referral, kind: str) -> None:
    """Keep the task that asks for a decision until the decision ends it."""
    if kind == calling.APPROVE and referral.state == ReferralState.IN_REVIEW:
        raise Refused(
            "The referral waits for a decision, and that ends this task: approve, return or decline it.",
            rule="referrals.undecided",
        )
    if kind == calling.NOTHING_LEAVES and referral.state == ReferralState.APPROVED:
        raise Refused(
            "Nothing of the referral leaves any more: withdraw it or correct it, which ends this task.",
            rule="referrals.undecided",
        )


def _check_not_author(referral: Referral, by: User | None) -> None:
    """Let nobody who wrote any of a referral decide alone that no telephone call is needed."""
    if by is not None and by.pk in selectors.authors_of(referral):
        raise Refused(
            "You wrote this referral: somebody else says that nobody need telephone. Whoever has telephoned "
            "completes the task.",
            rule="referrals.phone-now",
        )


def _check_overseer(referral: Referral, kind: str, role: str, by: User | None) -> None:
    """Let only the role that was asked look at an emergency approval, and nobody who had a part in it."""
    # Counsel's alert stays counsel's, whosever queue it stands in where counsel does not see the case.
    roles = gate.COUNSEL if kind == f"{calling.BREAK_GLASS_ALERT}{Role.COUNSEL}" else {role}
    involved = {referral.decided_by_id, *selectors.authors_of(referral)}
    if by is None or by.pk in involved or roles.isdisjoint(by.role_names):
        raise Refused(
            "An emergency approval is looked at by the role that was asked, and by another person than those "
            "who wrote, submitted or approved it.",
            rule="referrals.break-glass-review",
        )


def _conclude(
    referral: Referral,
    outcome: Outcome,
    detail: str,
    *,
    by: User | None,
    title: str,
    told: Agency | None = None,
) -> Referral:
    move(referral, ReferralVerb.REPORT_OUTCOME, outcome=outcome, outcome_detail=detail)
    drop_questions(referral, by=by, why="The outcome came first.", told=told, ask=True)
    cases.meet_deadline(referral.case, code="policy.outcome", about=referral.origin)
    calling.ask_for_after_action(referral, words=f"Outcome: {_words(outcome)}. {detail}".strip())
    trace(referral, "outcome_reported", title, by=by, detail=detail, details={"outcome": str(outcome)})
    return referral


def _known(value: str) -> Outcome:
    try:
        return Outcome(value)
    except ValueError:
        raise InvalidInput("outcome", f"The outcome is one of {', '.join(Outcome)}.") from None


def _words(outcome: Outcome) -> str:
    return outcome.value.replace("_", " ")
