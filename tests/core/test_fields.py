"""Sealed fields: ciphertext in the table, plain values in Python."""

from collections.abc import Callable

import pytest
from django.core.exceptions import FieldError
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.test.utils import CaptureQueriesContext

from coordination.access.models import User
from coordination.core import clock
from coordination.core.fields import SealedJSONField
from coordination.core.sealing import SealBroken
from coordination.ledger import services as ledger
from coordination.rest.models import IdempotencyRecord
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.triage.conftest import FLAG

Receive = Callable[..., Flag]


@pytest.fixture
def receive(packs: None, platform_system: User) -> Receive:
    """Receive a flag."""
    return lambda **changes: triage.receive(by=platform_system, **{**FLAG, **changes})[0]


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
    field = _json_field()
    assert field.from_db_value(b"7 " + field.seal(value, row=7), None, connection) == value


def test_json_refuses_what_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        _json_field().seal(float("nan"), row=7)


def test_null_stays_null() -> None:
    field = SealedJSONField(null=True)
    field.model, field.column = IdempotencyRecord, "column"
    assert field.get_db_prep_value(None, connection) is None
    assert field.from_db_value(None, None, connection) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kept SET body = (SELECT body FROM kept WHERE id = %(other)s) WHERE id = %(row)s",
        "UPDATE kept SET id = %(row)s + 1000000 WHERE id = %(row)s",
    ],
    ids=["the value of another row", "the same value under another number"],
)
def test_a_value_moved_to_another_row_does_not_open_on_any_way_out(
    platform_system: User, statement: str
) -> None:
    row, other = _keep(platform_system, "1", "to the one"), _keep(platform_system, "2", "to the other")
    with connection.cursor() as cursor:
        cursor.execute(
            statement.replace("kept", "rest_idempotencyrecord"), {"row": row.pk, "other": other.pk}
        )
    moved = IdempotencyRecord.objects.filter(key="1")
    for read in (
        moved.get,
        lambda: list(moved.values("body")),
        lambda: list(moved.values_list("body", flat=True)),
        lambda: moved.defer("body").get().body,
        lambda: list(moved.annotate(words=F("body")).values_list("words")),
        lambda: list(moved.union(moved.all())),
    ):
        with pytest.raises(SealBroken):
            read()
    assert IdempotencyRecord.objects.get(key="2").body == "to the other"


def test_a_value_moved_to_another_column_of_its_row_does_not_open(receive: Receive) -> None:
    flag = receive(context="What stood around it.")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE triage_flag SET content = context")
    with pytest.raises(SealBroken):
        flag.refresh_from_db(fields=["content"])
    flag.refresh_from_db(fields=["context"])
    assert flag.context == "What stood around it."


def test_a_value_is_read_through_a_join_and_as_a_subset_of_columns(receive: Receive) -> None:
    flag = receive()
    assert type(flag).objects.values_list("content", "case__subjects__account").get() == (
        flag.content,
        flag.account,
    )
    assert type(flag).objects.select_related("case").only("content", "case").get().content == flag.content


def test_a_sealed_column_inside_an_expression_is_refused(platform_system: User) -> None:
    _keep(platform_system, "1", "text")
    with pytest.raises(FieldError, match="sealed"):
        list(IdempotencyRecord.objects.annotate(x=Coalesce("body", "body")).values_list("x"))


def test_what_does_not_know_its_row_is_refused(platform_system: User) -> None:
    record = _keep(platform_system, "1", "a")
    with pytest.raises(FieldError, match="sealed for its row"), transaction.atomic():
        IdempotencyRecord.objects.update(body="canary one")
    record.body = "canary two"
    with pytest.raises(FieldError, match="sealed for its row"), transaction.atomic():
        IdempotencyRecord.objects.bulk_update([record], ["body"])
    record.refresh_from_db()
    assert record.body == "a"


def test_a_row_without_sealed_columns_costs_no_question_for_its_number(platform_system: User) -> None:
    with CaptureQueriesContext(connection) as asked:
        ledger.record("cases.opened", subject="C-1", by=platform_system)
    assert not [query for query in asked if "nextval" in query["sql"]]


def test_values_are_sealed_on_every_way_in(platform_system: User) -> None:
    first = _keep(platform_system, "1", "a")
    first.body = "canary one"
    first.save()
    _keep(platform_system, "2", "canary two")
    made = [
        IdempotencyRecord(
            principal=platform_system,
            key=key,
            request_digest=b"",
            status=200,
            body=f"canary {key}",
            created_at=clock.now(),
        )
        for key in ("3", "4", "5")
    ]
    made.pop().save()
    IdempotencyRecord.objects.bulk_create(made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(body, ''::bytea) FROM rest_idempotencyrecord")
        assert b"canary" not in bytes(cursor.fetchone()[0])
    shown = list(IdempotencyRecord.objects.order_by("key").values_list("body", flat=True))
    assert shown == ["canary one", "canary two", "canary 3", "canary 4", "canary 5"]


def _json_field() -> SealedJSONField:
    field = SealedJSONField()
    field.model, field.column = IdempotencyRecord, "column"
    return field
