"""Submitting: the gate, and one frozen message for each recipient."""

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Task
from coordination.channels.messages import Body, MessageKind
from coordination.core import clock
from coordination.core.errors import InvalidInput, raise_all
from coordination.outbox import services as outbox
from coordination.partners import selectors as partners
from coordination.policy.workflow import RecipientClass
from coordination.referrals.models import Addressee, Fact, Item, Referral
from coordination.referrals.services import bodies, calling, gate, places
from coordination.referrals.services.records import (
    danger_missing,
    move,
    permitted,
    trace,
    unhurried_missing,
)
from coordination.referrals.signals import about_to_leave
from coordination.referrals.workflow import REFERRAL, ReferralVerb

NOBODY = "Name at least one recipient."


@transaction.atomic
def submit(referral: Referral, *, by: User) -> Referral:
    """Freeze one message for each recipient and put the referral before an approver.

    Raises InvalidInput naming all that is missing, and Refused where the policy in force does not let one
    thing go to one recipient, or where a channel cannot carry it.
    """
    draft = permitted(referral, by=by, permission="submit_referral")
    REFERRAL.after(draft.state, ReferralVerb.SUBMIT)
    about_to_leave.send(sender=Referral, referral=draft, by=by)
    return freeze(draft, by=by)


def freeze(draft: Referral, *, by: User) -> Referral:
    """Check a locked draft, freeze its messages and move it to review; in the caller's transaction."""
    addressees = addressees_of(draft)
    body = correction_content(draft, addressees) if draft.corrects_id else content(draft, addressees)
    for addressee in addressees:
        # A correction waits for no closed recipient: that one is told by telephone once it is approved.
        if draft.corrects_id and not partners.is_destination_open(addressee.destination):
            continue
        addressee.message = outbox.prepare(
            draft.case,
            kind=MessageKind.CORRECTION if draft.corrects_id else MessageKind.REFERRAL,
            reference=draft.reference,
            origin=draft.origin,
            destination=addressee.destination,
            body=body,
            by=by,
            lane=draft.priority,
        )
        addressee.save(update_fields=["message"])
    draft.authors.add(by)
    move(draft, ReferralVerb.SUBMIT, submitted_by=by, submitted_at=clock.now())
    title = f"Referral {draft.reference} submitted for review"
    trace(draft, "submitted", title, by=by, details=digests_of(addressees))
    _hand_over(draft, by)
    return draft


def _hand_over(referral: Referral, by: User) -> None:
    """End the tasks that asked for this, and ask for the approval."""
    cases.end_tasks(about=referral.origin, kind=calling.REVISE, outcome="Submitted again.", by=by)
    # A decision can ask for both, and one referral need not serve both: its recipients tell.
    classes = {each.destination.agency.recipient_class for each in addressees_of(referral)}
    kinds = {
        calling.FILE_CRISIS if each == RecipientClass.PRIVATE_RESPONDER else calling.FILE for each in classes
    }
    for task in case_selectors.tasks_of(referral.case).filter(kind__in=kinds, state="open"):
        _end(task, by=by, outcome=f"Submitted as {referral.reference}.")
    leaving: list[Item | Fact] = [*referral.items.filter(chosen=True), *referral.facts.all()]
    calling.ask_to_approve(referral, counsel=gate.needs_counsel(leaving))


def _end(task: Task, *, by: User, outcome: str) -> None:
    """End a task to file, because the submission did what it asks for."""
    if task.about:
        cases.end_tasks(about=task.about, kind=task.kind, outcome=outcome, by=by)
    else:
        cases.complete_task(task, by=by, outcome=outcome)


def digests_of(addressees: list[Addressee]) -> dict[str, str]:
    """Return the digests of the frozen messages by recipient, for the ledger."""
    return {f"addressee_{each.pk}": each.message.digest for each in addressees if each.message}


def addressees_of(referral: Referral) -> list[Addressee]:
    """Return the recipients with destination, agency and frozen message."""
    return list(referral.addressees.select_related("destination__agency", "message").order_by("pk"))


def content(draft: Referral, addressees: list[Addressee]) -> Body:
    """Return the body of a referral that is complete and that the gate lets through."""
    items = [item for item in draft.items.all() if item.chosen]
    facts = list(draft.facts.all())
    raise_all(_missing(draft, addressees, items, facts))
    # Counsel's approval cannot be there before the approval; the gate asks again then, for the approver.
    citations = gate.check(draft, [*items, *facts], addressees, counsel=True)
    return bodies.referral_body(draft, items=items, facts=facts, addressees=addressees, citations=citations)


def correction_content(draft: Referral, addressees: list[Addressee]) -> Body:
    """Return the body of a correction that says what was wrong and what is true."""
    found = [] if addressees else [InvalidInput("addressees", NOBODY)]
    if not draft.correction_wrong.strip():
        found.append(InvalidInput("correction_wrong", "Say what was wrong."))
    if not draft.correction_true.strip():
        found.append(InvalidInput("correction_true", "Say what is true."))
    raise_all(found)
    for addressee in addressees:
        gate.own_words(addressee, emergency=False)
    return bodies.correction_body(draft)


def _missing(
    draft: Referral, addressees: list[Addressee], items: list[Item], facts: list[Fact]
) -> list[InvalidInput]:
    """Return all that is not there yet, so that nobody learns of it one by one."""
    found = [] if addressees else [InvalidInput("addressees", NOBODY)]
    if not items and not facts:
        found.append(
            InvalidInput("items", "Choose at least one item, or add a fact: there is nothing to send.")
        )
    if not draft.feared.strip():
        found.append(InvalidInput("feared", "Say what is feared."))
    if not draft.why_suspicious.strip():
        found.append(InvalidInput("why_suspicious", "Say why it is suspicious."))
    found += [*danger_missing(draft), *unhurried_missing(draft), *places.missing(draft, facts)]
    found += [
        InvalidInput(gate.field_of(item, "reason"), f"“{item}” needs a reason.")
        for item in items
        if not item.reason.strip()
    ]
    return [*found, *gate.missing(draft, [*items, *facts])]
