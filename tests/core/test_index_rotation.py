"""Replacing the key of the blind indexes: people and accounts are found all the while, and afterwards."""

import base64
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BinaryField

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.models import Subject
from coordination.cases.services import Case
from coordination.core import clock, sealing
from coordination.desk.management.commands.rotate_index_key import INDEXED
from coordination.ledger.selectors import latest
from coordination.restrictions import services as restrictions
from coordination.restrictions.models import Preservation, ProtectiveOrder, Restriction
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.triage.conftest import FLAG

ONE, TWO = (base64.b64encode(name * 32).decode() for name in (b"1", b"2"))
ACCOUNT = "acct-returning"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _first(settings: Any) -> None:
    settings.BLIND_INDEX_KEY = ONE


@pytest.fixture
def overlap(settings: Any) -> Callable[[], None]:
    """Put the new key in front; both find."""

    def begin() -> None:
        settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEY = TWO, ONE

    return begin


def _over(settings: Any) -> None:
    settings.BLIND_INDEX_OLD_KEY = ""


def _rotate(*arguments: str) -> str:
    said = StringIO()
    call_command("rotate_index_key", *arguments, stdout=said)
    return said.getvalue()


def _case(account: str = ACCOUNT) -> Case:
    return cases.open_case("A case", by=None, accounts=[account])


def test_an_account_is_found_before_during_and_after(settings: Any, overlap: Callable[[], None]) -> None:
    case = _case()
    overlap()
    assert list(cases_of.subjects_with_account(ACCOUNT)) == [case]
    assert "BLIND_INDEX_OLD_KEY may be taken out" in _rotate("--batch", "1")
    assert list(cases_of.subjects_with_account(ACCOUNT)) == [case]
    _over(settings)
    assert list(cases_of.subjects_with_account(ACCOUNT)) == [case]


def test_without_the_rotation_it_would_be_lost(settings: Any, overlap: Callable[[], None]) -> None:
    _case()
    overlap()
    _over(settings)
    assert not cases_of.subjects_with_account(ACCOUNT).exists()


def test_an_account_that_is_in_a_case_under_the_old_key_is_not_added_again(
    overlap: Callable[[], None],
) -> None:
    case = _case()
    overlap()
    again = cases.add_subject(case, account=f" {ACCOUNT} ", by=None)
    assert list(Subject.objects.filter(case=case)) == [again]


def test_a_hidden_case_with_the_same_account_is_found_across_the_keys(
    overlap: Callable[[], None], counsel: User
) -> None:
    hidden = _case()
    tomorrow = clock.now() + timedelta(days=1)
    cases.mark(hidden, compartment="non_disclosure", by=counsel, reason="A court.", until=tomorrow)
    overlap()
    other = _case()
    subject = Subject.objects.get(case=other)
    assert list(cases_of.hidden_with_account(subject)) == [hidden]


def test_a_flag_joins_the_case_of_its_account_across_the_keys(
    overlap: Callable[[], None], packs: None, platform_system: User
) -> None:
    first, _ = triage.receive(by=platform_system, **FLAG)
    overlap()
    second, _ = triage.receive(by=platform_system, **{**FLAG, "external_id": "f-second"})
    assert (second.case, first.case is not None) == (first.case, True)
    _rotate()
    assert {bytes(each.account_index) for each in Flag.objects.all()} == {
        cases_of.account_index(first.account)
    }


@pytest.mark.usefixtures("packs")
def test_accounts_that_were_indexed_without_case_are_indexed_exactly(
    platform_system: User, counsel: User
) -> None:
    flag, _ = triage.receive(by=platform_system, **FLAG)
    assert flag.case is not None
    order = {"court": "County Court", "number": "26-1", "valid_from": clock.now(), "account": flag.account}
    restrictions.record_order(flag.case, by=counsel, **order)
    tables = (Subject, Flag, Restriction, Preservation, ProtectiveOrder)
    loose = sealing.blind_index("account", flag.account)
    for each in tables:
        assert each.objects.update(account_index=loose)
    for slice_, name in (
        ("cases", "0004_exact_accounts"),
        ("triage", "0009_exact_accounts"),
        ("restrictions", "0005_exact_accounts"),
    ):
        migration = import_module(f"coordination.{slice_}.migrations.{name}")
        migration.index_exactly(apps, SimpleNamespace(connection=connection, execute=lambda _: None))
    for each in tables:
        assert bytes(each.objects.get().account_index) == cases_of.account_index(flag.account)


def test_a_lock_out_holds_across_the_keys_and_is_released(
    settings: Any, overlap: Callable[[], None], liaison: User, administrator: User
) -> None:
    for _ in range(3):
        access.count_failure(liaison.username, kind="password")
    overlap()
    assert [access.count_failure(liaison.username, kind="password") for _ in range(2)] == [False, True]
    settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEY = ONE, TWO
    assert access.is_locked(liaison.username)
    assert people.lock_out_of(liaison) is not None
    _rotate()
    _over(settings)
    assert access.is_locked(liaison.username)
    access.release(liaison, by=administrator, reason="It was them, on the telephone.")
    assert not access.is_locked(liaison.username)


def test_looking_changes_nothing_and_fails_while_the_old_key_is_in_use(overlap: Callable[[], None]) -> None:
    _case()
    assert "Everything is indexed" in _rotate("--check")
    overlap()
    before = bytes(Subject.objects.get().account_index)
    with pytest.raises(CommandError, match=r"2 rows are indexed under another key. Run rotate_index_key\."):
        _rotate("--check")
    assert bytes(Subject.objects.get().account_index) == before
    _rotate()
    assert "may be taken out" in _rotate("--check")


def test_beginning_and_end_are_in_the_ledger_and_a_run_with_nothing_to_do_is_not(
    overlap: Callable[[], None],
) -> None:
    _case()
    _case("acct-two")
    overlap()
    _rotate()
    began, ended = reversed(latest(2))
    assert (began.action, began.data["details"]) == ("core.index_rotation_began", {"to_do_count": 4})
    assert (ended.action, ended.data["details"]) == (
        "core.index_rotation_ended",
        {"reindexed_count": 4, "stuck_count": 0},
    )
    _rotate()
    assert latest(1) == [ended]


def test_an_account_that_a_case_has_twice_is_named_and_left_and_the_rest_goes_on(
    settings: Any, overlap: Callable[[], None]
) -> None:
    case = _case()
    settings.BLIND_INDEX_KEY = TWO  # as a process would that was started without the old key
    twice = cases.add_subject(case, account=ACCOUNT, by=None)
    other = _case("acct-two")
    overlap()
    first = Subject.objects.filter(case=case).exclude(pk=twice.pk).get()
    with pytest.raises(CommandError, match=f"1 rows stand where another is.*cases_subject:{first.pk}"):
        _rotate()
    assert list(cases_of.subjects_with_account("acct-two")) == [other]


def test_every_column_that_is_an_index_is_indexed_anew() -> None:
    found = {
        model._meta.db_table
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(getattr(field, "base_field", field), BinaryField)
        and field.name.endswith(("index", "mark", "marks", "alike"))
    }
    assert found <= set(INDEXED)


def test_a_batch_has_a_row() -> None:
    with pytest.raises(CommandError, match="at least one row"):
        _rotate("--batch", "0")


def test_a_restriction_and_a_preservation_are_found_across_the_keys(
    settings: Any, overlap: Callable[[], None], packs: None
) -> None:
    case = _case()
    policy = "platform.ladder-limit"
    first = restrictions.impose(
        case, account=ACCOUNT, step="limit_features", reason="A flag.", authority=policy
    )
    kept = restrictions.preserve(case, account=ACCOUNT, reason="A flag.")
    overlap()
    _rotate()
    _over(settings)
    again = restrictions.impose(
        case, account=ACCOUNT, step="limit_features", reason="A flag.", authority=policy
    )
    assert again == first
    assert restrictions.preserve(case, account=ACCOUNT, reason="A flag.") == kept
