"""News from below, in the transaction that tells it: deliveries from the outbox, answers from the inbox."""

from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import deadline_missed, task_ended
from coordination.core.errors import Refused
from coordination.inbox.signals import accepted
from coordination.ledger.signals import sought
from coordination.outbox import selectors as outbox
from coordination.outbox.signals import delivery_changed, overruling
from coordination.referrals import selectors, services

ORIGIN = "referrals.referral:"
ADDRESSEE = "referrals.addressee:"
QUESTION = "referrals.question:"


@receiver(delivery_changed, dispatch_uid="referrals.follow_delivery")
def follow_delivery(sender: Any, *, delivery: Any, state: str, receipt: Any = None, **_: Any) -> None:  # noqa: ARG001
    """Follow a referral's delivery; an acknowledging receipt acknowledges, whichever way it came."""
    # Most messages of a busy bus are a referral's; those that are not cost no query here.
    if str(state) == "void" and delivery.message.origin.startswith(QUESTION):
        question = selectors.question_of_message(delivery.message_id)
        if question is not None:
            services.follow_stopped_answer(question)
    if not delivery.message.origin.startswith(ORIGIN):
        return
    addressee = selectors.addressee_of_message(delivery.message_id)
    if addressee is None:
        return
    at = receipt.occurred_at if receipt is not None else None
    services.follow_delivery(addressee, state=str(state))
    if str(state) == "acknowledged":
        services.acknowledge(addressee, reference=receipt.reference if receipt else "", at=at)


@receiver(sought, dispatch_uid="referrals.name_messages")
def name_messages(sender: Any, *, subject: str, by: Any, **_: Any) -> list[str]:  # noqa: ARG001
    """Name the messages of a referral to who looks for it in the ledger and may see it."""
    referral = selectors.visible_to(by).filter(reference=subject).first()
    return outbox.subjects_of(referral.case, referral.reference) if referral is not None else []


@receiver(overruling, dispatch_uid="referrals.keep_apart")
def keep_apart(sender: Any, *, delivery: Any, by: Any, **_: Any) -> None:  # noqa: ARG001
    """Let nobody who had a part in a referral send it past what holds it."""
    addressee = selectors.addressee_of_message(delivery.message_id)
    if addressee is not None and by.pk in selectors.authors_of(addressee.referral):
        raise Refused(
            "Who filed, wrote or submitted any of a referral does not overrule what holds it.",
            rule="referrals.two-people",
        )


@receiver(task_ended, dispatch_uid="referrals.follow_task")
def follow_task(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Follow a task about a referral: a call that was made, a review that was held."""
    done = task.state == "done"
    if task.kind == "phone_correction" and task.about.startswith(ADDRESSEE):
        addressee = selectors.addressee_of_task(task.about)
        if addressee is not None:
            services.follow_call(addressee, done=done, by=task.ended_by, outcome=task.outcome)
        return
    referral = selectors.referral_of_task(task.about) if task.about.startswith(ORIGIN) else None
    if referral is not None:
        services.follow_task(referral, kind=task.kind, role=task.role, done=done, by=task.ended_by)


@receiver(deadline_missed, dispatch_uid="referrals.say_what_to_do")
def say_what_to_do(sender: Any, *, deadline: Any, **_: Any) -> str:  # noqa: ARG001
    """Say whom to call about a clock that ran out, on which number, and what to ask."""
    if deadline.code.startswith(services.ACK_CLOCK) and deadline.about.startswith(ADDRESSEE):
        addressee = selectors.addressee_of_task(deadline.about)
        return services.ask_who_has_it(addressee, deadline.due_at) if addressee is not None else ""
    if deadline.code == services.OUTCOME_CLOCK:
        referral = selectors.referral_of_task(deadline.about)
        return services.ask_what_came_of_it(referral) if referral is not None else ""
    return ""


@receiver(accepted, dispatch_uid="referrals.hear")
def hear(sender: Any, *, inbound: Any, payload: Mapping[str, Any], **_: Any) -> None:  # noqa: ARG001
    """Do what a recipient's words ask for: acknowledge, ask, report an outcome."""
    addressee = selectors.addressee_of_message(inbound.message_id) or selectors.addressee_of_answer(
        inbound.message_id
    )
    if addressee is None:
        return
    by = inbound.sent_by
    match inbound.kind:
        case "acknowledgement" if selectors.addressee_of_message(inbound.message_id):
            reference, who = str(payload.get("reference", "")), str(payload.get("acknowledged_by", ""))
            services.acknowledge(addressee, reference=reference, by=by, who=who)
        case "question":
            services.request_information(addressee, question=str(payload.get("question", "")), by=by)
        case "outcome":
            services.report_outcome(
                addressee,
                outcome=str(payload.get("outcome", "")),
                detail=str(payload.get("detail", "")),
                by=by,
            )
