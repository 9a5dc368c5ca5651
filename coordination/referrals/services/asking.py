"""What recipients ask, and how a question ends that nobody can answer any more."""

from django.db import transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.outbox import services as outbox_services
from coordination.partners.services import Agency
from coordination.referrals.models import Addressee, Question, Referral
from coordination.referrals.services import calling, clocks
from coordination.referrals.services.hearing import LONGEST, fresh, heard_late, is_step
from coordination.referrals.services.records import limited, lock, move, required, trace
from coordination.referrals.workflow import ReferralVerb


@transaction.atomic
def request_information(addressee: Addressee, *, question: str, by: User | None = None) -> Question | None:
    """Record a recipient's question with the task to answer it. None where it came too late for an answer
    on this referral: then the task says so. Raises IllegalTransition while the referral is not with them.
    """
    referral = lock(addressee.referral)
    text = required("question", limited("question", question, LONGEST))
    row = fresh(addressee)
    if not is_step(referral, ReferralVerb.REQUEST_INFORMATION):
        heard_late(referral, row, "asked", text, by)
        return None
    move(referral, ReferralVerb.REQUEST_INFORMATION)
    asked = Question.objects.create(
        referral=referral, addressee=row, question=text, asked_at=clock.now(), asked_by=by
    )
    name = str(row.destination.agency)
    calling.ask_for_answer(referral, asked, name)
    trace(
        referral,
        "information_requested",
        f"{referral.reference}: {name} asks for information",
        by=by,
        detail=text,
        details={"question": asked.pk, "question_digest": ledger.digest(text)},
    )
    return asked


def drop_questions(
    referral: Referral, *, by: User | None, why: str, told: Agency | None = None, ask: bool = False
) -> None:
    """Close unanswered what can no longer be answered, in so many words: tasks, clocks, answers not approved.

    With `ask` a person tells each agency that still waits; `told` is the one whose own word closed it.
    """
    for question in referral.questions.filter(approved_by=None, unanswered_at=None):
        question.unanswered_at, question.unanswered_because = clock.now(), why
        question.save(update_fields=["unanswered_at", "unanswered_because"])
        cases.end_tasks(about=question.origin, outcome=f"Not answered. {why}", by=by, cancel=True)
        code = f"policy.answer-{clocks.pace(referral)}"
        cases.cancel_deadline(referral.case, code=code, about=question.origin)
        outbox_services.void_unsent(question.origin, by=None, reason=why)
        agency = question.addressee.destination.agency
        title = f"{referral.reference}: the question of {agency} stays unanswered"
        trace(referral, "unanswered", title, by=by, detail=why, details={"question": question.pk})
        if ask and (told is None or told.pk != agency.pk):
            calling.tell_unanswered(referral, question, str(agency))
