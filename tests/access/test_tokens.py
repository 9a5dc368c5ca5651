"""Tokens over their life: rotated with an overlap, revoked for a reason, no longer than allowed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from coordination.access import jobs, selectors, services
from coordination.access.models import ApiToken, User
from coordination.access.services import Role
from coordination.cases import selectors as cases
from coordination.cases import services as tasks
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import SignIn
from tests.people import Cast

DAY = timedelta(days=1)
HOW = "I called them on the number in our directory."


@pytest.fixture
def token(police_officer: User) -> tuple[ApiToken, str]:
    return services.issue_token(
        police_officer, by=None, name="portal", scopes=["read", "respond"], expires_in=30 * DAY
    )


@pytest.fixture
def second(cast: Cast) -> User:
    """The other administrator."""
    return cast(Role.ADMINISTRATOR, username="second")


def _opens(plain: str) -> bool:
    return selectors.live_token(plain.encode()) is not None


def test_ins_a_token_ends_when_its_person_joins_the_desk(
    token: tuple[ApiToken, str], police_officer: User, administrator: User, second: User
) -> None:
    """Nobody is on the desk and outside it: whoever approves a referral must not acknowledge it too."""
    change = services.set_roles(police_officer, ["reviewer"], by=administrator, reason="Works here now.")
    assert change is not None
    assert _opens(token[1]), "until it is decided, they are outside"
    services.approve_roles(change, by=second)
    assert not _opens(token[1])
    token[0].refresh_from_db()
    assert token[0].why_dead == "revoked"
    assert "access.token_revoked" in [each.action for each in ledger.entries_about(token[0].reference)]


def test_after_a_rotation_both_open_and_then_the_new_one_alone(
    token: tuple[ApiToken, str], administrator: User, second: User
) -> None:
    old, plain = token
    successor, new_plain = services.rotate_token(old, by=administrator, overlap=2 * DAY)
    assert not _opens(new_plain)
    services.confirm_token(successor, by=second, how=HOW)
    assert (successor.name, successor.scopes, successor.user) == (old.name, old.scopes, old.user)
    assert successor.replaces == old
    assert plain != new_plain
    assert _opens(plain)
    assert _opens(new_plain)
    with clock.frozen(clock.now() + 2 * DAY):
        assert not _opens(plain)
        assert _opens(new_plain)
    assert successor.expiry is not None
    assert abs(successor.expiry - clock.now() - 30 * DAY) < timedelta(minutes=1)
    actions = [each.action for each in ledger.entries_about(old.reference)]
    assert actions == ["access.token_issued", "access.token_rotated"]
    actions = [each.action for each in ledger.entries_about(successor.reference)]
    assert actions == ["access.token_issued", "access.token_confirmed"]


def test_without_an_overlap_the_old_one_ends_at_once(token: tuple[ApiToken, str]) -> None:
    _, new_plain = services.rotate_token(token[0], by=None, overlap=timedelta(0))
    assert not _opens(token[1])
    assert _opens(new_plain)


def test_an_overlap_never_lengthens_a_life(police_officer: User) -> None:
    old, plain = services.issue_token(
        police_officer, by=None, name="short", scopes=["read"], expires_in=timedelta(hours=1)
    )
    services.rotate_token(old, by=None, overlap=DAY)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert not _opens(plain)


def test_a_token_has_one_successor(token: tuple[ApiToken, str]) -> None:
    services.rotate_token(token[0], by=None)
    with pytest.raises(Conflict):
        services.rotate_token(token[0], by=None)


def test_what_opens_nothing_is_not_rotated(token: tuple[ApiToken, str]) -> None:
    services.revoke_token(token[0], by=None, reason="It was lost.")
    with pytest.raises(Refused):
        services.rotate_token(token[0], by=None)


@pytest.mark.parametrize("overlap", [-DAY, timedelta(days=15)])
def test_an_overlap_has_bounds(token: tuple[ApiToken, str], overlap: timedelta) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.rotate_token(token[0], by=None, overlap=overlap)
    assert refused.value.field == "overlap"


def test_only_an_administrator_rotates(token: tuple[ApiToken, str], liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.rotate_token(token[0], by=liaison)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_token_is_revoked_for_a_reason(token: tuple[ApiToken, str], reason: str) -> None:
    with pytest.raises(InvalidInput):
        services.revoke_token(token[0], by=None, reason=reason)
    assert _opens(token[1])


def test_an_installation_may_ask_for_shorter_lives_and_never_for_longer(
    police_officer: User, settings: Any
) -> None:
    settings.API_TOKEN_LONGEST_DAYS = 30
    with pytest.raises(InvalidInput):
        services.issue_token(police_officer, by=None, name="x", scopes=["read"], expires_in=31 * DAY)
    settings.API_TOKEN_LONGEST_DAYS = 5_000
    assert services.longest_token_life() == services.LONGEST_TOKEN_LIFE


def test_a_rotation_keeps_to_the_length_that_is_allowed_now(
    token: tuple[ApiToken, str], settings: Any
) -> None:
    settings.API_TOKEN_LONGEST_DAYS = 7
    successor, _ = services.rotate_token(token[0], by=None)
    assert successor.expiry is not None
    assert successor.expiry <= clock.now() + 7 * DAY


def test_nobody_of_the_desk_has_a_token_in_whose_name_another_acts(
    liaison: User, administrator: User
) -> None:
    with pytest.raises(InvalidInput, match="gets no token"):
        services.issue_token(
            liaison, by=administrator, name="flags", scopes=["flag"], expires_in=timedelta(days=1)
        )


def _issued(user: User, by: User) -> tuple[ApiToken, str]:
    return services.issue_token(user, by=by, name="portal", scopes=["read"], expires_in=30 * DAY)


def test_ins_a_token_opens_nothing_before_a_second_administrator_confirms_it(
    police_officer: User, administrator: User, second: User, liaison: User
) -> None:
    token, plain = _issued(police_officer, administrator)
    assert token.why_dead == "unconfirmed"
    assert not _opens(plain)
    with pytest.raises(Refused, match="Whoever issued"):
        services.confirm_token(token, by=administrator, how=HOW)
    with pytest.raises(NotPermitted):
        services.confirm_token(token, by=liaison, how=HOW)
    with pytest.raises(InvalidInput):
        services.confirm_token(token, by=second, how="  ")
    assert not _opens(plain)
    services.confirm_token(token, by=second, how=HOW)
    assert _opens(plain)
    with pytest.raises(Refused, match="does not wait"):
        services.confirm_token(token, by=second, how=HOW)


def test_a_token_that_nobody_confirms_never_opens(
    police_officer: User, administrator: User, second: User
) -> None:
    token, _ = _issued(police_officer, administrator)
    with clock.frozen(clock.now() + 3 * DAY), pytest.raises(Refused, match="does not wait"):
        services.confirm_token(token, by=second, how=HOW)
    revoked, _ = _issued(police_officer, administrator)
    services.revoke_token(revoked, by=second, reason="Nobody knows of it.")
    with pytest.raises(Refused, match="does not wait"):
        services.confirm_token(revoked, by=second, how=HOW)
    other, _ = _issued(police_officer, administrator)
    administrator.groups.clear()
    with pytest.raises(Refused, match="no administrator any more"):
        services.confirm_token(other, by=second, how=HOW)


def test_what_nobody_confirms_in_time_is_revoked_and_its_task_ends(
    police_officer: User, administrator: User, second: User
) -> None:
    waiting, _ = _issued(police_officer, administrator)
    live, plain = services.issue_token(
        police_officer, by=None, name="portal", scopes=["read"], expires_in=30 * DAY
    )
    jobs.end_unconfirmed(0)
    assert services.end_unconfirmed(clock.now()) == 0
    assert [each.kind for each in cases.waiting_for(second)] == ["confirm_token"]
    with clock.frozen(clock.now() + 3 * DAY):
        assert services.end_unconfirmed(clock.now()) == 1
        assert services.end_unconfirmed(clock.now()) == 0
        assert list(cases.waiting_for(second)) == []
        assert _opens(plain)
    waiting.refresh_from_db()
    live.refresh_from_db()
    assert (waiting.why_dead, live.why_dead) == ("revoked", "")


def test_the_one_that_is_replaced_goes_on_until_its_successor_is_confirmed(
    token: tuple[ApiToken, str], administrator: User, second: User
) -> None:
    old, plain = token
    successor, new_plain = services.rotate_token(old, by=administrator, overlap=timedelta(0))
    assert (_opens(plain), _opens(new_plain)) == (True, False)
    services.confirm_token(successor, by=second, how=HOW)
    assert (_opens(plain), _opens(new_plain)) == (False, True)


def test_the_database_refuses_a_token_that_one_person_gave(police_officer: User, administrator: User) -> None:
    token, _ = _issued(police_officer, administrator)
    token.confirmed_by, token.confirmed_at = administrator, clock.now()
    with pytest.raises(IntegrityError, match="access_token_takes_two"), transaction.atomic():
        token.save(update_fields=["confirmed_by", "confirmed_at"])


def test_the_other_administrators_have_a_task_until_no_token_waits(
    police_officer: User, administrator: User, second: User
) -> None:
    (first, _), (other, _) = (_issued(police_officer, administrator) for _ in range(2))
    [task] = [each for each in cases.waiting_for(second) if each.kind == "confirm_token"]
    assert first.reference in task.title
    with pytest.raises(Refused, match="on its own page"):
        tasks.complete_task(task, by=second, outcome="Done.")
    services.confirm_token(first, by=second, how=HOW)
    assert task in cases.waiting_for(second)
    services.revoke_token(other, by=second, reason="Not known there.")
    assert task not in cases.waiting_for(second)


def test_an_unconfirmed_token_is_refused_by_the_api_and_confirmed_on_the_page_of_its_person(
    police_officer: User, administrator: User, second: User, sign_in: SignIn, client: Client
) -> None:
    token, plain = _issued(police_officer, administrator)
    headers = {"Authorization": f"Bearer {plain}"}
    assert client.get("/api/v1/messages", headers=headers).status_code == 401
    page = f"/admin/access/user/{police_officer.pk}/"
    data = {"target": token.reference, "reason": HOW}
    assert "do/confirm_token/" not in sign_in(administrator).get(f"{page}change/").content.decode()
    sign_in(administrator).post(f"{page}do/confirm_token/", data)
    assert client.get("/api/v1/messages", headers=headers).status_code == 401
    assert "do/confirm_token/" in sign_in(second).get(f"{page}change/").content.decode()
    sign_in(second).post(f"{page}do/confirm_token/", data)
    assert _opens(plain)
