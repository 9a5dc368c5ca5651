"""Rotating the sealing keys: everything under the new one, nothing lost, and the old one known to be free."""

import base64
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from coordination.access.services import User
from coordination.core import rotation, sealing
from coordination.ledger.selectors import entries_about
from coordination.triage import services as triage
from coordination.triage.models import Decision, Flag
from tests.doors import give_way_in
from tests.people import PASSWORD
from tests.triage.conftest import FLAG, FOUND

ONE, TWO, THREE = (
    f"{name}:" + base64.b64encode(name[:1].encode() * 32).decode() for name in ("one", "two", "three")
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def told(settings: Any, packs: None, platform_system: User, senior_reviewer: User) -> Callable[[str], Flag]:
    """Make a flag with a decision, sealed by the first key: `told("a")`."""
    settings.SEALING_KEYS = [ONE]

    def make(name: str) -> Flag:
        own = {"external_id": name, "account": f"acct-{name}", "identifiers": []}
        flag, _ = triage.receive(by=platform_system, **{**FLAG, **own})
        triage.decide(
            flag,
            by=senior_reviewer,
            outcomes=["no_action"],
            reasons=f"Reasons {name}.",
            reopens_when="More.",
            assessment=FOUND,
        )
        return flag

    return make


def _rotate(*arguments: str) -> str:
    said = StringIO()
    call_command("rotate_keys", *arguments, stdout=said)
    return said.getvalue()


def _under(key: str) -> int:
    return sum(number for (each, _), number in rotation.uses("owner").items() if each == key)


def test_second_factors_are_sealed_anew_and_still_show_the_same_codes(
    settings: Any, liaison: User, client: Client
) -> None:
    settings.SEALING_KEYS = [ONE]
    code = give_way_in(liaison)
    assert rotation.uses("owner")["one", "mfa_authenticator"] == 1
    settings.SEALING_KEYS = [TWO, ONE]
    assert "Key one may be taken out" in _rotate()
    settings.SEALING_KEYS = [TWO]
    client.post("/account/login/", {"login": liaison.username, "password": PASSWORD})
    client.post("/account/mfa/authenticate/", {"code": code})
    assert client.get("/admin/").status_code == 200


def test_everything_is_sealed_anew_and_still_says_the_same(
    told: Callable[[str], Flag], settings: Any
) -> None:
    flag = told("a")
    before = _under("one")
    assert before > 10
    settings.SEALING_KEYS = [TWO, ONE]
    said = _rotate()
    assert (_under("one"), _under("two")) == (0, before)
    assert "Key one may be taken out of SEALING_KEYS." in said
    assert "triage_decision: 2 of 2" in said
    settings.SEALING_KEYS = [TWO]
    assert Flag.objects.get(pk=flag.pk).content == FLAG["content"]
    assert Decision.objects.get().reasons == "Reasons a."
    entries = entries_about("sealing-key:two")
    assert [each.action for each in entries] == ["core.key_rotation_began", "core.key_rotation_ended"]
    assert [each.data["details"] for each in entries] == [
        {"to_do_count": before},
        {"resealed_count": before, "broken_count": 0},
    ]


def test_a_run_that_was_broken_off_goes_on_where_it_ended(told: Callable[[str], Flag], settings: Any) -> None:
    for name in "abc":
        told(name)
    settings.SEALING_KEYS = [TWO, ONE]
    total = _under("one")

    class Stopped(Exception):
        pass

    def stop(table: str, done: int) -> None:
        if table == "triage_decision" and done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        rotation.reseal("owner", batch=1, tell=stop)
    left = _under("one")
    assert 0 < left < total
    assert rotation.reseal("owner", batch=1, tell=lambda *_: None).resealed.total() == left
    assert rotation.reseal("owner", batch=1, tell=lambda *_: None).resealed.total() == 0
    assert sorted(Decision.objects.values_list("reasons", flat=True)) == [
        "Reasons a.",
        "Reasons b.",
        "Reasons c.",
    ]


def test_a_run_with_nothing_to_do_changes_and_records_nothing(told: Callable[[str], Flag]) -> None:
    told("a")
    assert "values under it" in _rotate()
    assert not entries_about("sealing-key:one").exists()


def test_looking_changes_nothing_and_fails_while_an_old_key_is_in_use(
    told: Callable[[str], Flag], settings: Any
) -> None:
    told("a")
    settings.SEALING_KEYS = [TWO, ONE]
    with pytest.raises(CommandError, match=r"34 values are under an old key. Run rotate_keys\."):
        _rotate("--check")
    assert not _under("two")
    _rotate()
    _rotate("--check")


def test_what_an_old_process_writes_meanwhile_keeps_the_old_key_in_use(
    told: Callable[[str], Flag], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("a")
    settings.SEALING_KEYS = [TWO, ONE]
    reseal = rotation.reseal

    def meanwhile(*arguments: Any, **named: Any) -> rotation.Outcome:
        outcome = reseal(*arguments, **named)
        settings.SEALING_KEYS = [ONE]
        told("b")
        settings.SEALING_KEYS = [TWO, ONE]
        return outcome

    monkeypatch.setattr(rotation, "reseal", meanwhile)
    with pytest.raises(CommandError, match="every process"):
        _rotate()


def test_without_a_key_that_is_in_use_nothing_is_touched(told: Callable[[str], Flag], settings: Any) -> None:
    told("a")
    settings.SEALING_KEYS = [TWO, THREE]
    with pytest.raises(CommandError, match="lacks one"):
        _rotate()
    assert not _under("two")
    with pytest.raises(sealing.SealBroken):
        Flag.objects.get()


def test_a_value_that_does_not_open_is_named_and_left_and_the_rest_goes_on(
    told: Callable[[str], Flag], settings: Any
) -> None:
    flag = told("a")
    told("b")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE triage_flag SET content = content || '\\x00'::bytea WHERE id = %s", [flag.pk])
    settings.SEALING_KEYS = [TWO, ONE]
    with pytest.raises(CommandError, match=f"1 values do not open.*triage_flag.content:{flag.pk}"):
        _rotate()
    assert _under("one") == 1


def test_the_application_alone_cannot_rotate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        django_settings, "DATABASES", {"default": django_settings.DATABASES["default"]}, raising=True
    )
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        _rotate()


def test_the_list_of_tables_is_that_of_the_sealed_columns() -> None:
    named = {
        f"{model._meta.db_table}.{each.column}" for model, fields in rotation.tables() for each in fields
    }
    assert sorted(named) == list(sealing.sealed_columns())
