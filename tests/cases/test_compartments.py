"""A case under a compartment is there for its members alone: pages, lists, counts, search, tasks, clocks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors, services
from coordination.cases.models import Case, CaseCompartment, Deadline
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import SignIn
from tests.people import Cast, Glass

WHY = "A court ordered silence."
BOTH = pytest.mark.parametrize("kind", ["non_disclosure", "victim"])
Mark = Callable[..., CaseCompartment]


def _until(days: int = 30) -> datetime:
    return clock.now() + timedelta(days=days)


@pytest.fixture
def mark(case: Case, counsel: User) -> Mark:
    """Put the case under a compartment, by counsel, who is its first member."""

    def put(kind: str = "non_disclosure", *, until: datetime | None = None) -> CaseCompartment:
        return services.mark(case, compartment=kind, by=counsel, reason=WHY, until=until or _until())

    return put


def _sees(user: User, case: Case) -> bool:
    """Tell whether a case shows anywhere to somebody; wherever it does not, it shows nowhere."""
    tasks = [each.case for each in selectors.open_tasks_for(user)]
    seen = {
        "filter": selectors.visible_to(user).filter(pk=case.pk).exists(),
        "latest": case in selectors.latest_for(user),
        "count": selectors.count_for(user) == 1,
        "tasks": case in tasks,
        "clocks": selectors.running_deadlines_for(user).filter(case=case).exists(),
        "may": selectors.may(user, case, "view_case"),
    }
    assert len(set(seen.values())) == 1, seen
    return seen["may"]


@BOTH
def test_ins_a_case_under_a_compartment_is_invisible_to_everybody_else(  # noqa: PLR0917 - fixtures
    kind: str, case: Case, mark: Mark, counsel: User, cast: Cast, deadline: Deadline
) -> None:
    services.open_task(case, kind="warn_target", title="Warn them", role="safety_liaison")
    desk = ("safety_liaison", "senior_reviewer", "duty_officer", "auditor")
    others = [cast(role, username=f"other_{role}") for role in desk]
    assert all(_sees(person, case) for person in others)
    mark(kind)
    assert not any(_sees(person, case) for person in others)
    assert _sees(counsel, case)
    for person in others:
        with pytest.raises(NotFound):
            selectors.case_for(person, case.reference)
        with pytest.raises(NotFound):
            services.require_case(person, case, "work_case")


@BOTH
def test_ins_its_page_answers_as_a_missing_one(  # noqa: PLR0917 - fixtures
    kind: str, case: Case, mark: Mark, counsel: User, liaison: User, sign_in: SignIn
) -> None:
    compartment = mark(kind)
    outside, inside = sign_in(liaison), sign_in(counsel)
    hidden = outside.get(f"/admin/cases/case/{case.reference}/change/")
    missing = outside.get("/admin/cases/case/C-0000-0000/change/")
    assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)
    assert hidden.status_code == 404
    for address in ("/admin/", "/admin/cases/case/", f"/admin/search/?q={case.reference}"):
        said = outside.get(address).content.decode().replace(f"q={case.reference}", "")
        assert case.title not in said
    page = inside.get(f"/admin/cases/case/{case.reference}/change/").content.decode()
    assert "only its members see this case" in page
    assert WHY in inside.get(f"/admin/cases/casecompartment/{compartment.pk}/change/").content.decode()


def test_somebody_is_let_in_until_a_date_and_then_sees_nothing(
    case: Case, mark: Mark, counsel: User, liaison: User, deadline: Deadline
) -> None:
    services.open_task(case, kind="warn_target", title="Warn them", role="safety_liaison")
    compartment = mark()
    end = _until(7)
    services.admit(compartment, person=liaison, by=counsel, reason="She warns the target.", until=end)
    assert _sees(liaison, case)
    services.add_note(case, text="Called.", by=liaison)
    with clock.frozen(end):
        assert not _sees(liaison, case)
        with pytest.raises(NotFound):
            services.add_note(case, text="Once more.", by=liaison)
    entry = ledger.entries_about(case.reference).filter(action="cases.compartment_entered").last()
    assert entry is not None
    assert (entry.data["by"], entry.data["details"]["member"]) == (counsel.pk, liaison.pk)


def test_somebody_is_taken_out_at_once(case: Case, mark: Mark, counsel: User, liaison: User) -> None:
    member = services.admit(mark(), person=liaison, by=counsel, reason="Help.", until=_until())
    services.expel(member, by=counsel, reason="Not needed.")
    assert not selectors.may(liaison, case, "view_case")
    with pytest.raises(Conflict):
        services.expel(member, by=counsel, reason="Again.")


def test_who_is_in_one_of_two_compartments_sees_nothing(
    case: Case, mark: Mark, counsel: User, liaison: User
) -> None:
    first, second = mark("non_disclosure"), mark("victim")
    services.admit(first, person=liaison, by=counsel, reason="Help.", until=_until(9))
    assert not selectors.may(liaison, case, "view_case")
    services.admit(second, person=liaison, by=counsel, reason="Help.", until=_until(3))
    assert selectors.may(liaison, case, "view_case")
    with clock.frozen(_until(4)):
        assert not selectors.may(liaison, case, "view_case")
    services.lift(second, by=counsel, reason="The victim agreed.")
    with clock.frozen(_until(4)):
        assert selectors.may(liaison, case, "view_case")


def test_a_lifted_case_is_with_its_desk_again(
    case: Case, mark: Mark, counsel: User, liaison: User, reviewer: User
) -> None:
    services.assign(case, user=liaison, by=None)
    compartment = mark()
    services.lift(compartment, by=counsel, reason="The order ended.")
    assert selectors.may(reviewer, case, "work_case")
    assert selectors.may(liaison, case, "work_case")
    assert not selectors.is_hidden(case)


def test_nobody_is_let_in_by_the_ordinary_way(
    case: Case, mark: Mark, counsel: User, senior_reviewer: User, liaison: User
) -> None:
    mark()
    with pytest.raises(Refused, match="compartment"):
        services.grant(case, principal=liaison, by=counsel)
    with pytest.raises(InvalidInput, match="let them in first"):
        services.assign(case, user=liaison, by=counsel)
    with pytest.raises(NotFound):
        services.grant(case, principal=liaison, by=senior_reviewer)
    assert not selectors.may(liaison, case, "view_case")


def test_who_lets_in_is_a_member_who_may_and_never_lets_in_themselves(
    case: Case, mark: Mark, counsel: User, duty_counsel: User, liaison: User
) -> None:
    compartment = mark()
    enter: Any = {"reason": "Help.", "until": _until()}
    for person in (duty_counsel, liaison):
        with pytest.raises(NotFound):
            services.admit(compartment, person=person, by=duty_counsel, **enter)
    with pytest.raises(Refused, match="themselves"):
        services.admit(compartment, person=counsel, by=counsel, **enter)
    services.admit(compartment, person=liaison, by=counsel, **enter)
    with pytest.raises(NotFound):
        services.admit(compartment, person=duty_counsel, by=liaison, **enter)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_membership_ends_within_a_year(days: int, mark: Mark, counsel: User, liaison: User) -> None:
    compartment = mark()
    with pytest.raises(InvalidInput) as refused:
        services.admit(compartment, person=liaison, by=counsel, reason="Help.", until=_until(days))
    assert refused.value.field == "until"


def test_marking_takes_the_permission_for_this_compartment(
    case: Case, senior_reviewer: User, victim_liaison: User
) -> None:
    services.grant(case, principal=victim_liaison, by=None)
    put: Any = {"reason": WHY, "until": _until()}
    with pytest.raises(NotPermitted):
        services.mark(case, compartment="victim", by=senior_reviewer, **put)
    with pytest.raises(NotPermitted):
        services.mark(case, compartment="non_disclosure", by=victim_liaison, **put)
    services.mark(case, compartment="victim", by=victim_liaison, **put)
    with pytest.raises(Conflict):
        services.mark(case, compartment="victim", by=victim_liaison, **put)


def test_ins_break_glass_opens_no_compartment(
    case: Case, mark: Mark, duty_officer: User, break_glass: Glass
) -> None:
    mark()
    break_glass(duty_officer)
    assert not selectors.may(duty_officer, case, "view_case")
    assert selectors.count_for(duty_officer) == 0


def test_its_tasks_move_to_who_sees_it_still(case: Case, mark: Mark, counsel: User) -> None:
    task = services.open_task(case, kind="warn_target", title="Warn them", role="safety_liaison")
    mark()
    task.refresh_from_db()
    assert task.role == "counsel"
    assert task in selectors.waiting_for(counsel)


def test_a_compartment_is_never_left_without_a_keeper(
    case: Case, mark: Mark, counsel: User, duty_counsel: User, liaison: User
) -> None:
    compartment = mark(until=_until(2))
    [member] = selectors.members_of(compartment)
    with pytest.raises(Refused, match="let another in first"):
        services.expel(member, by=counsel, reason="I leave.")
    assert services.ask_for_keepers() == 0
    with clock.frozen(_until(3)):
        assert services.ask_for_keepers() == 1
        task = selectors.open_task("compartment_keeper", f"cases.casecompartment:{compartment.pk}")
        assert task is not None
        assert (task.case, case.reference in task.title + task.instructions) == (None, False)
        assert task in selectors.waiting_for(duty_counsel)
        services.admit(compartment, person=counsel, by=duty_counsel, reason="Take it on.", until=_until())
        assert selectors.may(counsel, case, "view_case")
        assert not selectors.may(duty_counsel, case, "view_case")
        assert selectors.open_task("compartment_keeper", task.about) is None


def test_ins_who_is_alone_in_a_compartment_is_asked_for_a_second(
    case: Case, mark: Mark, counsel: User, liaison: User
) -> None:
    compartment = mark()
    about = f"cases.casecompartment:{compartment.pk}"
    asked = selectors.open_task("compartment_alone", about)
    assert asked is not None
    assert (asked.case, asked.assignee, asked in selectors.waiting_for(counsel)) == (case, counsel, True)
    member = services.admit(compartment, person=liaison, by=counsel, reason="Help.", until=_until(3))
    assert selectors.open_task("compartment_alone", about) is None
    services.expel(member, by=counsel, reason="Not needed.")
    assert selectors.open_task("compartment_alone", about) is not None
    services.admit(compartment, person=liaison, by=counsel, reason="Help.", until=_until(3))
    with clock.frozen(_until(3)):
        services.ask_for_keepers()
        assert selectors.open_task("compartment_alone", about) is not None
        services.lift(compartment, by=counsel, reason="The order ended.")
        assert selectors.open_task("compartment_alone", about) is None


def test_ins_nobody_is_alone_in_a_compartment_for_longer_than_a_day(
    case: Case, mark: Mark, counsel: User, duty_counsel: User, liaison: User
) -> None:
    compartment = mark()
    enter: Any = {"person": liaison, "by": duty_counsel, "reason": "A second.", "until": _until(20)}
    with clock.frozen(_until(1) - timedelta(minutes=1)):
        assert services.ask_for_keepers() == 0
        with pytest.raises(NotFound):
            services.admit(compartment, **enter)
    with clock.frozen(_until(1)):
        assert services.ask_for_keepers() == 1
        [task] = [each for each in selectors.waiting_for(duty_counsel) if each.kind == "compartment_keeper"]
        assert (task.case, case.reference in task.title + task.instructions) == (None, False)
        assert compartment in selectors.compartments_for(duty_counsel, services.KEEP)
        for deed in (services.lift, lambda each, **said: services.expel(each.members.get(), **said)):
            with pytest.raises(NotFound):
                deed(compartment, by=duty_counsel, reason="I want to see it.")
        with pytest.raises(Refused, match="themselves"):
            services.admit(compartment, **enter | {"person": duty_counsel})
        services.admit(compartment, **enter)
        assert not selectors.may(duty_counsel, case, "view_case")
        assert services.ask_for_keepers() == 0
        assert compartment not in selectors.compartments_for(duty_counsel, services.KEEP)


def test_ins_a_second_compartment_leaves_nobody_alone_behind_two(
    case: Case, mark: Mark, counsel: User, liaison: User, custodian: User
) -> None:
    first, second = mark("non_disclosure"), mark("victim")
    services.admit(first, person=liaison, by=counsel, reason="Help.", until=_until())
    services.admit(second, person=custodian, by=counsel, reason="Help.", until=_until())
    assert selectors.insiders_of(case) == {counsel.pk}
    with clock.frozen(_until(1)):
        assert services.ask_for_keepers() == 2


def test_a_case_is_put_under_and_given_back_with_the_factor_shown(
    case: Case, counsel: User, sign_in: SignIn
) -> None:
    browser, at = sign_in(counsel), f"/admin/cases/case/{case.reference}/do/put_under/"
    put = {"compartment": "victim", "reason": WHY, "until": _until(9).date().isoformat()}
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert browser.post(at, put).status_code == 403
        assert not selectors.is_hidden(case)
        made = services.mark(case, compartment="victim", by=counsel, reason=WHY, until=_until())
        lift = f"/admin/cases/casecompartment/{made.pk}/do/lift/"
        assert browser.post(lift, {"reason": "Over."}).status_code == 403
        assert selectors.is_hidden(case)


def test_a_new_danger_opens_a_case_of_its_own_and_the_members_hear_of_it(
    case: Case, mark: Mark, counsel: User, liaison: User
) -> None:
    [subject] = selectors.subjects_of(case)
    mark()
    assert list(services.subjects_with_account(subject.account)) == []
    new = services.open_case("A new threat", by=None, accounts=[subject.account], priority="P0")
    told = [each for each in selectors.waiting_for(counsel) if each.kind == "subject_elsewhere"]
    assert [(each.case, each.priority) for each in told] == [(case, "P0")]
    assert new.reference in told[0].title
    assert case.reference not in " ".join(each.title for each in selectors.timeline(new))
    assert not [each for each in selectors.open_tasks_for(liaison) if each.case == case]


def test_the_desk_puts_a_case_under_lets_in_and_lifts(
    case: Case, counsel: User, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(counsel)
    day = _until(9).date().isoformat()
    at = f"/admin/cases/case/{case.reference}/do/put_under/"
    browser.post(at, {"compartment": "victim", "reason": WHY, "until": day})
    compartment = selectors.compartments_of(case).get()
    page = f"/admin/cases/casecompartment/{compartment.pk}/"
    browser.post(f"{page}do/admit/", {"person": liaison.pk, "reason": "Help.", "until": day})
    assert selectors.may(liaison, case, "view_case")
    outside = sign_in(liaison)
    assert outside.get(f"{page}change/").status_code == 404
    [member] = [each for each in selectors.members_of(compartment) if each.person == liaison]
    browser.post(f"{page}do/expel/", {"target": member.pk, "reason": "Done."})
    assert not selectors.may(liaison, case, "view_case")
    browser.post(f"{page}do/lift/", {"reason": "Over."})
    assert not selectors.is_hidden(case)


def test_who_may_not_keep_a_compartment_is_offered_nothing(
    case: Case, liaison: User, sign_in: SignIn
) -> None:
    page = sign_in(liaison).get(f"/admin/cases/case/{case.reference}/change/").content.decode()
    assert "put_under" not in page
    assert not access.has(liaison, "cases.keep_victim")
