"""Sealed fields: ciphertext in the table, plain values in Python."""

import pytest
from django.db import connection

from coordination.access.models import User
from coordination.core import clock
from coordination.core.fields import SealedJSONField
from coordination.core.sealing import SealBroken
from coordination.rest.models import IdempotencyRecord


def _keep(user: User, key: str, body: str) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        principal=user, key=key, request_digest=b"d" * 32, status=200, body=body, created_at=clock.now()
    )


def test_the_table_holds_ciphertext_and_python_the_text(platform_system: User) -> None:
    record = _keep(platform_system, "1", "canary in the mine")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM rest_idempotencyrecord")
        stored = bytes(cursor.fetchone()[0])
    assert b"canary" not in stored
    record.refresh_from_db()
    assert record.body == "canary in the mine"


def test_a_value_that_was_changed_in_the_table_is_never_shown(platform_system: User) -> None:
    record = _keep(platform_system, "1", "text")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rest_idempotencyrecord SET body = body || '\\x00'::bytea")
    with pytest.raises(SealBroken):
        IdempotencyRecord.objects.get(pk=record.pk)


@pytest.mark.parametrize("value", [{"a": [1, None, "ü"]}, [], "text", 7, False])
def test_json_comes_back_as_it_went_in(value: object) -> None:
    field = SealedJSONField()
    field.model, field.column = IdempotencyRecord, "column"
    sealed = field.get_db_prep_value(value, connection)
    assert field.from_db_value(sealed, None, connection) == value


def test_json_refuses_what_json_does_not_have() -> None:
    field = SealedJSONField()
    field.model, field.column = IdempotencyRecord, "column"
    with pytest.raises(ValueError, match="JSON compliant"):
        field.get_db_prep_value(float("nan"), connection)


def test_null_stays_null() -> None:
    field = SealedJSONField(null=True)
    field.model, field.column = IdempotencyRecord, "column"
    assert field.get_db_prep_value(None, connection) is None
    assert field.from_db_value(None, None, connection) is None


def test_values_are_sealed_on_every_way_in(platform_system: User) -> None:
    first, second = _keep(platform_system, "1", "a"), _keep(platform_system, "2", "b")
    IdempotencyRecord.objects.filter(pk=first.pk).update(body="canary one")
    second.body = "canary two"
    IdempotencyRecord.objects.bulk_update([second], ["body"])
    made = IdempotencyRecord(
        principal=platform_system, key="3", request_digest=b"", status=200, body="canary three"
    )
    made.created_at = clock.now()
    IdempotencyRecord.objects.bulk_create([made])
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(body, ''::bytea) FROM rest_idempotencyrecord")
        assert b"canary" not in bytes(cursor.fetchone()[0])
    shown = list(IdempotencyRecord.objects.order_by("key").values_list("body", flat=True))
    assert shown == ["canary one", "canary two", "canary three"]
