"""Restrictions on the desk: seen on the case, imposed from it, and lifted only by the signatures."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Preservation, Restriction, RiskAssessment
from tests.doors import SignIn
from tests.people import Cast
from tests.restrictions.conftest import WORDS
from tests.world import ACCOUNT

HERE = "/admin/restrictions/restriction/"


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def _do(browser: Any, record: Restriction, act: str, **data: Any) -> str:
    return _text(browser.post(f"{HERE}{record.pk}/do/{act}/", data, follow=True))


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_the_page_or_is_answered_as_if_there_were_none(
    automatic: Restriction, cast: Cast, sign_in: SignIn, role: Role
) -> None:
    person = cast(role)
    answer = sign_in(person).get(f"{HERE}{automatic.pk}/change/")
    assert (answer.status_code == 200) == selectors.visible_to(person).filter(pk=automatic.pk).exists()
    assert (ACCOUNT in _text(answer)) == (answer.status_code == 200)


def test_the_case_shows_it_and_leads_to_the_page_that_restricts(
    automatic: Restriction, case: Case, liaison: User, auditor: User, sign_in: SignIn
) -> None:
    page = _text(sign_in(liaison).get(f"/admin/cases/case/{case.reference}/change/"))
    assert "ordered, not confirmed" in page
    assert f"{HERE}add/?case={case.reference}" in page
    seen = _text(sign_in(auditor).get(f"/admin/cases/case/{case.reference}/change/"))
    assert "ordered, not confirmed" in seen
    assert "Restrict an account" not in seen


def test_somebody_imposes_from_the_case_and_errors_stand_at_their_field(
    case: Case, liaison: User, sign_in: SignIn
) -> None:
    browser, page = sign_in(liaison), f"{HERE}add/?case={case.reference}"
    assert "Limit features" in _text(browser.get(page))
    data = {"account": ACCOUNT, "step": "read_only", "reason": "Again.", "authority": "Terms, 4.2"}
    refused = browser.post(page, {**data, "eu_nexus": "on"})
    assert "Something has to stand here." in _text(refused)
    assert not Restriction.objects.exists()
    told = {"eu_nexus": "on", "facts": "A threat.", "ground": "Terms, 4.2", "tips_off": "on"}
    answer = browser.post(page, {**data, **told}, follow=True)
    made = Restriction.objects.get()
    assert answer.redirect_chain[-1][0] == f"{HERE}{made.pk}/change/"
    assert "waits for counsel" in _text(answer)


def test_somebody_says_on_the_page_whether_there_is_a_link_to_the_union(
    automatic: Restriction, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    assert "nobody has said whether" in _text(browser.get(f"{HERE}{automatic.pk}/change/"))
    told = {"linked": "yes", "reason": "Billed in Lyon.", "ground": "Terms, 4.2", "facts": ""}
    assert "Something has to stand here." in _do(browser, automatic, "say_link", **told)
    assert "has no link" in _do(browser, automatic, "say_link", **{**told, "linked": "no"})
    answer = _do(browser, automatic, "say_link", **{**told, "facts": "You announced violence."})
    assert "You announced violence." in answer
    assert "do/say_link/" not in answer


def test_the_whole_way_to_a_lift_on_the_page(
    automatic: Restriction, liaison: User, signers: list[User], sign_in: SignIn
) -> None:
    asker, first, second = sign_in(liaison), sign_in(signers[0]), sign_in(signers[1])
    assert "It is asked for." in _do(asker, automatic, "ask_lift", reason="They wrote.", to_step="")
    assert "do/assess/" in _text(first.get(f"{HERE}{automatic.pk}/change/"))
    assert "do/assess/" not in _text(asker.get(f"{HERE}{automatic.pk}/change/"))
    _do(first, automatic, "assess", **WORDS)
    assessment = RiskAssessment.objects.get()
    assert "is not what you saw" in _do(first, automatic, "sign", digest="sha256:something")
    assert "You have signed." in _do(first, automatic, "sign", digest=assessment.digest)
    assert "do/lift/" not in _text(second.get(f"{HERE}{automatic.pk}/change/"))
    _do(second, automatic, "sign", digest=assessment.digest)
    assert "It is ordered." in _do(second, automatic, "lift")
    automatic.refresh_from_db()
    assert automatic.state == "lifting"


def test_ins_who_imposed_it_is_offered_no_signature_and_is_refused_one(
    case: Case, liaison: User, senior_reviewer: User, signers: list[User], sign_in: SignIn
) -> None:
    made = services.impose(
        case, account=ACCOUNT, step="read_only", reason="x", authority="Terms", by=senior_reviewer
    )
    asked = services.ask_lift(made, by=liaison, reason="They wrote.")
    assessed = services.assess(asked, by=signers[0], **WORDS)
    browser = sign_in(senior_reviewer)
    assert "do/sign/" not in _text(browser.get(f"{HERE}{made.pk}/change/"))
    assert "does not sign" in _do(browser, made, "sign", digest=assessed.digest)
    assert not assessed.signatures.exists()


def test_other_acts_reach_their_services(
    automatic: Restriction, liaison: User, counsel: User, senior_reviewer: User, sign_in: SignIn
) -> None:
    desk, law = sign_in(liaison), sign_in(counsel)
    _do(desk, automatic, "confirm_by_hand", target=Command.objects.get().pk, how="In the console.")
    automatic.refresh_from_db()
    assert automatic.state == "in_force"
    _do(desk, automatic, "report")
    assert Command.objects.latest("pk").action == "report"
    _do(desk, automatic, "step_up", step="ban_with_watch", reason="Again.", authority="Terms")
    _do(desk, automatic, "receive_appeal", text="It was a song.")
    appeal = automatic.appeals.get()
    _do(sign_in(senior_reviewer), automatic, "answer_appeal", target=appeal.pk, answer="It names a school.")
    when = {"valid_from": "2026-01-05T10:00", "valid_until": ""}
    _do(law, automatic, "record_order", court="Harrow", number="7", **when)
    page = _text(law.get(f"{HERE}{automatic.pk}/change/"))
    assert "protective order in force" in page
    assert "It names a school." in page
    order = selectors.orders_of(automatic.case).get()
    _do(law, automatic, "end_order", target=order.pk, reason="Dissolved.")
    assert "protective order in force" not in _text(law.get(f"{HERE}{automatic.pk}/change/"))


def test_a_preservation_has_its_page_and_acts(case: Case, liaison: User, sign_in: SignIn) -> None:
    kept = services.preserve(case, account=ACCOUNT, reason="A flag.")
    Preservation.objects.update(state="review")
    browser, here = sign_in(liaison), f"/admin/restrictions/preservation/{kept.pk}/"
    assert "It came to its date." in _text(browser.get(f"{here}change/"))
    browser.post(f"{here}do/extend/", {"reason": "The trial is in May."})
    kept.refresh_from_db()
    assert kept.state == "running"
    command = kept.commands.latest("pk")
    browser.post(f"{here}do/confirm_by_hand/", {"target": command.pk, "how": "In the console."})
    kept.refresh_from_db()
    assert kept.confirmed_at is not None


def test_every_task_leads_to_its_page(
    assessed: RiskAssessment, automatic: Restriction, senior_reviewer: User, sign_in: SignIn
) -> None:
    task = cases_of.open_task("sign_assessment", assessed.origin)
    assert task is not None
    browser = sign_in(senior_reviewer)
    home = _text(browser.get("/admin/"))
    address = f"{HERE}of/riskassessment/{assessed.pk}/"
    assert address in home
    assert browser.get(address)["Location"] == f"{HERE}{automatic.pk}/change/"
    assert browser.get(f"{HERE}of/riskassessment/987654/").status_code == 404
    assert browser.get(f"{HERE}of/riskassessment/x/").status_code == 404


def test_the_list_says_states_in_words(automatic: Restriction, liaison: User, sign_in: SignIn) -> None:
    page = _text(sign_in(liaison).get(HERE))
    assert "ordered, not confirmed" in page
    assert ACCOUNT not in page
    assert "No preservation yet." in _text(sign_in(liaison).get("/admin/restrictions/preservation/"))


def test_an_order_of_another_case_is_not_named_on_the_page(
    automatic: Restriction, liaison: User, counsel: User, sign_in: SignIn
) -> None:
    services.record_order(
        cases.open_case("Another", by=None, accounts=[ACCOUNT]),
        by=counsel,
        court="Another court",
        number="26-HIDDEN",
        valid_from=clock.now(),
    )
    page = _text(sign_in(liaison).get(f"{HERE}{automatic.pk}/change/"))
    assert "A protective order is in force" in page
    assert "26-HIDDEN" not in page


def test_what_a_command_is_about_is_not_told_to_who_does_not_see_it(
    case: Case, liaison: User, counsel: User, sign_in: SignIn
) -> None:
    services.preserve(case, account=ACCOUNT, reason="A flag.")
    command, browser = Command.objects.get(), sign_in(liaison)
    assert browser.get(f"{HERE}of/command/{command.pk}/").status_code == 302
    until = clock.now() + timedelta(days=30)
    cases.mark(case, compartment="non_disclosure", by=counsel, reason="A court said so.", until=until)
    assert browser.get(f"{HERE}of/command/{command.pk}/").status_code == 404
    assert browser.get(f"{HERE}of/command/{command.pk + 1}/").status_code == 404
