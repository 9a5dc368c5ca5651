"""Tokens over their life: rotated with an overlap, revoked for a reason, no longer than allowed."""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access import selectors, services
from coordination.access.models import ApiToken, User
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger

DAY = timedelta(days=1)


@pytest.fixture
def token(police_officer: User) -> tuple[ApiToken, str]:
    return services.issue_token(
        police_officer, by=None, name="portal", scopes=["read", "respond"], expires_in=30 * DAY
    )


def _opens(plain: str) -> bool:
    return selectors.live_token(plain.encode()) is not None


def test_after_a_rotation_both_open_and_then_the_new_one_alone(
    token: tuple[ApiToken, str], administrator: User
) -> None:
    old, plain = token
    successor, new_plain = services.rotate_token(old, by=administrator, overlap=2 * DAY)
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
    assert [each.action for each in ledger.entries_about(successor.reference)] == ["access.token_issued"]


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
