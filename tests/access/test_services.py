"""Rights come from roles, administrators act and are recorded, and nobody acts on themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from coordination.access import selectors, services
from coordination.access.models import ApiToken, User
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger

APPROVE = "referrals.approve_referral"
DAY = timedelta(days=1)


def _deeds(subject: str) -> list[str]:
    return [leaf.action for leaf in ledger.entries_about(subject)]


def test_a_person_may_what_their_role_may(senior_reviewer: User, reviewer: User) -> None:
    services.require(senior_reviewer, APPROVE)
    assert not services.has(reviewer, APPROVE)
    with pytest.raises(NotPermitted):
        services.require(reviewer, APPROVE)


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_nobody_may_nothing(nobody: Any) -> None:
    assert not services.has(nobody, APPROVE)


def test_a_disabled_person_may_nothing(senior_reviewer: User, administrator: User) -> None:
    services.change_person(senior_reviewer, by=administrator, alias="", is_active=False)
    assert not services.has(User.objects.get(pk=senior_reviewer.pk), APPROVE)


def test_an_outsider_on_the_staff_may_nothing(outsider: User) -> None:
    assert outsider.is_staff
    assert outsider.get_all_permissions() == set()


def test_creating_a_person_is_recorded_without_their_name(administrator: User) -> None:
    person = services.create_person(
        "mina",
        by=administrator,
        roles=["reviewer"],
        reason="Mina starts on Monday.",
        first_name="Mina",
        last_name="Sato",
        email="mina@lanternchat.example",
    )
    assert person.role_names == []
    assert not person.is_staff
    assert not person.has_usable_password()
    assert _deeds(f"user:{person.pk}") == ["access.person_created", "access.roles_proposed"]
    assert not any(b"ina" in bytes(leaf.entry) for leaf in ledger.entries_about(f"user:{person.pk}"))


def test_only_an_administrator_creates_people(liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.create_person("mina", by=liaison)


def test_a_user_name_is_taken_in_any_case(liaison: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.create_person("LIAISON", by=None)
    assert refused.value.field == "username"


@pytest.mark.parametrize("password", ["short", "password1234", "correcthorse"])
def test_a_weak_password_is_refused(db: None, password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.create_person("correcthorse1", by=None, password=password)
    assert refused.value.field == "password"
    assert not User.objects.exists()


def test_setting_the_same_roles_is_no_event(administrator: User, reviewer: User) -> None:
    before = ledger.count()
    services.set_roles(reviewer, ["reviewer"], by=administrator)
    assert ledger.count() == before


def test_nobody_changes_their_own_roles(administrator: User) -> None:
    with pytest.raises(Refused):
        services.set_roles(administrator, ["duty_officer"], by=administrator)


def test_nobody_disables_themselves(administrator: User) -> None:
    with pytest.raises(Refused):
        services.change_person(administrator, by=administrator, alias="", is_active=False)


def test_only_an_administrator_changes_people(liaison: User, reviewer: User) -> None:
    with pytest.raises(NotPermitted):
        services.set_roles(reviewer, ["duty_officer"], by=liaison)
    with pytest.raises(NotPermitted):
        services.change_person(reviewer, by=liaison, alias="x", is_active=True)


@pytest.mark.parametrize("roles", [["king"], ["reviewer", "officer"]])
def test_roles_that_make_no_sense_are_refused(administrator: User, reviewer: User, roles: list[str]) -> None:
    with pytest.raises(InvalidInput):
        services.set_roles(reviewer, roles, by=administrator)
    assert User.objects.get(pk=reviewer.pk).role_names == ["reviewer"]


def test_losing_all_roles_closes_the_desk(administrator: User, reviewer: User) -> None:
    services.set_roles(reviewer, [], by=administrator)
    assert not User.objects.get(pk=reviewer.pk).is_staff


def test_a_change_of_person_is_recorded_for_what_it_was(administrator: User, reviewer: User) -> None:
    services.change_person(reviewer, by=administrator, alias="R.", is_active=False)
    services.enable(User.objects.get(pk=reviewer.pk), by=None)
    services.change_person(reviewer, by=administrator, alias="R.", is_active=True)
    assert _deeds(f"user:{reviewer.pk}")[2:] == [
        "access.person_disabled",
        "access.alias_changed",
        "access.person_enabled",
    ]


def test_outside_one_is_called_by_the_alias(liaison: User, reviewer: User) -> None:
    assert liaison.shown_outside == "L. at the desk"
    assert reviewer.shown_outside == str(reviewer) == "Rui Tanaka"
    assert str(User(username="bare")) == "bare"


def _issue(user: User, **changes: Any) -> tuple[ApiToken, str]:
    given: dict[str, Any] = {"by": None, "name": "portal", "scopes": ["read"], "expires_in": DAY}
    return services.issue_token(user, **(given | changes))


def test_a_token_is_shown_once_and_kept_as_a_digest(police_officer: User, administrator: User) -> None:
    token, plain = _issue(police_officer, by=administrator, scopes=["respond", "read", "read"])
    kept = ApiToken.objects.get(pk=token.pk)
    assert len(plain) == 64
    assert plain not in (kept.digest, kept.reference, kept.name)
    assert kept.scopes == ["read", "respond"]
    assert kept.allows("read")
    assert not kept.allows("flag")
    assert kept.reference.startswith("T-")
    assert kept.issued_by == administrator
    assert str(kept) == f"{kept.reference} portal"
    assert selectors.token_presented(plain.encode()) == kept


def test_a_tokens_life_is_recorded_without_the_token(police_officer: User, administrator: User) -> None:
    token, plain = _issue(police_officer, by=administrator)
    services.revoke_token(token, by=administrator, reason="It was lost.")
    assert _deeds(token.reference) == ["access.token_issued", "access.token_revoked"]
    for leaf in ledger.entries_about(token.reference):
        assert plain[:15].encode() not in bytes(leaf.entry)
        assert token.digest.encode() not in bytes(leaf.entry)
        assert leaf.data["details"]["user"] == police_officer.pk


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", []),
        ("scopes", ["read", "everything"]),
        ("name", "  "),
        ("expires_in", timedelta(0)),
        ("expires_in", -DAY),
        ("expires_in", timedelta(days=367)),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(police_officer: User, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        _issue(police_officer, **{field: value})
    assert refused.value.field == field
    assert not ApiToken.objects.exists()


def test_a_disabled_person_gets_no_token(police_officer: User) -> None:
    police_officer.is_active = False
    with pytest.raises(InvalidInput):
        _issue(police_officer)


def test_only_an_administrator_issues_and_revokes(police_officer: User, liaison: User) -> None:
    with pytest.raises(NotPermitted):
        _issue(police_officer, by=liaison)
    token, _ = _issue(police_officer)
    with pytest.raises(NotPermitted):
        services.revoke_token(token, by=liaison, reason="It was lost.")


def test_a_token_is_revoked_once(police_officer: User) -> None:
    token, plain = _issue(police_officer)
    services.revoke_token(token, by=None, reason="It was lost.")
    assert selectors.live_token(plain.encode()) is None
    with pytest.raises(Conflict):
        services.revoke_token(token, by=None, reason="It was lost.")


def test_a_token_ends_on_time(police_officer: User) -> None:
    now = clock.now()
    with clock.frozen(now):
        _, plain = _issue(police_officer)
    with clock.frozen(now + DAY - timedelta(seconds=1)):
        assert selectors.live_token(plain.encode()) is not None
    with clock.frozen(now + DAY):
        assert selectors.live_token(plain.encode()) is None


def test_tokens_of_a_person_are_listed_with_the_dead_ones(police_officer: User) -> None:
    first, _ = _issue(police_officer)
    second, _ = _issue(police_officer)
    services.revoke_token(first, by=None, reason="It was lost.")
    assert list(selectors.tokens_of(police_officer)) == [second, first]


def test_a_name_changed_from_an_old_page_enables_nobody(liaison: User, administrator: User) -> None:
    before = User.objects.get(pk=liaison.pk)
    services.change_person(liaison, by=administrator, is_active=False)
    assert before.is_active
    changed = services.change_person(before, by=administrator, alias="L.")
    assert (changed.alias, changed.is_active) == ("L.", False)
