"""Data requests behind the second wall: whatever a query forgets, no row of another agency is there."""

import re
from typing import Any

import pytest
from django.db import DatabaseError, connection
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.core import grants, wall
from coordination.datarequests import outside
from coordination.datarequests.models import DataRequest, Deficiency
from coordination.partners.services import Agency
from tests.api.conftest import ClientFor, asked_for_more, key
from tests.api.test_datarequests import PDF, SUBPOENA
from tests.api.test_wall import PARTNER, _watched
from tests.architecture.test_wall import FOR_PARTNERS

TABLES = [name for name in grants.OWN_ROWS if name.startswith("datarequests_")]
ROUTES = [(method, route) for method, route, _ in FOR_PARTNERS if "/requests" in route]
WALLED = re.compile('"datarequests_datarequest"')


@pytest.fixture(autouse=True)
def _shelf(store: Any) -> None:
    """A store of the test's own."""


@pytest.fixture
def asking(officer: User, client_for: ClientFor) -> APIClient:
    """The client of an officer who may submit."""
    return client_for(officer, "read", "submit")


def _call(client: APIClient, method: str, route: str, reference: str) -> Any:
    address = "/" + re.sub(r"<slug:reference>", reference, route)
    if method == "put":
        return client.put(address, PDF, content_type="application/pdf")
    if method == "post":
        return client.post(address, BODIES.get(address.rpartition("/")[2], {}), format="json", **key())
    return client.get(address)


BODIES: dict[str, dict[str, Any]] = {"requests": SUBPOENA}


@pytest.mark.parametrize(("method", "route"), [each for each in ROUTES if "<" in each[1]], ids=str)
def test_what_is_foreign_is_decided_by_the_partner_role_alone(
    *, method: str, route: str, client_for: ClientFor, stranger: APIClient, agency: Agency, liaison: User
) -> None:
    foreign = asked_for_more(agency, liaison).reference
    other = client_for(User.objects.get(username__startswith="officer_of_"), "read", "submit")
    with _watched() as roles:
        answer = _call(other, method, route, foreign)
    assert answer.status_code == 404
    assert {who for who, _ in roles.of(WALLED)} == {PARTNER}


@pytest.mark.parametrize(("method", "route"), [each for each in ROUTES if each[0] == "get"], ids=str)
def test_what_is_read_is_read_as_the_partner_role(
    *, method: str, route: str, asking: APIClient, agency: Agency, liaison: User
) -> None:
    reference = asked_for_more(agency, liaison).reference
    with _watched() as roles:
        assert _call(asking, method, route, reference).status_code in {200, 204}
    assert roles.of(WALLED)[0] == (PARTNER, str(agency.pk))


def test_a_forgotten_filter_shows_nothing_foreign(
    agency: Agency, second_agency: Agency, liaison: User
) -> None:
    own, foreign = asked_for_more(agency, liaison), asked_for_more(second_agency, liaison)
    with wall.behind(agency.pk):
        assert list(DataRequest.objects.values_list("pk", flat=True)) == [own.pk]
        assert list(Deficiency.objects.values_list("request_id", flat=True)) == [own.pk]
        assert not DataRequest.objects.filter(pk=foreign.pk).values("pk").exists()


def test_a_request_on_paper_that_nobody_confirmed_is_behind_the_wall(agency: Agency, liaison: User) -> None:
    request = asked_for_more(agency, liaison)
    DataRequest.objects.filter(pk=request.pk).update(way="fax")
    with wall.behind(agency.pk):
        assert not DataRequest.objects.values("pk").exists()
        assert not Deficiency.objects.values("pk").exists()


def test_every_table_of_a_data_request_has_a_policy() -> None:
    assert set(TABLES) == {
        *("datarequests_datarequest", "datarequests_deficiency", "datarequests_emergencygrounds"),
        *("datarequests_namedaccount", "datarequests_production", "datarequests_productionitem"),
        *("datarequests_silence", "datarequests_usernotice"),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM datarequests_datarequest",
        *(
            f"SELECT {column} FROM datarequests_datarequest"
            for column in ("requester", "verified_by_id", "how_verified", "decision_reason", "case_id")
        ),
        "SELECT non_disclosure FROM datarequests_datarequest",
        "SELECT silent_because FROM datarequests_datarequest",
        "SELECT rejection FROM datarequests_datarequest",
        "SELECT asked_by_id FROM datarequests_deficiency",
        "SELECT 1 FROM datarequests_namedaccount",
        "SELECT 1 FROM datarequests_emergencygrounds",
        "SELECT 1 FROM datarequests_production",
        "SELECT 1 FROM datarequests_productionitem",
        "SELECT 1 FROM datarequests_silence",
        "SELECT 1 FROM datarequests_usernotice",
        "SELECT 1 FROM datarequests_production_collectors",
        "SELECT 1 FROM restrictions_preservation",
        "SELECT 1 FROM evidence_exhibit",
        "UPDATE datarequests_datarequest SET state = 'produced'",
        "INSERT INTO datarequests_deficiency DEFAULT VALUES",
        "DELETE FROM datarequests_deficiency",
    ],
)
def test_the_partner_role_reads_nothing_of_the_desk_s_and_writes_nothing(
    statement: str, agency: Agency, liaison: User
) -> None:
    asked_for_more(agency, liaison)
    with pytest.raises(DatabaseError), wall.behind(agency.pk), connection.cursor() as cursor:
        cursor.execute(statement)


def test_every_column_of_a_row_outside_may_be_read() -> None:
    assert set(outside.ROW) <= set(grants.PARTNER_SEES["datarequests_datarequest"])
    assert set(outside.LACKING) <= set(grants.PARTNER_SEES["datarequests_deficiency"])
