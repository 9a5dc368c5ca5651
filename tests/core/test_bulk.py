"""Many rows go in as one statement, and stand there as Django's own inserts would have them."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DataError, IntegrityError, models, transaction

from coordination.cases import services as cases
from coordination.cases.models import Identifier
from coordination.core import bulk, clock
from coordination.core.fields import number
from coordination.core.identifiers import uuid7
from coordination.triage.models import Flag

pytestmark = pytest.mark.django_db


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _flag(name: str, **changed: Any) -> Flag:
    return Flag(
        **{
            "external_id": name,
            "source": "classifier",
            "category": "other",
            "content": 'quoted "\\x41", {braces}, a\ttab\nand \u202eright to left',
            "content_at": clock.now(),
            "content_zone": "UTC",
            "account": name,
            "account_index": _digest(name),
            "provenance": "observed",
            "high_severity": False,
            "received_at": clock.now(),
            **changed,
        }
    )


FLAGS: list[dict[str, Any]] = [
    {},
    {"score": Decimal("0.9400"), "classifier": "a,b", "minor": True},
    {"marks": [_digest("one"), b'\x00\\"{},', b""], "identifiers": [{"kind": "email", "value": "NULL"}]},
    {"marks": [], "reporter": "somebody", "reporter_index": _digest("somebody")},
]


def _values(row: models.Model, *, but: set[str]) -> dict[str, Any]:
    found = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in but
    }
    found["marks"] = [bytes(each) for each in found["marks"]]
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}


def test_rows_stand_as_django_would_have_written_them() -> None:
    now = clock.now()
    said = [each | {"received_at": now, "content_at": now} for each in FLAGS]
    ours = [_flag(f"ours {place}", **each) for place, each in enumerate(said)]
    theirs = [_flag(f"ours {place}", **each) for place, each in enumerate(said)]
    bulk.insert(ours)
    written = [_values(Flag.objects.get(pk=each.pk), but={"id"}) for each in ours]
    Flag.objects.filter(pk__in=[each.pk for each in ours]).update(external_id="gone")
    Flag.objects.bulk_create(theirs)
    assert written == [_values(Flag.objects.get(pk=each.pk), but={"id"}) for each in theirs]
    assert not any(each._state.adding for each in ours)


def test_no_rows_are_no_statement() -> None:
    bulk.insert([])
    bulk.insert_or_update([], unique=["id"], update=["id"])


def test_what_is_too_long_is_refused_and_not_cut() -> None:
    with pytest.raises(DataError), transaction.atomic():
        bulk.insert([_flag("short"), _flag("long " * 100)])
    assert not Flag.objects.filter(external_id="short").exists()


def test_a_row_that_is_there_is_refused_or_left_or_written_anew() -> None:
    case = cases.open_case("A case", by=None)

    def row(index: str, *, strong: bool) -> Identifier:
        return Identifier(
            case=case,
            kind="email",
            value=index,
            index=_digest(index),
            alike=_digest(index),
            strong=strong,
            provenance="observed",
            verified=False,
            added_at=clock.now(),
        )

    def put(way: Any, *rows: Identifier, **said: Any) -> list[bool]:
        number(rows)
        way(rows, **said)
        found = Identifier.objects.filter(case=case, kind="email").order_by("index")
        return sorted(each.strong for each in found)

    assert put(bulk.insert, row("a", strong=False)) == [False]
    with pytest.raises(IntegrityError), transaction.atomic():
        put(bulk.insert, row("a", strong=True))
    there, new = row("a", strong=True), row("b", strong=False)
    number([there, new])
    assert bulk.insert_new([there, new]) == [new]
    wanted = {"unique": ["case_id", "index"], "update": ["strong"]}
    assert put(bulk.insert_or_update, row("a", strong=True), **wanted) == [False, True], "b is as it was"


def test_keys_that_the_database_gives_are_left_to_it() -> None:
    bulk.insert_new([Group(name="one of many"), Group(name="another")])
    assert Group.objects.filter(name__in=["one of many", "another"]).count() == 2


def test_a_key_made_here_is_the_row_s() -> None:
    key = uuid7()
    bulk.insert([_flag("keyed", id=key)])
    assert Flag.objects.get(external_id="keyed").pk == key
