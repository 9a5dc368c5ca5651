"""What can be done from the pages: by whom, what happens, and what is said where it is not."""

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.outbox import selectors as outbox
from coordination.partners import services as partners
from coordination.referrals import selectors, services
from tests.desk.conftest import Things
from tests.doors import SignIn, signed_in
from tests.triage.conftest import FOUND

pytestmark = pytest.mark.django_db(transaction=True)


def do(things: Things, name: str, *, referral: str = "in_review") -> str:
    record = getattr(things, referral)
    return reverse("admin:referrals_referral_do", args=[record.reference, name])


def digests(things: Things) -> dict[str, str]:
    shown = selectors.addressees_of(things.in_review)
    return {f"digest-{each.pk}": each.message.digest for each in shown if each.message}


def test_another_person_approves_what_was_shown(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    sign_in(senior_reviewer).post(do(things, "approve"), {"read": "on", **digests(things)})
    things.in_review.refresh_from_db()
    assert things.in_review.state == "approved"
    assert outbox.deliveries_of(things.in_review.origin).get().state == "queued"


def test_nothing_leaves_by_one_click(things: Things, senior_reviewer: User, sign_in: SignIn) -> None:
    answer = sign_in(senior_reviewer).post(do(things, "approve"), digests(things))
    things.in_review.refresh_from_db()
    assert things.in_review.state == "in_review"
    assert "Read what will leave, then say so here." in answer.content.decode()


def test_a_digest_that_was_not_shown_is_refused_in_words(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    others = dict.fromkeys(digests(things), "sha256:" + "0" * 64)
    answer = sign_in(senior_reviewer).post(do(things, "approve"), {"read": "on", **others}, follow=True)
    things.in_review.refresh_from_db()
    assert things.in_review.state == "in_review"
    said = answer.content.decode()
    assert "Nothing was saved." in said
    assert "Open the page again and look before you decide." in said


def test_the_filer_is_offered_no_approval_and_gets_none(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    page = browser.get(reverse("admin:referrals_referral_review", args=[things.in_review.reference]))
    assert "/do/approve/" not in page.content.decode()
    answer = browser.post(do(things, "approve"), {"read": "on", **digests(things)})
    assert (answer.status_code, "Nothing was saved" in answer.content.decode()) == (403, True)
    things.in_review.refresh_from_db()
    assert things.in_review.state == "in_review"


def test_an_auditor_is_offered_no_act_at_all(things: Things, auditor: User, sign_in: SignIn) -> None:
    page = sign_in(auditor).get(reverse("admin:referrals_referral_change", args=[things.draft.reference]))
    assert "/do/" not in page.content.decode()


def test_a_return_needs_a_reason_and_voids_what_was_frozen(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(senior_reviewer)
    assert "Nothing was saved" in browser.post(do(things, "return"), {"reason": ""}).content.decode()
    browser.post(do(things, "return"), {"reason": "Name the place."})
    things.in_review.refresh_from_db()
    assert things.in_review.state == "draft"
    assert {message.state for message in outbox.messages_of(things.in_review.origin)} == {"void"}


def test_an_act_is_never_done_by_opening_an_address(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    answer = sign_in(senior_reviewer).get(do(things, "decline"))
    assert answer.status_code == 302
    things.in_review.refresh_from_db()
    assert things.in_review.state == "in_review"


def test_a_form_without_its_token_is_refused(things: Things, senior_reviewer: User) -> None:
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    signed_in(senior_reviewer, browser)
    answer = browser.post(do(things, "approve"), {"read": "on", **digests(things)})
    assert answer.status_code == 403


def test_what_a_service_refuses_is_said_with_rule_and_what_to_do(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    browser.post(
        do(things, "add_item", referral="draft"),
        {
            "title": "A message",
            "category": "content",
            "content": "Words",
            "provenance": "observed",
            "basis": "us.2702b3",
            "chosen": "on",
            "reason": "To see the gate.",
        },
    )
    said = browser.post(do(things, "submit", referral="draft"), {}, follow=True).content.decode()
    assert "may not go to" in said
    assert "18 USC 2702(b)(3)" in said
    assert "Nothing was saved." in said
    things.draft.refresh_from_db()
    assert things.draft.state == "draft"


def test_a_note_and_a_task_are_worked_on_from_the_case(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    address = reverse("admin:cases_case_do", args=[things.case.reference, "add_note"])
    said = browser.post(address, {"text": "Called the school."}, follow=True).content.decode()
    assert "Called the school." in said


def test_a_flag_is_assessed_by_one_and_decided_by_another_under_the_criteria_in_force(
    things: Things, senior_reviewer: User, reviewer: User, sign_in: SignIn
) -> None:
    address = reverse("admin:triage_flag_do", args=[things.flag.pk, "assess"])
    said = sign_in(reviewer).post(address, {**FOUND, "target_note": ""}, follow=True).content.decode()
    assert "Say what is known of the target." in said
    said = sign_in(reviewer).post(address, FOUND, follow=True).content.decode()
    assert "Another person decides" in said
    address = reverse("admin:triage_flag_do", args=[things.flag.pk, "decide"])
    values = {"outcomes": ["no_action"], "reasons": "Fiction.", "reopens_when": "It is not fiction."}
    said = sign_in(senior_reviewer).post(address, values, follow=True).content.decode()
    things.flag.refresh_from_db()
    assert things.flag.state == "decided"
    assert "Decided under" in said


def test_a_submission_names_all_that_is_missing_at_once(
    things: Things, sign_in: SignIn, liaison: User
) -> None:
    draft = things.draft
    draft.addressees.all().delete()
    draft.items.update(basis="")
    address = reverse("admin:referrals_referral_do", args=[draft.reference, "submit"])
    page = sign_in(liaison).post(address, follow=True).content.decode()
    assert "Addressees: Name at least one recipient." in page
    assert "Name the legal basis on which “Message of 6 March” may leave." in page


def test_a_p0_without_its_danger_is_marked_at_both_fields(
    things: Things, sign_in: SignIn, liaison: User
) -> None:
    draft = things.draft
    address = reverse("admin:referrals_referral_do", args=[draft.reference, "revise"])
    data = {"title": draft.title, "priority": "P0", "feared": "A fire.", "why_suspicious": "They said so."}
    page = sign_in(liaison).post(address, data, follow=True).content.decode()
    assert page.count("P0 is for a danger to life") == 2
    assert page.count("Say why there is a danger to life or safety.") == 2


def test_a_review_says_who_is_told_of_a_correction_by_telephone(
    things: Things, sign_in: SignIn, liaison: User, senior_reviewer: User
) -> None:
    recipient = selectors.addressees_of(things.approved).get()
    services.acknowledge(recipient, reference="HC-1")
    partners.suspend_agency(recipient.destination.agency, by=None, reason="Their mail was taken over.")
    correction = services.correct(things.approved, by=liaison, what_was_wrong="This.", what_is_true="That.")
    address = reverse("admin:referrals_referral_review", args=[correction.reference])
    page = sign_in(senior_reviewer).get(address).content.decode()
    assert "Nothing is sent to Harrow County Sheriff" in page
    assert "Approve for telephone calls alone" in page
    answer = sign_in(senior_reviewer).post(
        reverse("admin:referrals_referral_do", args=[correction.reference, "approve"]), {"read": "on"}
    )
    assert answer.status_code == 302
    correction.refresh_from_db()
    assert correction.state == "approved"


def test_what_is_said_is_kept_at_the_server_and_for_the_person_alone(
    things: Things, liaison: User, reviewer: User, sign_in: SignIn
) -> None:
    """A message may quote what is sealed: no cookie carries it, and who signs in next does not read it."""
    browser = sign_in(liaison)
    answer = browser.post(do(things, "withdraw"), {"reason": "It was a quotation."})
    assert answer.status_code == 302
    assert "messages" not in browser.cookies
    browser.post(reverse("account_logout"))
    signed_in(reviewer, browser)
    page = browser.get(reverse("admin:index")).content.decode()
    assert 'class="messagelist"' not in page
