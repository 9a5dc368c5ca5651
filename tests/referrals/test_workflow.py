"""The product of states and verbs, through the services: each pair is in the table, or nothing happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.db import transaction

from coordination.access.services import User
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.core.errors import IllegalTransition
from coordination.outbox import services as outbox
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Question, Referral
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb
from tests.referrals.conftest import Draft, Seen, put

S, V = ReferralState, ReferralVerb

# What recipients say is never refused once the referral is with them: past the table it goes to a person.
HEARD = {V.MARK_SENT, V.ACKNOWLEDGE, V.REQUEST_INFORMATION, V.REPORT_OUTCOME}
WITH_THEM = set(S) - {S.DRAFT, S.IN_REVIEW, S.DECLINED}


@dataclass
class Desk:
    """Who acts in these tests."""

    liaison: User
    senior: User
    seen: Seen


def _question(referral: Referral) -> Question:
    return Question.objects.get(referral=referral)


def _addressee(referral: Referral) -> Addressee:
    return selectors.addressees_of(referral).get()


def _correct(desk: Desk, referral: Referral) -> None:
    correction = services.correct(
        referral, by=desk.liaison, what_was_wrong="It was a play.", what_is_true="-"
    )
    services.approve(correction, by=desk.senior, digests=desk.seen(correction))


ACTS: dict[ReferralVerb, Callable[[Desk, Referral], object]] = {
    V.SUBMIT: lambda desk, referral: services.submit(referral, by=desk.liaison),
    V.RETURN: lambda desk, referral: services.return_(referral, by=desk.senior, reason="Say who."),
    V.APPROVE: lambda desk, referral: services.approve(referral, by=desk.senior, digests=desk.seen(referral)),
    V.DECLINE: lambda desk, referral: services.decline(referral, by=desk.senior, reason="A quotation."),
    V.WITHDRAW: lambda desk, referral: services.withdraw(referral, by=desk.liaison, reason="Superseded."),
    V.MARK_SENT: lambda desk, referral: services.follow_delivery(_addressee(referral), state="accepted"),
    V.ACKNOWLEDGE: lambda desk, referral: services.acknowledge(_addressee(referral), reference="HC-1"),
    V.REQUEST_INFORMATION: lambda desk, referral: services.request_information(
        _addressee(referral), question="Which school?"
    ),
    V.ANSWER: lambda desk, referral: services.approve_answer(
        _question(referral), by=desk.senior, digest=_question(referral).message.digest
    ),
    V.REPORT_OUTCOME: lambda desk, referral: services.report_outcome(
        _addressee(referral), outcome="welfare_check"
    ),
    V.REVIEW: lambda desk, referral: services.review(referral, by=desk.liaison, notes="Went well."),
    V.CLOSE: lambda desk, referral: services.close(referral, by=desk.liaison),
    V.CORRECT: _correct,
    V.RECALL: lambda desk, referral: services.recall(referral, by=desk.senior, reason="A play."),
}


@pytest.fixture
def prepared(
    draft: Draft, in_review: Draft, approved: Draft, liaison: User
) -> Callable[[ReferralVerb], Referral]:
    """Make a referral that has what the verb works on; its state is put afterwards."""

    def make(verb: ReferralVerb) -> Referral:
        if verb == V.SUBMIT:
            return draft()
        if verb in {V.APPROVE, V.RETURN, V.DECLINE, V.WITHDRAW}:
            return in_review()
        referral = approved()
        message = _addressee(referral).message
        assert message is not None
        told = Receipt(message_id=str(message.pk), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
        outbox.record_receipt(message.pk, told, source="deliver")
        if verb == V.ANSWER:
            question = services.request_information(_addressee(referral), question="Which school?")
            assert question is not None
            services.answer(question, by=liaison, text="Harrow High School.")
        return referral

    return make


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("verb", list(V))
def test_verb_leads_where_the_table_says_and_nowhere_else(
    verb: ReferralVerb,
    prepared: Callable[[ReferralVerb], Referral],
    liaison: User,
    senior_reviewer: User,
    seen: Seen,
) -> None:
    desk = Desk(liaison, senior_reviewer, seen)
    referral = prepared(verb)
    for state in S:
        with _undone():
            put(referral, state)
            if verb in REFERRAL.allowed(state):
                ACTS[verb](desk, referral)
                expected = REFERRAL.after(state, verb)
            elif verb in HEARD and (state in WITH_THEM or verb == V.MARK_SENT):
                ACTS[verb](desk, referral)
                expected = state
            else:
                with pytest.raises(IllegalTransition):
                    ACTS[verb](desk, referral)
                expected = state
            referral.refresh_from_db()
            assert referral.state == expected, f"{verb} while {state}"


def test_declined_and_corrected_are_the_ends_and_a_withdrawn_one_is_only_corrected() -> None:
    assert REFERRAL.terminal == {S.DECLINED, S.CORRECTED}
    assert REFERRAL.allowed(S.WITHDRAWN) == {V.CORRECT}


def test_every_verb_is_tried() -> None:
    assert set(ACTS) == set(V)
