"""News from access, in the transaction that tells it: what happens at the doors is work for people."""

from typing import Any

from django.dispatch import receiver

from coordination.access import selectors as people
from coordination.access.services import ApiToken, BreakGlass, LedgerReview, Role, RoleChange, User
from coordination.access.signals import (
    codes_guessed,
    glass_opened,
    glass_reviewed,
    guess_looked_into,
    ledger_review_opened,
    ledger_reviewed,
    locked_out,
    read_too_fast,
    released,
    role_change_ended,
    role_change_proposed,
    token_issued,
    token_settled,
)
from coordination.cases import agencyreceivers, services
from coordination.cases.signals import subjects_added, task_ended
from coordination.core.errors import Refused
from coordination.evidence.signals import store_failed

LOCK_OUT = "lock_out"
CODES_GUESSED = "codes_guessed"
DECIDE_ROLES = "decide_roles"
CONFIRM = "confirm_token"
FAST_READINGS = "fast_readings"
GLASS_OPENED = "glass_opened"
GLASS_REVIEW = "glass_review"
LEDGER_REVIEW = "ledger_review"
ROLE_CHANGE = "access.rolechange:"


@receiver(locked_out, dispatch_uid="cases.tell_of_lock_out")
def tell_of_lock_out(sender: Any, *, user: User, **_: Any) -> None:  # noqa: ARG001
    """Tell administrators that somebody is locked out, and what to look at before they release it."""
    services.open_task(
        None,
        kind=LOCK_OUT,
        title=f"{user} is locked out: password and codes are refused",
        instructions="Ask them, on a line that you know, whether it was them; then release, or disable them.",
        role=Role.ADMINISTRATOR,
        about=f"access.user:{user.pk}",
    )


@receiver(codes_guessed, dispatch_uid="cases.tell_of_guessed_codes")
def tell_of_guessed_codes(sender: Any, *, user: User, **_: Any) -> None:  # noqa: ARG001
    """Tell administrators that somebody guessed codes in an open session: it is over, the account is not."""
    services.open_task(
        None,
        kind=CODES_GUESSED,
        title=f"Five wrong codes ended a session of {user}",
        instructions="Ask them, on a line that you know, whether it was them. If it was not, somebody sat at"
        " their device: end all their sessions, and start their enrolment anew where a device is gone. Then"
        " record on their page what it was.",
        role=Role.ADMINISTRATOR,
        about=f"access.user:{user.pk}",
    )


@receiver(guess_looked_into, dispatch_uid="cases.end_guessed_codes")
def end_guessed_codes(sender: Any, *, user: User, by: User, reason: str, **_: Any) -> None:  # noqa: ARG001
    """End the task with what an administrator found."""
    services.end_tasks(about=f"access.user:{user.pk}", kind=CODES_GUESSED, outcome=reason, by=by)


@receiver(released, dispatch_uid="cases.end_lock_out")
def end_lock_out(sender: Any, *, user: User, by: User, reason: str, **_: Any) -> None:  # noqa: ARG001
    """End the task."""
    services.end_tasks(about=f"access.user:{user.pk}", kind=LOCK_OUT, outcome=reason, by=by)


@receiver(role_change_proposed, dispatch_uid="cases.ask_second_administrator")
def ask_second_administrator(sender: Any, *, change: RoleChange, **_: Any) -> None:  # noqa: ARG001
    """Put what is proposed for a person before the administrators; another than the proposer decides."""
    services.open_task(
        None,
        kind=DECIDE_ROLES,
        title=f"Decide: {change.what} for {change.person}"[:200],
        instructions=f"Proposed by {change.proposed_by}: {change.reason}",
        role=Role.ADMINISTRATOR,
        about=f"{ROLE_CHANGE}{change.pk}",
        due_at=change.expires_at,
    )


@receiver(role_change_ended, dispatch_uid="cases.end_second_administrator")
def end_second_administrator(sender: Any, *, change: RoleChange, by: User | None, **_: Any) -> None:  # noqa: ARG001
    """End the task with what became of it."""
    outcome = f"{str(change.state).capitalize()}."
    services.end_tasks(about=f"{ROLE_CHANGE}{change.pk}", kind=DECIDE_ROLES, outcome=outcome, by=by)


@receiver(token_issued, dispatch_uid="cases.ask_to_confirm_token")
def ask_to_confirm_token(sender: Any, *, token: ApiToken, **_: Any) -> None:  # noqa: ARG001
    """Put a token before the other administrators: it opens nothing before one of them confirms it."""
    services.open_task(
        None,
        kind=CONFIRM,
        title=f"Confirm token {token.reference} of {token.user.username}"[:200],
        instructions=f"Issued by {token.issued_by}. Ask its holder, on a number that we found, whether they "
        "have it; then confirm it on their agency's page or their own, or revoke it there.",
        role=Role.ADMINISTRATOR,
        about=f"access.user:{token.user_id}",
        due_at=token.created + people.CONFIRMED_WITHIN,
    )


@receiver(token_settled, dispatch_uid="cases.end_confirm_token")
def end_confirm_token(sender: Any, *, token: ApiToken, by: User | None, **_: Any) -> None:  # noqa: ARG001
    """End the task once no token of this person waits."""
    if not people.waiting_tokens_of(token.user):
        about = f"access.user:{token.user_id}"
        services.end_tasks(about=about, kind=CONFIRM, outcome="Confirmed, or revoked.", by=by)


@receiver(read_too_fast, dispatch_uid="cases.tell_of_fast_readings")
def tell_of_fast_readings(sender: Any, *, user: User, readings: int, **_: Any) -> None:  # noqa: ARG001
    """Tell auditors of somebody who opens records faster than anybody reads."""
    services.open_task(
        None,
        kind=FAST_READINGS,
        title=f"{user} opened {readings} records in a short time",
        instructions="Ask them what for, and look at their readings in the ledger. An administrator can end "
        "their sessions.",
        role=Role.AUDITOR,
        about=f"access.user:{user.pk}",
    )


@receiver(glass_opened, dispatch_uid="cases.alert_of_glass")
def alert_of_glass(sender: Any, *, glass: BreakGlass, alerted: list[User], **_: Any) -> None:  # noqa: ARG001
    """Tell two others at once, by name, and open the review that must follow."""
    what = f"{glass.person} acts alone in an emergency ({glass.reference}). Reason given: {glass.reason}"
    for each in alerted:
        services.open_task(
            None,
            kind=GLASS_OPENED,
            title=f"Break-glass {glass.reference} is open: look at it now",
            instructions=f"{what}\n\nCall them. You may end it: Break-glass, {glass.reference}.",
            role=Role.DUTY_OFFICER,
            assignee=each,
            about=_alert(glass, each),
            priority="P0",
            due_at=glass.ends_at,
        )
    services.open_task(
        None,
        kind=GLASS_REVIEW,
        title=f"Review break-glass {glass.reference}",
        instructions=f"{what}\n\nReview what was done under it. The reviewer is somebody else.",
        role=Role.SENIOR_REVIEWER,
        about=glass.origin,
    )


@receiver(glass_reviewed, dispatch_uid="cases.end_glass_review")
def end_glass_review(sender: Any, *, glass: BreakGlass, by: User, **_: Any) -> None:  # noqa: ARG001
    """End the task of the review, and the alerts: it was looked at."""
    services.end_tasks(about=glass.origin, kind=GLASS_REVIEW, outcome=glass.outcome, by=by)
    for each in glass.alerted.order_by("pk"):
        services.end_tasks(about=_alert(glass, each), kind=GLASS_OPENED, outcome="It was reviewed.", by=by)


def _alert(glass: BreakGlass, person: User) -> str:
    """Return how the alert of one person names the broken glass: each has one of their own."""
    return f"{glass.origin}@{person.pk}"


@receiver(store_failed, dispatch_uid="cases.alarm_of_store")
def alarm_of_store(sender: Any, *, reason: str, **_: Any) -> None:  # noqa: ARG001
    """Tell administrators that exhibits cannot be kept."""
    services.alarm(services.STORE, reason)


@receiver(ledger_review_opened, dispatch_uid="cases.ask_auditor")
def ask_auditor(sender: Any, *, review: LedgerReview, **_: Any) -> None:  # noqa: ARG001
    """Put the week before the auditors."""
    services.open_task(
        None,
        kind=LEDGER_REVIEW,
        title=f"Review the ledger of the week from {review.week}",
        instructions="Look at what stands first on its page, then at some of the rest, and record it there.",
        role=Role.AUDITOR,
        about=f"access.ledgerreview:{review.pk}",
        due_at=review.due_at,
    )


@receiver(ledger_reviewed, dispatch_uid="cases.end_ledger_review")
def end_ledger_review(sender: Any, *, review: LedgerReview, by: User, **_: Any) -> None:  # noqa: ARG001
    """End the task of the review."""
    about = f"access.ledgerreview:{review.pk}"
    services.end_tasks(about=about, kind=LEDGER_REVIEW, outcome=review.findings, by=by)


@receiver(subjects_added, dispatch_uid="cases.tell_members")
def tell_members(sender: Any, *, subjects: Any, **_: Any) -> None:  # noqa: ARG001
    """Tell a compartment that its subject is one in another case."""
    services.tell_members(subjects)


@receiver(task_ended, dispatch_uid="cases.decide_on_its_page")
def decide_on_its_page(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off what has to be decided: the task ends with the decision."""
    pk = task.about.rpartition(":")[2]
    if task.kind == DECIDE_ROLES:
        change = people.role_change(int(pk))
        waits = change is not None and change.state == "proposed"
    elif task.kind == CONFIRM:
        waits = bool(people.waiting_tokens_of(people.everybody().get(pk=pk)))
    elif task.kind in agencyreceivers.WAITS:
        waits = agencyreceivers.WAITS[task.kind](int(pk))
    elif task.kind == GLASS_REVIEW:
        glass = people.glass(int(pk))
        waits = glass is not None and glass.reviewed_at is None
    elif task.kind == LEDGER_REVIEW:
        review = people.ledger_review(int(pk))
        waits = review is not None and review.reviewed_at is None
    else:
        return
    if waits:
        raise Refused("Decide it on its own page; the task ends with that.", rule="cases.decided-elsewhere")
