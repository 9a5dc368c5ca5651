"""Letting somebody in takes two administrators: whoever proposes it never holds the link."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from coordination.access import selectors, services
from coordination.access.models import Enrolment, RoleChange, User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import SignIn
from tests.people import PASSWORD, Cast

WHY, SEEN = "She telephoned; a new laptop.", "I saw her and her badge."
LINK = re.compile(r"/account/enrol/#([\w-]+)")


@pytest.fixture
def second(cast: Cast) -> User:
    """Another administrator."""
    return cast("administrator", username="second")


@pytest.fixture
def proposed(liaison: User, administrator: User) -> RoleChange:
    return services.propose_way_in(liaison, by=administrator, reason=WHY)


def _now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def _deeds(user: User) -> list[tuple[str, object]]:
    return [(leaf.action, leaf.data["by"]) for leaf in ledger.entries_about(f"user:{user.pk}")]


def test_ins_a_way_in_is_given_by_a_second_administrator_who_says_how_they_know(
    proposed: RoleChange, liaison: User, administrator: User, second: User
) -> None:
    task = cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}")
    assert task is not None
    assert "a way in" in task.title
    assert not Enrolment.objects.exists()
    with pytest.raises(InvalidInput) as refused:
        services.approve_way_in(proposed, by=second, reason=" ")
    assert refused.value.field == "reason"
    enrolment, plain = services.approve_way_in(proposed, by=second, reason=SEEN)
    assert (enrolment.issued_by, enrolment.change) == (second, proposed)
    assert services.enrol(plain, password=PASSWORD) == liaison
    proposed.refresh_from_db()
    assert (proposed.reason, proposed.decision_reason) == (WHY, SEEN)
    assert cases.open_task("decide_roles", f"access.rolechange:{proposed.pk}") is None
    assert _deeds(liaison)[-4:-1] == [
        ("access.way_in_proposed", administrator.pk),
        ("access.way_in_approved", second.pk),
        ("access.enrolment_issued", second.pk),
    ]


def test_ins_neither_the_proposer_nor_the_person_nor_others_let_in(
    proposed: RoleChange, cast: Cast, administrator: User, liaison: User, counsel: User
) -> None:
    with pytest.raises(Refused, match="Another administrator"):
        services.approve_way_in(proposed, by=administrator, reason=SEEN)
    for person in (liaison, counsel):
        with pytest.raises(NotPermitted):
            services.approve_way_in(proposed, by=person, reason=SEEN)
        with pytest.raises(NotPermitted):
            services.propose_way_in(counsel, by=person, reason=WHY)
    other = cast("administrator", username="other")
    with pytest.raises(Refused):
        services.propose_way_in(other, by=other, reason=WHY)
    assert not Enrolment.objects.exists()


def test_a_way_in_is_given_once_and_not_after_three_days(proposed: RoleChange, second: User) -> None:
    with clock.frozen(proposed.expires_at), pytest.raises(Refused, match="expired"):
        services.approve_way_in(proposed, by=second, reason=SEEN)
    services.approve_way_in(proposed, by=second, reason=SEEN)
    with pytest.raises(IllegalTransition):
        services.approve_way_in(proposed, by=second, reason=SEEN)


def test_one_kind_is_not_approved_as_another(
    proposed: RoleChange, second: User, liaison: User, reviewer: User
) -> None:
    with pytest.raises(InvalidInput, match="a way in"):
        services.approve_roles(proposed, by=second)
    with pytest.raises(InvalidInput, match="a way in"):
        services.approve_enabling(proposed, by=second)
    assert _now(liaison).role_names == ["safety_liaison"]


def test_a_way_in_and_roles_wait_beside_each_other(
    proposed: RoleChange, liaison: User, administrator: User
) -> None:
    services.set_roles(liaison, ["safety_liaison", "reviewer"], by=administrator, reason=WHY)
    assert {each.kind for each in selectors.waiting_for(liaison)} == {"way_in", "roles"}
    newer = services.propose_way_in(liaison, by=administrator, reason=WHY)
    assert {each.pk for each in selectors.waiting_for(liaison)} >= {newer.pk}
    proposed.refresh_from_db()
    assert proposed.state == "withdrawn"


def test_nobody_without_a_place_on_the_desk_is_let_in(
    police_officer: User, liaison: User, administrator: User, second: User, proposed: RoleChange
) -> None:
    with pytest.raises(InvalidInput, match="role on the desk"):
        services.propose_way_in(police_officer, by=administrator, reason=WHY)
    services.change_person(liaison, by=administrator, alias="", is_active=False)
    with pytest.raises(InvalidInput, match="disabled"):
        services.propose_way_in(_now(liaison), by=administrator, reason=WHY)
    with pytest.raises(Refused, match="disabled"):
        services.approve_way_in(proposed, by=second, reason=SEEN)


def test_ins_no_administrator_chooses_a_password_for_another(administrator: User) -> None:
    with pytest.raises(Refused, match="their own password"):
        services.create_person("somebody.new", by=administrator, password=PASSWORD)
    assert not User.objects.filter(username="somebody.new").exists()


def test_the_database_refuses_a_way_in_that_one_person_gave(liaison: User, administrator: User) -> None:
    now = clock.now()
    given: dict[str, Any] = {"user": liaison, "digest": "x", "issued_at": now, "expires_at": now}
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(issued_by=administrator, **given)


def test_ins_enabling_takes_two_and_disabling_one(liaison: User, administrator: User, second: User) -> None:
    services.change_person(liaison, by=administrator, alias="", is_active=False)
    with pytest.raises(Refused, match="takes two"):
        services.change_person(liaison, by=administrator, alias="", is_active=True)
    change = services.enable(_now(liaison), by=administrator, reason=WHY)
    assert change is not None
    assert not _now(liaison).is_active
    with pytest.raises(Refused, match="Another administrator"):
        services.approve_enabling(change, by=administrator)
    services.approve_enabling(change, by=second)
    assert _now(liaison).is_active
    assert _deeds(liaison)[-1] == ("access.person_enabled", second.pk)
    with pytest.raises(Conflict):
        services.enable(_now(liaison), by=administrator, reason=WHY)


def test_V6_4_4_starting_anew_takes_at_once_and_gives_with_two_who_say_how_they_know(
    liaison: User, administrator: User, second: User, sign_in: SignIn
) -> None:
    services.give_totp(liaison)
    page = f"/admin/access/user/{liaison.pk}/do/start_anew/"
    first = sign_in(administrator)
    assert "This field is required" in first.post(page, {"reason": ""}).content.decode()
    assert selectors.has_factor(liaison)
    answer = first.post(page, {"reason": WHY}, follow=True)
    assert not LINK.search(answer.content.decode())
    assert not selectors.has_factor(liaison)
    assert not _now(liaison).has_usable_password()
    [change] = selectors.waiting_for(liaison)
    decide = f"/admin/access/rolechange/{change.pk}/do/approve_way_in/"
    first.post(decide, {"reason": SEEN})
    assert not Enrolment.objects.exists(), "the same person twice"
    other = sign_in(second)
    assert "This field is required" in other.post(decide, {"reason": ""}).content.decode()
    shown = other.post(decide, {"reason": SEEN})
    found = LINK.search(shown.content.decode())
    assert found is not None
    assert "no-store" in shown["Cache-Control"]
    assert Client().get(found[0]).status_code == 200
    assert LINK.search(other.get(f"/admin/access/rolechange/{change.pk}/change/").content.decode()) is None
    entry = ledger.entries_about(f"user:{liaison.pk}").get(action="access.way_in_approved")
    assert entry.data["details"]["reason_digest"]


def test_each_page_offers_the_decision_that_is_asked_for(
    proposed: RoleChange, administrator: User, second: User, sign_in: SignIn
) -> None:
    address = f"/admin/access/rolechange/{proposed.pk}/change/"
    shown = sign_in(second).get(address).content.decode()
    acts = set(re.findall(r"/do/(\w+)/", shown))
    assert acts == {"approve_way_in", "decline"}
    assert set(re.findall(r"/do/(\w+)/", sign_in(administrator).get(address).content.decode())) == {
        "withdraw"
    }


def test_where_no_two_are_left_the_owners_shell_lets_in_and_the_ledger_says_so(
    administrator: User, liaison: User
) -> None:
    services.give_totp(administrator)
    services.change_person(liaison, by=administrator, alias="", is_active=False)
    for name, more in ((administrator.username, ["--anew"]), (liaison.username, [])):
        said = StringIO()
        call_command("let_in", name.upper(), *more, stdout=said)
        found = LINK.search(said.getvalue())
        assert found is not None
        services.enrol(found[1], password=PASSWORD)
    assert not selectors.has_factor(administrator)
    assert _now(liaison).is_active
    entries = [leaf.data for leaf in ledger.entries_about(f"user:{liaison.pk}")][-3:-1]
    assert [(each["action"], each["by"], each["details"]["set_up"]) for each in entries] == [
        ("access.person_enabled", "system", True),
        ("access.enrolment_issued", "system", True),
    ]


def test_the_owners_shell_says_whom_it_does_not_let_in(police_officer: User) -> None:
    with pytest.raises(CommandError, match="Nobody"):
        call_command("let_in", "no.such.person")
    with pytest.raises(CommandError, match="role on the desk"):
        call_command("let_in", police_officer.username)


def test_a_proposal_lasts_three_days(proposed: RoleChange) -> None:
    assert proposed.expires_at - proposed.proposed_at == timedelta(days=3)
