"""The second wall: what a partner's request meets in the database, whatever the query forgets to ask."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.core import grants, wall
from coordination.inbox.models import InboundMessage
from coordination.outbox.models import Delivery, Message, Receipt
from coordination.partners import services as partners
from coordination.partners.models import Destination, Officer
from coordination.partners.services import Agency
from tests.api.conftest import Sent, asked_for_more, key
from tests.architecture.test_wall import FOR_PARTNERS
from tests.world import DestinationOf

BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {"reference": "HC-1"},
    "questions": {"question": "Is the school named?"},
    "outcome": {"outcome": "welfare_check"},
}
PARTNER = grants.role_names()["partner"]
WALLED = re.compile(
    "|".join(f'"{table}"' for table in ("outbox_message", "outbox_delivery", "inbox_inboundmessage"))
)


# The routes of data requests are tried in test_datarequests_wall.py.
OF_MESSAGES = [each for each in FOR_PARTNERS if "/requests" not in each[1]]


@dataclass
class Roles:
    """Under which role and for which agency each statement ran."""

    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not connection.needs_rollback and "set_config" not in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT current_user, coalesce(current_setting(%s, true), '')", [grants.AGENCY_SETTING]
                )
                self.seen.append((*cursor.fetchone(), sql))
        return execute(sql, params, many, context)

    def of(self, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        """Return role and agency of the SELECTs that name a table."""
        return [
            (who, agency)
            for who, agency, sql in self.seen
            if sql.startswith("SELECT") and pattern.search(sql)
        ]


@contextmanager
def _watched() -> Iterator[Roles]:
    roles = Roles()
    with connection.execute_wrapper(roles):
        yield roles


@pytest.fixture
def both_agencies(
    *,
    sent: Sent,
    agency: Agency,
    second_agency: Agency,
    api: APIClient,
    stranger: APIClient,
    destination_of: DestinationOf,
    liaison: User,
) -> tuple[Agency, Agency]:
    """Two agencies with an officer and a destination each; one has a message and answered it, and asked."""
    asked_for_more(agency, liaison)
    destination_of(second_agency)
    message = sent()
    assert (
        api.post(f"/api/v1/messages/{message.pk}/acknowledge", {"reference": "HC-1"}, **key()).status_code
        == 201
    )
    return agency, second_agency


@pytest.mark.parametrize(
    ("method", "route", "view"), OF_MESSAGES, ids=[f"{m} {r}" for m, r, _ in OF_MESSAGES]
)
def test_every_route_for_partners_reads_as_the_partner_role(
    *, method: str, route: str, view: Any, api: APIClient, agency: Agency, sent: Sent
) -> None:
    address = "/" + re.sub(r"<uuid:\w+>", str(sent().pk), route)
    body = BODIES.get(route.rpartition("/")[2], {})
    with _watched() as roles:
        answer = getattr(api, method)(address, body, **key())
    assert answer.status_code in (200, 201)
    found = roles.of(WALLED)
    assert found[0] == (PARTNER, str(agency.pk)), "what is looked for first is looked for behind the wall"
    if method == "get" and "<" not in route:
        assert set(found) == {(PARTNER, str(agency.pk))}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting(%s, true)", [grants.AGENCY_SETTING])
        assert cursor.fetchone() == (grants.role_names()["app"], ""), (
            "and afterwards it is the application's again"
        )


@pytest.mark.parametrize("path", [None, *BODIES])
def test_what_is_foreign_is_decided_by_the_partner_role_alone(
    path: str | None, stranger: APIClient, sent: Sent
) -> None:
    address = f"/api/v1/messages/{sent().pk}"
    with _watched() as roles:
        answer = stranger.post(f"{address}/{path}", BODIES[path], **key()) if path else stranger.get(address)
    assert answer.status_code == 404
    assert {who for who, _ in roles.of(WALLED)} == {PARTNER}


def test_a_forgotten_filter_shows_nothing_foreign(both_agencies: tuple[Agency, Agency]) -> None:
    own, other = both_agencies
    everything = (Message, Delivery, Receipt, InboundMessage, Destination, Officer)
    with wall.behind(own.pk):
        assert [model.objects.values("pk").count() for model in everything] == [1, 1, 2, 1, 1, 1]
        assert bytes(Message.objects.values_list("content", flat=True).get())
    with wall.behind(other.pk):
        assert [model.objects.values("pk").count() for model in everything] == [0, 0, 0, 0, 1, 1]
        assert set(Destination.objects.values_list("agency_id", flat=True)) == {other.pk}


def test_raw_sql_returns_nothing_foreign_from_any_table(both_agencies: tuple[Agency, Agency]) -> None:
    own, other = both_agencies
    whole = {table: _count(table) for table in grants.PARTNER_SEES}
    assert all(whole.values()), "each table has a row to find"
    with wall.behind(other.pk):
        seen = {table: _count(table) for table in grants.PARTNER_SEES}
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM partners_agency")
            assert cursor.fetchall() == [(other.pk,)]
            cursor.execute(
                "SELECT agency_id FROM partners_officer UNION ALL SELECT agency_id FROM partners_destination"
            )
            assert set(cursor.fetchall()) == {(other.pk,)}
    belongs_to_nobody_else = (
        *("outbox_message", "outbox_delivery", "outbox_receipt", "inbox_inboundmessage"),
        *("datarequests_datarequest", "datarequests_deficiency"),
    )
    assert {table: seen[table] for table in belongs_to_nobody_else} == dict.fromkeys(
        belongs_to_nobody_else, 0
    )
    with wall.behind(own.pk):
        assert all(_count(table) for table in grants.PARTNER_SEES)


@pytest.mark.parametrize("nobody", [0, -1, 2**62])
def test_an_agency_that_is_none_sees_nothing(nobody: int, both_agencies: tuple[Agency, Agency]) -> None:
    with wall.behind(nobody):
        assert not any(_count(table) for table in grants.PARTNER_SEES)


def test_without_the_setting_there_are_no_rows(both_agencies: tuple[Agency, Agency]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [PARTNER])
        assert not any(_count(table) for table in grants.PARTNER_SEES)
        transaction.set_rollback(True)


@pytest.mark.parametrize("state", ["queued", "held", "void"])
def test_what_was_never_begun_is_behind_the_wall(state: str, sent: Sent, agency: Agency) -> None:
    message = sent()
    with wall.behind(agency.pk):
        assert [_count(table) for table in ("outbox_message", "outbox_delivery")] == [1, 1]
    Delivery.objects.filter(message=message).update(state=state, attempts_made=0)
    with wall.behind(agency.pk):
        assert [_count(table) for table in ("outbox_message", "outbox_delivery")] == [0, 0]


def test_a_message_that_nobody_approved_is_behind_the_wall_too(in_review: Any, agency: Agency) -> None:
    in_review()
    assert Message.objects.count() == 1
    with wall.behind(agency.pk):
        assert _count("outbox_message") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM outbox_message",
        "SELECT source FROM outbox_message",
        "SELECT preview FROM outbox_message",
        "SELECT case_id FROM outbox_message",
        "SELECT config FROM partners_destination",
        "SELECT contact FROM partners_officer",
        "SELECT 1 FROM cases_case",
        "SELECT 1 FROM access_user",
        "SELECT 1 FROM access_apitoken",
        "SELECT 1 FROM ledger_leaf",
        "SELECT 1 FROM referrals_referral",
        "SELECT 1 FROM triage_flag",
        "INSERT INTO inbox_inboundmessage DEFAULT VALUES",
        "UPDATE outbox_message SET state = 'void'",
        "DELETE FROM outbox_receipt",
        "TRUNCATE outbox_receipt",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE outbox_message DISABLE ROW LEVEL SECURITY",
        "SET LOCAL row_security = off; SELECT id FROM outbox_message",
    ],
)
def test_the_partner_role_may_do_nothing_else(statement: str, both_agencies: tuple[Agency, Agency]) -> None:
    with pytest.raises(DatabaseError), wall.behind(both_agencies[1].pk), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_application_sees_every_row(
    both_agencies: tuple[Agency, Agency], owner: psycopg.Connection
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND row_security_active(oid)")
        assert {name for (name,) in cursor.fetchall()} == set(grants.OWN_ROWS)
    assert Officer.objects.count() == Destination.objects.count() == 2


def test_an_error_behind_the_wall_leads_back_to_the_application(agency: Agency) -> None:
    with pytest.raises(ValueError, match="no"), wall.behind(agency.pk):
        raise ValueError("no")
    assert _who() == grants.role_names()["app"]
    with pytest.raises(DatabaseError), wall.behind(agency.pk):
        _count("cases_case")
    assert _who() == grants.role_names()["app"]


def test_an_error_outside_leads_back_behind_the_wall(agency: Agency) -> None:
    roles = []
    with wall.behind(agency.pk):
        with suppress(ValueError), wall.outside():
            roles.append(_who())
            raise ValueError
        roles.append(_who())
        with wall.outside():
            roles.append(_who())
        roles.append(_who())
    assert roles == [grants.role_names()["app"], PARTNER] * 2


def test_the_wall_is_entered_once_and_left_only_from_behind(agency: Agency, second_agency: Agency) -> None:
    with pytest.raises(wall.WallMisused), wall.behind(agency.pk), wall.behind(second_agency.pk):
        pass
    with pytest.raises(wall.WallMisused), wall.outside():
        pass
    assert _who() == grants.role_names()["app"]


@pytest.mark.django_db(transaction=True)
def test_the_role_ends_with_the_request_on_a_connection_that_goes_on(
    api: APIClient, stranger: APIClient, sent: Sent
) -> None:
    message = sent()
    backend = connection.connection.info.backend_pid
    for client, status in ((api, 200), (stranger, 404), (api, 200)):
        assert client.get(f"/api/v1/messages/{message.pk}").status_code == status
        assert _who() == grants.role_names()["app"]
    assert connection.connection.info.backend_pid == backend


def test_a_kept_answer_is_not_repeated_to_an_officer_who_was_suspended_since(
    api: APIClient, agency: Agency, sent: Sent
) -> None:
    address = f"/api/v1/messages/{sent().pk}/acknowledge"
    assert api.post(address, {"reference": "HC-1"}, **key()).status_code == 201
    partners.suspend_agency(agency, by=None, reason="A forged request came from its mailbox.")
    assert api.post(address, {"reference": "HC-1"}, **key()).status_code == 403


def test_a_message_that_does_not_exist_is_looked_for_behind_the_wall(stranger: APIClient) -> None:
    with _watched() as roles:
        assert stranger.get(f"/api/v1/messages/{uuid.uuid4()}").status_code == 404
    assert {who for who, _ in roles.of(WALLED)} == {PARTNER}


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(id) FROM {table}")
        return int(cursor.fetchone()[0])


def _who() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])
