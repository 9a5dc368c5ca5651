"""People and tokens on the desk: administrators act through services, auditors look, others see nothing."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from coordination.access import selectors, services
from coordination.access.models import ApiToken, User
from coordination.ledger import selectors as ledger
from tests.doors import signed_in
from tests.people import Cast

PEOPLE = "/admin/access/user/"


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    return _as(client, administrator)


def _as(client: Client, user: User) -> Client:
    signed_in(user, client)
    return client


def _page(user: User) -> str:
    return f"{PEOPLE}{user.pk}/change/"


def _do(client: Client, user: User, act: str, **data: Any) -> Any:
    return client.post(f"{PEOPLE}{user.pk}/do/{act}/", data, follow=True)


def test_an_administrator_sees_the_people_and_their_roles(desk: Client, reviewer: User) -> None:
    listed = desk.get(PEOPLE).content.decode()
    assert "Rui Tanaka" in listed
    shown = desk.get(_page(reviewer)).content.decode()
    assert "reviewer" in shown
    assert "Issue a token" in shown


def test_the_list_of_people_says_the_zone_of_every_time(desk: Client, reviewer: User) -> None:
    last = datetime(2026, 3, 6, 23, 12, tzinfo=UTC)
    User.objects.filter(pk=reviewer.pk).update(last_login=last)
    listed = desk.get(PEOPLE).content.decode()
    assert "2026-03-06 23:12 UTC" in listed
    assert desk.get(f"{PEOPLE}?o=6").status_code == 200, "and is sorted by it"


def test_an_auditor_looks_and_is_offered_nothing(client: Client, auditor: User, reviewer: User) -> None:
    shown = _as(client, auditor).get(_page(reviewer)).content.decode()
    assert "Rui Tanaka" in shown
    assert "<form" not in shown.split("<main")[-1].replace('id="logout-form"', "")
    assert _do(client, reviewer, "disable").status_code == 403
    refused = client.get(f"{PEOPLE}add/")
    assert refused.status_code == 403
    assert "Your role does not allow this" in refused.content.decode()
    assert User.objects.get(pk=reviewer.pk).is_active


@pytest.mark.parametrize("who", ["liaison", "counsel", "outsider"])
def test_others_see_nothing(request: pytest.FixtureRequest, client: Client, who: str) -> None:
    user = request.getfixturevalue(who)
    _as(client, user)
    assert client.get(PEOPLE).status_code == 403
    assert client.get(_page(user)).status_code == 404


def test_a_person_is_created_and_their_roles_are_proposed(desk: Client) -> None:
    data = {"username": "mina", "first_name": "Mina", "roles": ["reviewer"], "reason": "New."}
    answer = desk.post(f"{PEOPLE}add/", data, follow=True)
    mina = User.objects.get(username="mina")
    assert answer.redirect_chain == [(_page(mina), 302)]
    assert (mina.role_names, mina.has_usable_password()) == ([], False)
    assert "another administrator decides" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"username": "administrator"}, "Somebody has this user name."),
        ({"username": "m", "roles": ["reviewer", "officer"]}, "on the desk and outside"),
        ({"username": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_with_a_new_person_is_said_at_the_field(
    desk: Client, data: dict[str, Any], said: str
) -> None:
    before = User.objects.count()
    answer = desk.post(f"{PEOPLE}add/", data)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert User.objects.count() == before


def test_roles_are_proposed_on_one_page_and_given_on_another(
    desk: Client, reviewer: User, administrator: User, cast: Cast
) -> None:
    roles = ["reviewer", "senior_reviewer"]
    shown = _do(desk, reviewer, "change_roles", roles=roles, reason="Passed the course.").content.decode()
    assert User.objects.get(pk=reviewer.pk).role_names == ["reviewer"]
    assert f"proposed by {administrator}" in shown
    change = selectors.waiting_change_of(reviewer)
    assert change is not None
    page = f"/admin/access/rolechange/{change.pk}"
    assert f"{page}/do/approve/" not in desk.get(f"{page}/change/").content.decode()
    second = Client()
    signed_in(cast("administrator", username="second"), second)
    assert str(reviewer) in second.get("/admin/access/rolechange/").content.decode()
    assert "Passed the course." in second.get(f"{page}/change/").content.decode()
    second.post(f"{page}/do/approve/")
    assert User.objects.get(pk=reviewer.pk).role_names == roles


def test_nobody_is_offered_what_would_be_done_to_themselves(desk: Client, administrator: User) -> None:
    shown = desk.get(_page(administrator)).content.decode()
    assert "/do/change_roles/" not in shown
    assert "/do/disable/" not in shown
    _do(desk, administrator, "change_roles", roles=["duty_officer"])
    assert User.objects.get(pk=administrator.pk).role_names == ["administrator"]


def test_a_person_is_disabled_by_one_and_enabled_by_two(desk: Client, reviewer: User, cast: Cast) -> None:
    _do(desk, reviewer, "disable")
    assert not User.objects.get(pk=reviewer.pk).is_active
    shown = _do(desk, reviewer, "enable", reason="Back from leave.").content.decode()
    assert "Another administrator decides" in shown
    [change] = selectors.waiting_for(reviewer)
    second = signed_in(cast("administrator", username="second"))
    second.post(f"/admin/access/rolechange/{change.pk}/do/approve_enabling/")
    assert User.objects.get(pk=reviewer.pk).is_active
    _do(desk, reviewer, "change_alias", alias="R. at the desk")
    assert User.objects.get(pk=reviewer.pk).shown_outside == "R. at the desk"


def test_a_token_is_shown_once_and_never_again(desk: Client, police_officer: User) -> None:
    answer = _do(desk, police_officer, "issue_token", name="portal", scopes=["read", "respond"], days="30")
    found = re.search(r"<code>([0-9a-f]{64})</code>", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    token = selectors.token_presented(found[1].encode())
    assert token is not None
    assert "before another administrator" in answer.content.decode()
    assert (token.user, token.scopes) == (police_officer, ["read", "respond"])
    for again in (desk.get(_page(police_officer)), desk.get(PEOPLE)):
        assert found[1] not in again.content.decode()
        assert found[1] not in str(desk.session.items())
    assert token.reference in desk.get(_page(police_officer)).content.decode()


def test_a_token_that_makes_no_sense_is_not_issued(desk: Client, police_officer: User) -> None:
    answer = _do(desk, police_officer, "issue_token", name="portal", scopes=["everything"], days="0")
    assert answer.status_code == 200
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_from_the_page_of_its_person_only(
    desk: Client, police_officer: User, reviewer: User
) -> None:
    token, plain = services.issue_token(
        police_officer, by=None, name="portal", scopes=["read"], expires_in=services.LONGEST_TOKEN_LIFE
    )
    _do(desk, reviewer, "revoke_token", target=token.reference, reason="It was lost.")
    assert selectors.live_token(plain.encode()) is not None
    _do(desk, police_officer, "revoke_token", target=token.reference, reason="It was lost.")
    assert selectors.live_token(plain.encode()) is None
    assert [leaf.action for leaf in ledger.entries_about(token.reference)][-1] == "access.token_revoked"


def test_nobody_is_deleted(desk: Client, reviewer: User) -> None:
    assert desk.post(f"{PEOPLE}{reviewer.pk}/delete/", {"post": "yes"}).status_code == 404
    assert User.objects.filter(pk=reviewer.pk).exists()
