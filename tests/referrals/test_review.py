"""What the review shows is what would leave, and who may let it."""

from coordination.access.services import User
from coordination.referrals import selectors, services, showing
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
    review = showing.review(referral)
    [leaving] = review["recipients"]
    message = selectors.addressees_of(referral).get().message
    assert message is not None
    assert (leaving.message.digest, leaving.message.preview) == (message.digest, message.preview)
    assert (leaving.agency.name, leaving.agency.identifier) == ("Harrow County Sheriff", "CO0000000")
    assert leaving.destination.how_known == "Given by the watch commander on the call-back."
    assert leaving.channel == "Signed webhook"
    assert leaving.objections == []
    assert {each.citation for each in [*review["chosen"], *review["facts"]]} == {
        "18 USC 2702(b)(8), 2711(4)",
        "18 USC 2702(c)(4), 2711(4)",
    }
    assert [(each.title, each.reason) for each in review["withheld"]] == [("Diary", "Not about it.")]
    assert review["approvers"] == [str(counsel), str(senior_reviewer)]
    assert selectors.may_approve(referral, senior_reviewer) == (True, "")
    services.approve(referral, by=senior_reviewer, digests=selectors.digests_of(referral))


def test_it_is_said_why_somebody_may_not(
    draft: Draft, liaison: User, duty_officer: User, senior_reviewer: User
) -> None:
    referral = services.submit(draft(by=duty_officer), by=senior_reviewer)
    allowed, why_not = selectors.may_approve(referral, duty_officer)
    assert not allowed
    assert "filed" in why_not
    assert selectors.may_break_glass(referral, duty_officer)
    assert not selectors.may_break_glass(referral, senior_reviewer)
    assert "submitted" in selectors.may_approve(referral, senior_reviewer)[1]
    assert "role" in selectors.may_approve(referral, liaison)[1]


def test_a_draft_is_not_up_for_approval(draft: Draft, senior_reviewer: User) -> None:
    referral = draft()
    assert not selectors.may_approve(referral, senior_reviewer)[0]
    assert selectors.digests_of(referral) == {}


def test_what_an_agency_has_is_what_left(approved: Draft, agency: object) -> None:
    referral = approved()
    assert not selectors.sent_to(agency).exists()  # type: ignore[arg-type]
    services.follow_delivery(selectors.addressees_of(referral).get(), state="accepted")
    assert list(selectors.sent_to(agency)) == [referral]  # type: ignore[arg-type]
