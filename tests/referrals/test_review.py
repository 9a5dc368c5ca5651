"""What the review shows is what would leave, and who may let it."""

from coordination.access.services import User
from coordination.referrals import selectors, services
from tests.referrals.conftest import ITEM, Draft


def test_the_review_shows_message_recipient_bases_and_what_is_withheld(
    draft: Draft, liaison: User, senior_reviewer: User, counsel: User
) -> None:
    referral = draft()
    services.add_item(
        referral,
        by=liaison,
        **{**ITEM, "title": "Diary", "chosen": False, "basis": "", "reason": "Not about it."},
    )
    referral = services.submit(referral, by=liaison)
    review = selectors.review_of(referral, user=senior_reviewer)
    [leaving] = review.leaving
    message = selectors.addressees_of(referral).get().message
    assert message is not None
    assert (leaving.digest, leaving.preview) == (message.digest, message.preview)
    assert (leaving.recipient, leaving.identifier) == ("Harrow County Sheriff", "CO0000000")
    assert leaving.how_known == "Given by the watch commander on the call-back."
    assert leaving.channel == "Signed webhook"
    assert leaving.objections == ()
    assert {each.citation for each in review.disclosed} == {
        "18 USC 2702(b)(8), 2711(4)",
        "18 USC 2702(c)(4), 2711(4)",
    }
    assert [(each.title, each.reason) for each in review.withheld] == [("Diary", "Not about it.")]
    assert review.approvers == (counsel, senior_reviewer)
    assert (review.may_approve, review.why_not) == (True, "")
    services.approve(referral, by=senior_reviewer, digests=review.digests)


def test_the_review_says_why_somebody_may_not(
    draft: Draft, liaison: User, duty_officer: User, senior_reviewer: User
) -> None:
    referral = services.submit(draft(by=duty_officer), by=senior_reviewer)
    filer = selectors.review_of(referral, user=duty_officer)
    assert not filer.may_approve
    assert filer.may_break_glass
    assert "filed" in filer.why_not
    submitter = selectors.review_of(referral, user=senior_reviewer)
    assert not submitter.may_break_glass
    assert "submitted" in submitter.why_not
    assert "role" in selectors.review_of(referral, user=liaison).why_not


def test_a_draft_is_not_up_for_approval(draft: Draft, senior_reviewer: User) -> None:
    review = selectors.review_of(draft(), user=senior_reviewer)
    assert not review.may_approve
    assert review.leaving[0].digest == ""


def test_what_an_agency_has_is_what_left(approved: Draft, agency: object) -> None:
    referral = approved()
    assert not selectors.sent_to(agency).exists()  # type: ignore[arg-type]
    services.follow_delivery(selectors.addressees_of(referral).get(), state="accepted")
    assert list(selectors.sent_to(agency)) == [referral]  # type: ignore[arg-type]
