"""Answering a recipient's question: written by one person, approved by another, sent like any message."""

from django.db import transaction

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.channels.messages import AnswerBody, MessageKind
from coordination.core import clock
from coordination.core.errors import Conflict, Refused
from coordination.outbox import services as outbox
from coordination.referrals.models import Item, Question, Referral
from coordination.referrals.services import bodies, calling, clocks, gate, haste
from coordination.referrals.services.records import limited, move, permitted, required, trace
from coordination.referrals.workflow import REFERRAL, ReferralVerb

_LONGEST = 20_000


@transaction.atomic
def answer(question: Question, *, by: User, text: str, items: tuple[Item, ...] = ()) -> Question:
    """Write the answer and freeze its message; another person approves it. An earlier one is void.

    The text is our own assessment. Data of a customer goes along only as items of the referral, each through
    the gate. Raises Conflict where the question was answered.
    """
    referral, asked = _open(question, by, "submit_referral")
    words = required("text", limited("text", text, _LONGEST))
    citations = gate.check(referral, _own(referral, items), [asked.addressee], counsel=True)
    if asked.message is not None:
        outbox.void(asked.message, by=by, reason="Another answer was written.")
    asked.message = outbox.prepare(
        referral.case,
        kind=MessageKind.ANSWER,
        reference=referral.reference,
        origin=asked.origin,
        destination=asked.addressee.destination,
        body=AnswerBody(question=asked.question, answer=words, items=bodies.disclosed(items, citations)),
        by=by,
        lane=referral.priority,
    )
    asked.answer, asked.answered_by, asked.answered_at = words, by, clock.now()
    asked.save(update_fields=["message", "answer", "answered_by", "answered_at"])
    asked.items.set(items)
    cases.open_task(
        referral.case,
        kind=calling.APPROVE_ANSWER,
        title=f"Approve the answer about {referral.reference}",
        role=Role.COUNSEL if gate.needs_counsel(items) else Role.SENIOR_REVIEWER,
        about=asked.origin,
        priority=referral.priority,
    )
    trace(
        referral,
        "answer_written",
        f"{referral.reference}: answer to {asked.addressee.destination.agency} written",
        by=by,
        details={"question": asked.pk, "message": asked.message.digest},
    )
    return asked


@transaction.atomic
def approve_answer(question: Question, *, by: User, digest: str) -> Question:
    """Let the answer leave exactly as seen. Raises Refused for its author, Conflict for another digest."""
    referral, asked = _open(question, by, "approve_referral")
    if asked.message is None:
        raise Conflict("There is no answer to approve yet.")
    if by.pk == asked.answered_by_id:
        raise Refused("Who wrote an answer does not approve it.", rule="referrals.two-people")
    haste.check(referral, by=by)
    gate.check(referral, asked.items.all(), [asked.addressee], counsel=gate.is_counsel(by))
    outbox.approve(asked.message, digest=digest, by=by)
    asked.approved_by = by
    asked.save(update_fields=["approved_by"])
    if not referral.questions.filter(approved_by=None).exists():
        move(referral, ReferralVerb.ANSWER)
    cases.meet_deadline(referral.case, code=f"policy.answer-{clocks.pace(referral)}", about=asked.origin)
    cases.end_tasks(about=asked.origin, outcome="Answered.", by=by)
    trace(
        referral,
        "answered",
        f"{referral.reference}: answer to {asked.addressee.destination.agency} approved",
        by=by,
        details={"question": asked.pk, "message": digest},
    )
    return asked


@transaction.atomic
def follow_stopped_answer(question: Question) -> None:
    """Ask a person to tell the recipient, where an answer that was approved is not sent any more."""
    if question.approved_by_id is None:
        return
    referral, agency = question.referral, question.addressee.destination.agency
    cases.open_task(
        referral.case,
        kind=calling.ANSWER_STOPPED,
        title=f"{agency} waits for an answer about {referral.reference} that was stopped"[:200],
        role=Role.SAFETY_LIAISON,
        instructions="The answer was approved, then stopped. Tell them by telephone what they may know, or "
        "that no answer comes; write down as the outcome who heard it, and when.",
        about=question.origin,
        priority=referral.priority,
    )


def _open(question: Question, by: User, permission: str) -> tuple[Referral, Question]:
    referral = permitted(question.referral, by=by, permission=permission)
    REFERRAL.after(referral.state, ReferralVerb.ANSWER)
    asked = Question.objects.select_related("addressee__destination__agency", "message").get(pk=question.pk)
    if asked.approved_by_id is not None:
        raise Conflict("This question was answered.")
    return referral, asked


def _own(referral: Referral, items: tuple[Item, ...]) -> tuple[Item, ...]:
    if any(item.referral_id != referral.pk for item in items):
        raise Refused("An item of another referral does not go along.", rule="referrals.own-items")
    return items
