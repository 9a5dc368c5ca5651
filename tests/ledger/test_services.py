"""Entries stand or fall with the deed they record, and nobody takes them back."""

import hashlib
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from coordination.access.models import User
from coordination.core import clock, grants
from coordination.core.errors import InvalidInput
from coordination.ledger import selectors, services, writing
from coordination.ledger.models import Leaf, Pending

FORBIDDEN = [
    "UPDATE ledger_leaf SET action = 'cases.closed'",
    "UPDATE ledger_leaf SET subject = subject WHERE false",
    "DELETE FROM ledger_leaf",
    "TRUNCATE ledger_leaf",
    "TRUNCATE ledger_leaf CASCADE",
    "ALTER TABLE ledger_leaf ADD COLUMN x int",
    "DROP TABLE ledger_leaf CASCADE",
    "ALTER TABLE ledger_leaf DISABLE TRIGGER ALL",
    "ALTER TABLE ledger_leaf DROP CONSTRAINT ledger_leaf_hash_is_of_entry",
    "SET session_replication_role = replica",
    "GRANT UPDATE ON ledger_leaf TO PUBLIC",
    "CREATE RULE r AS ON INSERT TO ledger_leaf DO INSTEAD NOTHING",
    "INSERT INTO ledger_leaf SELECT * FROM ledger_leaf ON CONFLICT (id) DO UPDATE SET action = 'a.b'",
    "MERGE INTO ledger_leaf l USING ledger_leaf m ON l.id = m.id WHEN MATCHED THEN DELETE",
]


@pytest.fixture
def leaf(db: None) -> Leaf:
    return services.record("cases.opened", subject="C-1", by=None, details={"severity": "high"})


def test_an_entry_is_kept_with_its_hash_and_waits_for_the_tree(liaison: User) -> None:
    leaf = services.record("cases.opened", subject="C-1", by=liaison, details={"flag": 3})
    kept = Leaf.objects.get(pk=leaf.pk)
    assert kept.data["by"] == liaison.pk
    assert kept.data["details"] == {"flag": 3}
    assert (kept.action, kept.subject) == (kept.data["action"], kept.data["subject"])
    assert bytes(kept.leaf_hash) == hashlib.sha256(b"\x00" + bytes(kept.entry)).digest()
    assert Pending.objects.filter(leaf=kept).exists()
    assert str(kept) == "cases.opened C-1"


def test_an_entry_says_when_by_the_clock_of_the_desk(db: None) -> None:
    moment = datetime(2026, 3, 6, 22, 12, tzinfo=UTC)
    with clock.frozen(moment):
        leaf = services.record("cases.opened", subject="C-1", by=None)
    assert leaf.recorded_at == moment
    assert leaf.data["at"] == "2026-03-06T22:12:00.00Z"


def test_a_deed_may_have_been_done_earlier(db: None) -> None:
    leaf = services.record("cases.opened", subject="C-1", by=None, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert leaf.data["at"] == "2026-01-01T00:00:00.00Z"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError):
        services.record("cases.opened", subject="C-1", by=None)
    assert selectors.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_when_its_deed_is_rolled_back() -> None:
    with transaction.atomic():
        services.record("cases.opened", subject="C-1", by=None)
        transaction.set_rollback(True)
    assert selectors.count() == 0


def test_an_entry_that_is_refused_leaves_no_leaf(db: None) -> None:
    before = selectors.count()
    fine = services.entry("cases.opened", subject="C-1", by=None)
    refused = services.entry("cases.opened", subject="C-1", by=None, details={"email": "x"})
    with pytest.raises(InvalidInput):
        services.record_many([fine, refused])
    assert selectors.count() == before


def test_many_entries_are_kept_in_order(db: None) -> None:
    leaves = services.record_many(
        services.entry("outbox.attempted", subject=f"D-{n}", by=None, details={"n": n}) for n in range(100)
    )
    kept = list(Leaf.objects.filter(action="outbox.attempted").order_by("id"))
    assert [leaf.pk for leaf in kept] == [leaf.pk for leaf in leaves]
    assert [leaf.data["details"]["n"] for leaf in kept] == list(range(100))
    assert Pending.objects.filter(leaf__in=kept).count() == 100


def test_many_entries_cost_one_statement(
    db: None, django_assert_num_queries: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, asked = services.prepared, []

    def counted(statement: str, *values: Any, **options: Any) -> Any:
        asked.append(statement)
        return run(statement, *values, **options)

    monkeypatch.setattr(services, "prepared", counted)
    entries = [services.entry("outbox.attempted", subject="D-1", by=None) for _ in range(100)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        services.record_many(entries)
    assert len(asked) == 1


def test_no_entries_cost_no_statement(db: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert services.record_many([]) == []


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_cannot_change_what_was_recorded(leaf: Leaf, statement: str) -> None:
    before = _ledger_and_its_table()
    # The effect is what counts: a GRANT without the right to it is a warning, no error.
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert _ledger_and_its_table() == before
    assert Pending.objects.filter(leaf=leaf).exists()


def _ledger_and_its_table() -> list[object]:
    found: list[object] = list(Leaf.objects.order_by("id").values_list("pk", "entry", "action", "subject"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relacl::text, relhasrules, relnatts, relchecks,"
            " current_setting('session_replication_role') FROM pg_class WHERE oid = 'ledger_leaf'::regclass"
        )
        found += cursor.fetchall()
    return found


def test_the_database_refuses_a_leaf_whose_hash_is_not_of_its_entry(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaf.objects.create(
            entry=b"{}", leaf_hash=b"\x00" * 32, recorded_at=timezone.now(), action="a.b", subject="c"
        )


def test_a_leaf_that_waits_cannot_be_deleted_under_its_waiting_row(leaf: Leaf) -> None:
    with pytest.raises(ProtectedError):
        leaf.delete()


def test_entries_about_a_record_come_oldest_first_and_the_latest_newest_first(db: None) -> None:
    first = services.record("cases.opened", subject="C-1", by=None)
    services.record("cases.opened", subject="C-2", by=None)
    last = services.record("cases.closed", subject="C-1", by=None)
    assert list(selectors.entries_about("C-1")) == [first, last]
    assert selectors.latest(1) == [last]
    assert selectors.count() >= 3


def test_a_hundred_entries_are_recorded_in_one_go_without_a_wait(db: None) -> None:
    started = time.perf_counter()
    services.record_many(services.entry("outbox.attempted", subject="D-1", by=None) for _ in range(100))
    # Some milliseconds in fact; the bound only notices a query for each.
    assert time.perf_counter() - started < 1


def test_trying_the_ledger_leaves_nothing_and_costs_one_statement(
    db: None, django_assert_num_queries: object
) -> None:
    before = (Leaf.objects.count(), Pending.objects.count())
    with django_assert_num_queries(1):  # type: ignore[operator]
        services.require_writable()
    assert (Leaf.objects.count(), Pending.objects.count()) == before


@pytest.mark.parametrize("table", ["ledger_leaf", "ledger_pending"])
def test_a_ledger_that_takes_no_entry_is_said_to_be_unwritable(
    db: None, owner: psycopg.Connection, table: str
) -> None:
    app = grants.role_names()["app"]
    owner.execute(f"REVOKE INSERT ON {table} FROM {app}")
    try:
        with pytest.raises(services.LedgerUnwritable), transaction.atomic():
            services.require_writable()
        with pytest.raises(services.LedgerUnwritable), transaction.atomic():
            services.record("tests.done", subject="T-1", by=None)
    finally:
        owner.execute(f"GRANT INSERT ON {table} TO {app}")
    services.record("tests.done", subject="T-1", by=None)


@pytest.mark.django_db(transaction=True)
def test_two_that_wait_for_each_other_are_no_fault_of_the_ledger() -> None:
    deadlock = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"
    with (
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        writing.guarded(),
        connection.cursor() as cursor,
    ):
        cursor.execute(deadlock)
    assert not isinstance(error.value, services.LedgerUnwritable)
