"""Filing where a draft stands already, and how a referral on an urgent case starts."""

from typing import Any

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.referrals.models import Referral
from coordination.triage import services as triage
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.referrals.conftest import DRAFT
from tests.triage.conftest import FOUND

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {**DRAFT, "danger_to_life": "on"}


def add_page(case: Case) -> str:
    return f"{reverse('admin:referrals_referral_add')}?case={case.reference}"


@pytest.fixture
def flag(things: Things, senior_reviewer: User, reviewer: User) -> Any:
    """A flag that was decided, on the case with the draft."""
    triage.assess(things.flag, by=reviewer, **FOUND)
    triage.decide(
        things.flag, by=senior_reviewer, outcomes=["refer_police"], reasons="A threat.", reopens_when="More."
    )
    things.flag.refresh_from_db()
    Referral.objects.filter(pk=things.draft.pk).update(case=things.flag.case)
    return things.flag


def test_the_task_to_file_leads_to_the_draft_that_stands(
    flag: Any, things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    draft = reverse("admin:referrals_referral_change", args=[things.draft.reference])
    page = browser.get(reverse("admin:triage_flag_change", args=[flag.pk])).content.decode()
    assert f'href="{draft}">Continue draft {things.draft.reference}</a>' in page
    assert "File another referral on this case" in page
    page = browser.get(add_page(flag.case)).content.decode()
    assert f'href="{draft}">Continue draft {things.draft.reference}</a>' in page
    assert (
        f"Continue draft {things.draft.reference}"
        in browser.get(reverse("admin:cases_case_change", args=[flag.case.reference])).content.decode()
    )


def test_a_second_draft_is_filed_only_by_saying_so(things: Things, liaison: User, sign_in: SignIn) -> None:
    browser, before = sign_in(liaison), Referral.objects.count()
    answer = browser.post(add_page(things.case), FORM)
    assert "Continue the draft above, or say that this is another referral." in answer.content.decode()
    assert Referral.objects.count() == before
    browser.post(add_page(things.case), {**FORM, "another": "on"})
    assert Referral.objects.count() == before + 1


def test_the_first_draft_asks_nothing_of_the_kind(
    flag: Any, things: Things, liaison: User, sign_in: SignIn
) -> None:
    Referral.objects.filter(pk=things.draft.pk).update(case=things.case, state="withdrawn")
    browser = sign_in(liaison)
    assert 'name="another"' not in browser.get(add_page(flag.case)).content.decode()
    browser.post(add_page(flag.case), FORM)
    assert Referral.objects.filter(case=flag.case).count() == 1


@pytest.mark.parametrize("priority", ["P0", "normal"])
def test_that_there_is_a_danger_is_the_word_of_who_files_and_never_chosen_beforehand(
    priority: str, things: Things, liaison: User, sign_in: SignIn
) -> None:
    things.case.priority = priority
    things.case.save(update_fields=["priority"])
    browser = sign_in(liaison)
    shown = browser.get(add_page(things.case))
    form = shown.context["form"]
    assert not form["danger_to_life"].value()
    assert not form["priority"].value()
    assert ("This case is P0" in shown.content.decode()) is (priority == "P0")
    answer = browser.post(add_page(things.case), {**FORM, "priority": "", "another": "on"})
    assert "priority" in answer.context["form"].errors
