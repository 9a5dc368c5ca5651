"""What law is offered where something is disclosed, and how the review speaks of it."""

import re
from typing import Any

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.access.structure import label
from coordination.referrals import services
from coordination.referrals.disclosureforms import ItemForm, zones
from coordination.referrals.forms import DraftForm
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.referrals.conftest import DRAFT, FACT, ITEM
from tests.world import DestinationOf

pytestmark = pytest.mark.django_db(transaction=True)


def offered(form: ItemForm) -> dict[str, set[str]]:
    """Return the codes of the bases in each group."""
    groups = form.fields["basis"].choices[1:]  # type: ignore[attr-defined]
    return {str(name): {code for code, _ in codes} for name, codes in groups}


def test_only_what_reaches_every_recipient_is_offered(packs: None) -> None:
    content = "For content of communications"
    police = offered(ItemForm(recipient_classes=["us_government"]))[content]
    assert {"us.2702b8", "us.2702b3"} <= police
    assert "us.2702b1" not in police
    both = offered(ItemForm(recipient_classes=["us_government", "private_responder"]))[content]
    assert "us.2702b3" in both
    assert "us.2702b8" not in both
    assert "us.2702b1" in offered(ItemForm())[content]


def test_a_basis_that_does_not_reach_the_recipients_is_refused_at_its_field(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    address = reverse("admin:referrals_referral_do", args=[things.draft.reference, "add_item"])
    said = sign_in(liaison).post(address, {**ITEM, "basis": "us.2702b1", "chosen": "on"})
    form = said.context["acts"]["add_item"].form
    assert "This basis is not for content of communications to US government." in form.errors["basis"][0]
    assert "18 USC 2702(b)(8)" in form.errors["basis"][0]


def test_the_page_says_when_a_basis_is_needed_and_never_that_it_is_optional(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    page = sign_in(liaison).get(reverse("admin:referrals_referral_change", args=[things.draft.reference]))
    labels = re.findall(r"<label[^>]*>Legal basis.*?</label>", page.content.decode(), re.DOTALL)
    assert len(labels) == 2
    assert all("needed before it is submitted" in each and "optional" not in each for each in labels)
    assert "referrals/bases.js" in page.content.decode()


def test_the_recipients_zone_comes_first_and_the_rest_by_continent() -> None:
    start, (name, likely), *others = zones(["America/Denver", "Mars/Olympus"])
    assert start == ("", "choose the zone")
    assert (name, next(value for value, _ in likely)) == ("Likely", "America/Denver")
    assert ("UTC", "UTC") in likely
    assert all(value != "Mars/Olympus" for value, _ in likely)
    assert {"Africa", "America", "Europe"} <= {continent for continent, _ in others}


def test_the_draft_offers_the_zone_of_its_recipient(things: Things, liaison: User, sign_in: SignIn) -> None:
    page = sign_in(liaison).get(reverse("admin:referrals_referral_change", args=[things.draft.reference]))
    form = page.context["acts"]["add_item"].form
    assert form.fields["occurred_zone"].choices[1][1][0][0] == "America/Denver"


@pytest.mark.parametrize("field", ["danger_to_life", "danger_reason", "feared", "why_suspicious"])
def test_form_page_and_message_call_a_field_the_same(
    field: str, things: Things, liaison: User, sign_in: SignIn
) -> None:
    called = str(DraftForm.base_fields[field].label)
    assert label(field) == called[0].lower() + called[1:]
    page = sign_in(liaison).get(reverse("admin:referrals_referral_change", args=[things.in_review.reference]))
    assert f"<dt>{called}</dt>" in page.content.decode()


def _position(page: str, *marks: str) -> list[int]:
    return [page.index(each) for each in marks]


def test_the_review_goes_from_what_leaves_to_whom_to_law_to_people_to_buttons(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    address = reverse("admin:referrals_referral_review", args=[things.in_review.reference])
    page = sign_in(senior_reviewer).get(address).content.decode()
    marks = (
        "Exactly what will leave",
        "<h2>Recipient</h2>",
        "<h2>Disclosed",
        "Who may approve",
        'id="decide"',
    )
    assert _position(page, *marks) == sorted(_position(page, *marks))
    laid_out = page.partition('<div class="structured">')[2].partition("</details>")[0].partition("<pre")[0]
    assert "content of communications" in laid_out
    assert not re.search(r"danger_reason|us_government|claimed_by_user|why_suspicious", laid_out)


def test_the_time_of_the_place_leaves_beside_utc(
    things: Things, liaison: User, sign_in: SignIn, agency: Any, destination_of: DestinationOf
) -> None:
    draft = services.file(things.case, by=liaison, **DRAFT)
    browser = sign_in(liaison)
    browser.post(
        reverse("admin:referrals_referral_do", args=[draft.reference, "add_item"]),
        {**ITEM, "chosen": "on", "occurred_at": "2026-03-06T23:12:30", "occurred_zone": "America/Denver"},
    )
    services.add_fact(draft, by=liaison, **FACT)
    services.add_addressee(draft, by=liaison, destination=things.draft.addressees.get().destination)
    services.submit(draft, by=liaison)
    page = browser.get(reverse("admin:referrals_referral_review", args=[draft.reference])).content.decode()
    laid_out = page.partition('<div class="structured">')[2].partition("<details")[0]
    for each in ("2026-03-07T06:12:30Z", "2026-03-06T23:12:30-07:00", "America/Denver"):
        assert each in laid_out
    assert "2026-03-06 23:12:30 MST (America/Denver)" in page.partition("<h2>Disclosed")[2]
