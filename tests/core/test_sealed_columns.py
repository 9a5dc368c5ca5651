"""What was a plain column once is sealed by its migration, and loses nothing on the way there or back."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.models import ApiToken, LockOut
from coordination.access.services import User
from coordination.core.checks import database
from coordination.partners import services as partners
from coordination.partners.models import AgencyKey
from coordination.partners.services import Agency

PUBLIC = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
PLAIN = {"access": "0005_two_people_let_in", "partners": "0002_keys_and_systems"}
WORDS = "Ms Ä. Person said so on the telephone."


def _back_to(migrations: dict[str, str]) -> None:
    MigrationExecutor(connections["owner"]).migrate([*migrations.items()])


def _to_the_newest() -> None:
    """Migrate as an administrator does: all apps, and the grants of the tables that come back."""
    call_command("migrate", interactive=False, verbosity=0)


def _column(table: str, column: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY 1")
        return [value for (value,) in cursor.fetchall()]


@pytest.fixture
def said(agency: Agency, administrator: User, liaison: User, police_officer: User) -> Iterator[None]:
    """Say something of a key, a token and a lock-out; and whatever a test does, seal again."""
    key = partners.register_key(agency, by=None, public_key=PUBLIC, how_known=WORDS)
    partners.revoke_key(key, by=None, reason=WORDS)
    token, _ = access.issue_token(
        police_officer, by=None, name="test", scopes=["read"], expires_in=timedelta(days=1)
    )
    access.revoke_token(token, by=None, reason=WORDS)
    for _ in range(5):
        access.count_failure(liaison.username, kind="password")
    access.release(liaison, by=administrator, reason=WORDS)
    yield
    _to_the_newest()


def _read() -> list[str]:
    key = AgencyKey.objects.get()
    return [
        key.how_known,
        key.how_confirmed,
        key.revoked_reason,
        ApiToken.objects.get().revoked_reason,
        LockOut.objects.get().reason,
    ]


def test_why_keys_tokens_and_locks_ended_stands_in_no_dump(said: None) -> None:
    found = [
        *_column("partners_agencykey", "how_known"),
        *_column("partners_agencykey", "revoked_reason"),
        *_column("access_apitoken", "revoked_reason"),
        *_column("access_lockout", "reason"),
    ]
    assert len(found) == 4
    assert not [each for each in found if b"telephone" in bytes(each)]
    assert _read() == [WORDS, "", WORDS, WORDS, WORDS]


def test_the_migrations_seal_what_there_was_and_open_it_again(said: None) -> None:
    _back_to(PLAIN)
    assert _column("partners_agencykey", "how_known") == [WORDS]
    assert _column("partners_agencykey", "how_confirmed") == [""]
    assert _column("access_apitoken", "revoked_reason") == [WORDS]
    assert _column("access_lockout", "reason") == [WORDS]
    _to_the_newest()
    assert _read() == [WORDS, "", WORDS, WORDS, WORDS]
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM information_schema.columns WHERE is_nullable = 'YES'"
            " AND (table_name, column_name) IN (('partners_agencykey', 'how_known'),"
            " ('partners_agencykey', 'how_confirmed'), ('partners_agencykey', 'revoked_reason'),"
            " ('access_apitoken', 'revoked_reason'), ('access_lockout', 'reason'))"
        )
        assert cursor.fetchone() == (0,)
    assert database.check(databases=["default"]) == []


def test_a_token_is_looked_up_without_its_reason(police_officer: User) -> None:
    _, plain = access.issue_token(
        police_officer, by=None, name="test", scopes=["read"], expires_in=timedelta(days=1)
    )
    found = people.token_presented(plain.encode())
    assert found is not None
    assert "revoked_reason" in found.get_deferred_fields()
