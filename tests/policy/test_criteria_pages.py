"""The criteria on the desk, page by page: propose a copy, read the difference, decide, take it along."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from coordination.access.services import Role, User
from coordination.core import clock
from coordination.policy import selectors
from coordination.policy.models import CriteriaProposal, CriteriaVersion, Pack
from tests.doors import SignIn
from tests.people import Cast
from tests.policy.test_proposing import TODAY

ADD = reverse("admin:policy_criteriaproposal_add")


@pytest.fixture(autouse=True)
def _today(shipped: list[Pack]) -> Any:
    with clock.frozen(TODAY):
        yield


def filled_in(browser: Client, address: str = ADD, **changes: Any) -> dict[str, Any]:
    """Return what the form holds as it is opened, with what a person changes."""
    form = browser.get(address).context["form"]
    held = {name: form[name].value() for name in form.fields}
    asked = {"version": "v3", "effective_on": "2026-03-09", "reason": "One was enough."}
    return {**{name: value or "" for name, value in held.items()}, **asked, **changes}


def proposed(browser: Client, **changes: Any) -> CriteriaProposal:
    data = filled_in(browser)
    rules = data["rules"].replace("warning_behaviours_at_least = 2", "warning_behaviours_at_least = 1")
    answer = browser.post(ADD, {**data, "rules": rules, **changes})
    assert answer.status_code == 302, answer.context["form"].errors
    return CriteriaProposal.objects.latest("pk")


def page(proposal: CriteriaProposal, do: str = "") -> str:
    end = f"do/{do}/" if do else "change/"
    return f"/admin/policy/criteriaproposal/{proposal.pk}/{end}"


def test_from_a_copy_to_what_is_in_force(sign_in: SignIn, senior_reviewer: User, counsel: User) -> None:
    proposal = proposed(sign_in(senior_reviewer))
    assert proposal.sections == selectors.newest_criteria().sections
    browser = sign_in(counsel)
    shown = browser.get(page(proposal))
    text = shown.content.decode()
    assert "<del> 2</del><ins> 1</ins>" in text or "<ins>1</ins>" in text
    digest = shown.context["acts"]["approve"].form["digest"].value()
    answer = browser.post(page(proposal, "approve"), {"digest": digest})
    made = CriteriaVersion.objects.get(version="v3")
    assert answer["Location"] == reverse("admin:policy_criteriaversion_change", args=[made.pk])
    assert selectors.criteria_in_force(datetime(2026, 3, 10, tzinfo=UTC)) == made
    text = browser.get(answer["Location"]).content.decode()
    assert "to come" in text
    assert "proposed on the desk by" in text


def test_who_proposed_is_offered_to_take_it_back_and_nothing_else(
    sign_in: SignIn, counsel: User, senior_reviewer: User
) -> None:
    browser = sign_in(counsel)
    own = proposed(browser)
    assert {*browser.get(page(own)).context["acts"]} == {"withdraw"}
    assert browser.post(page(own, "approve"), {"digest": own.digest}).status_code == 302
    assert selectors.criteria_wait(own.pk)
    browser.post(page(own, "withdraw"))
    assert not selectors.criteria_wait(own.pk)


def test_who_only_reads_is_offered_nothing(sign_in: SignIn, senior_reviewer: User, cast: Cast) -> None:
    proposal = proposed(sign_in(senior_reviewer))
    for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR):
        browser = sign_in(cast(role))
        assert browser.get(page(proposal)).context["acts"] == {}
        assert browser.get(ADD).status_code == 403
        assert browser.post(page(proposal, "approve"), {"digest": proposal.digest}).status_code == 403


def test_what_is_returned_is_taken_up_again_with_what_was_typed(
    sign_in: SignIn, senior_reviewer: User, counsel: User
) -> None:
    browser = sign_in(senior_reviewer)
    proposal = proposed(browser, heading_0="What counts")
    sign_in(counsel).post(page(proposal, "return"), {"reason": "Say why."})
    shown = browser.get(page(proposal))
    assert "Say why." in shown.content.decode()
    again = browser.get(shown.context["again_url"]).context["form"]
    assert again["heading_0"].value() == "What counts"
    assert "warning_behaviours_at_least = 1" in again["rules"].value()


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("rules", "rules = [", "cannot be read as TOML"),
        ("rules", "[[clocks]]\nid = 'x'", "under a line [[rules]]"),
        ("rules", "[[rules]]\nid = 'x'\nwhen = {}", "outcomes: is missing"),
        (
            "rules",
            "[[rules]]\nid='x'\nsection='5'\nwhy='y'\noutcomes=['refuse']\nwhen={level=['high']}",
            "one of",
        ),
        (
            "rules",
            "[[rules]]\nid='x'\nsection='77'\nwhy='y'\noutcomes=['monitor']\nwhen={minor=true}",
            "section 77",
        ),
        ("version", "v2", "There is a v2 already"),
        ("effective_on", "2026-03-05", "A day that is not past"),
        ("text_0", "", "A section has a heading and a text"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    sign_in: SignIn, senior_reviewer: User, field: str, typed: str, error: str
) -> None:
    browser = sign_in(senior_reviewer)
    answer = browser.post(ADD, filled_in(browser, **{field: typed, "reason": "Long thought about."}))
    form = answer.context["form"]
    assert error in str(form.errors[field])
    assert form["reason"].value() == "Long thought about."
    assert not CriteriaProposal.objects.exists()


def test_a_section_is_added_and_one_is_left_out(sign_in: SignIn, senior_reviewer: User) -> None:
    proposal = proposed(
        sign_in(senior_reviewer),
        heading_6="",
        text_6="",
        heading_7="Warn",
        text_7="The threatened person is warned.\r\n\r\nIn our words.",
    )
    assert [each["code"] for each in proposal.sections] == ["1", "2", "3", "4", "5", "6", "8"]
    assert proposal.sections[-1]["text"] == "The threatened person is warned.\n\nIn our words."


def test_a_version_is_taken_along_as_a_file(sign_in: SignIn, cast: Cast) -> None:
    row = selectors.newest_criteria()
    answer = sign_in(cast(Role.AUDITOR)).get(f"/admin/policy/criteriaversion/{row.pk}/toml/")
    assert 'filename="criteria-v2.toml"' in answer["Content-Disposition"]
    assert tomllib.loads(answer.content.decode())["criteria"][0]["version"] == "v2"


def test_a_copy_of_what_is_not_there_is_as_if_it_were_not(sign_in: SignIn, senior_reviewer: User) -> None:
    browser = sign_in(senior_reviewer)
    for wanted in ("77", "x"):
        assert browser.get(f"{ADD}?from={wanted}").status_code == 404
