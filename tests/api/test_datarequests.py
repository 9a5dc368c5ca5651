"""Asking for data over the API: what an officer may say, and what they see of it (EDR-01, SCP-08, PAR-06)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.datarequests import services
from coordination.datarequests.models import DataRequest, EmergencyGrounds, NamedAccount
from coordination.evidence.models import Exhibit
from coordination.ledger.selectors import entries_about
from coordination.partners import services as partners
from coordination.partners.services import Agency
from tests.api.conftest import ClientFor, key
from tests.world import OfficerOf

LIST = "/api/v1/requests"
SUBPOENA: dict[str, Any] = {
    "process": "grand_jury_subpoena",
    "zone": "America/Denver",
    "authority": "18 USC 2703(c)(2)",
    "court": "District Court, Harrow County, 2026 GJ 11",
    "signed_by": "Clerk of the court",
    "signed_on": "2026-04-30",
    "addressed_to": "Lanternchat, Inc.",
    "offence": "Stalking",
    "nexus": "The messages came from the named account.",
    "categories": ["subscriber", "sessions"],
    "range_from": "2026-05-01",
    "range_until": "2026-05-07",
    "return_on": "2027-06-01",
    "accounts": [{"kind": "user_id", "value": "u-7731"}],
}
GROUNDS: dict[str, Any] = {
    "officer_name": "Carla Reyes",
    "officer_rank": "Sergeant",
    "officer_badge": "4471",
    "agency_address": "1 Main Street, Harrow",
    "agency_domain": "harrow-sheriff.example",
    "agency_phone": "+1 970 555 0199",
    "is_sworn": True,
    "person_in_danger": "A girl of nine, taken from the school at noon.",
    "nature": "Abduction by the subject.",
    "since_when": "Two hours ago.",
    "data_and_why": "Sessions of today: where the phone is tells us where she is.",
    "why_not_process": "A warrant takes until tomorrow.",
}
EMERGENCY: dict[str, Any] = {
    "process": "emergency",
    "zone": "America/Denver",
    "emergency_kind": "abduction",
    "grounds": GROUNDS,
    "categories": ["sessions"],
    "range_from": "2026-05-01",
    "range_until": "2026-05-07",
    "accounts": [{"kind": "user_id", "value": "u-7731"}],
}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<<>>\n%%EOF\n"
Submitted = Callable[..., DataRequest]


@pytest.fixture(autouse=True)
def _shelf(store: Any) -> None:
    """A store of the test's own."""


@pytest.fixture
def asking(officer: User, client_for: ClientFor) -> APIClient:
    """The client of an officer who may submit."""
    return client_for(officer, "read", "submit")


@pytest.fixture
def other(second_agency: Agency, police_officer_of: OfficerOf, client_for: ClientFor) -> APIClient:
    """The client of an officer of another agency, who may submit as well."""
    return client_for(police_officer_of(second_agency), "read", "submit")


@pytest.fixture
def submitted(asking: APIClient) -> Submitted:
    """Submit a request: `submitted()`, `submitted(EMERGENCY)`."""

    def submit(body: dict[str, Any] = SUBPOENA, **more: Any) -> DataRequest:
        answer = asking.post(LIST, {**body, **more}, format="json", **key(f"k-{DataRequest.objects.count()}"))
        assert answer.status_code == 201, answer.content
        return DataRequest.objects.get(reference=answer.json()["reference"])

    return submit


def _refused(answer: Any) -> set[str]:
    assert answer.status_code == 400, answer.content
    assert not DataRequest.objects.exists()
    return {each["field"] for each in answer.json()["errors"]}


def test_a_request_comes_in_unverified_in_the_officer_s_own_name(
    asking: APIClient, officer: User, agency: Agency
) -> None:
    answer = asking.post(LIST, SUBPOENA, format="json", **key())
    assert answer.status_code == 201
    request = DataRequest.objects.get()
    assert answer.json() == {
        "reference": request.reference,
        "received_at": request.filed_at.isoformat().replace("+00:00", "Z"),
    }
    assert (request.agency, request.filed_by, request.way) == (agency, officer, "api")
    assert (request.state, request.verified_by, request.priority) == ("received", None, "normal")
    assert "Carla Reyes" in request.requester
    assert NamedAccount.objects.get(request=request).value == "u-7731"
    assert cases.open_task("verify_requester", request.origin) is not None
    entry = entries_about(request.reference).get(action="datarequests.filed")
    assert entry.data["by"] == officer.pk


def test_the_same_key_is_one_request(asking: APIClient) -> None:
    first = asking.post(LIST, SUBPOENA, format="json", **key())
    again = asking.post(LIST, SUBPOENA, format="json", **key())
    assert first.content == again.content
    assert DataRequest.objects.count() == 1


def test_an_emergency_is_p0_and_states_each_ground(submitted: Submitted) -> None:
    request = submitted(EMERGENCY)
    assert (request.priority, request.emergency_kind) == ("P0", "abduction")
    assert EmergencyGrounds.objects.get(request=request).person_in_danger == GROUNDS["person_in_danger"]


@pytest.mark.parametrize("ground", sorted(GROUNDS))
def test_edr_05_an_emergency_without_a_ground_is_named_and_not_taken(asking: APIClient, ground: str) -> None:
    said = {name: value for name, value in GROUNDS.items() if name != ground}
    answer = asking.post(LIST, {**EMERGENCY, "grounds": said}, format="json", **key())
    assert _refused(answer) == {f"grounds.{ground}"}


@pytest.mark.parametrize(
    "extra",
    [
        {"approved": True},
        {"state": "produced"},
        {"status": "released"},
        {"agency": 1},
        {"officer": 1},
        {"priority": "P0"},
        {"verified_by": 1},
        {"case": "C-0000-0000"},
        {"way": "post"},
        {"requester": "The chief of police"},
        {"emergency_kind": "bomb"},
    ],
    ids=str,
)
def test_scp_08_what_a_body_does_not_have_is_named_and_nothing_is_taken(
    asking: APIClient, extra: dict[str, Any]
) -> None:
    answer = asking.post(LIST, {**SUBPOENA, **extra}, format="json", **key())
    assert _refused(answer) == set(extra)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("process", True),
        ("process", ["search_warrant"]),
        ("process", "a_kind_letter"),
        ("zone", 7),
        ("zone", "Nowhere/Town"),
        ("authority", ["18 USC"]),
        ("authority", "x" * 201),
        ("signed_on", 20260430),
        ("signed_on", "2026-02-30"),
        ("signed_on", "20260430"),
        ("signed_on", "0001-01-01"),
        ("return_on", "9999-12-31"),
        ("non_disclosure", "true"),
        ("non_disclosure", 1),
        ("is_sealed", "no"),
        ("categories", "subscriber"),
        ("accounts", {"kind": "user_id", "value": "u-1"}),
    ],
    ids=str,
)
def test_par_06_a_value_of_another_type_is_named_and_nothing_is_taken(
    asking: APIClient, field: str, value: Any
) -> None:
    answer = asking.post(LIST, {**SUBPOENA, field: value}, format="json", **key())
    assert {name.partition(".")[0] for name in _refused(answer)} == {field}


@pytest.mark.parametrize("kind", ["display_name", "ip", "date_of_birth"])
def test_what_names_no_account_is_refused(asking: APIClient, kind: str) -> None:
    body = {**SUBPOENA, "accounts": [{"kind": kind, "value": "Robin Vale"}]}
    answer = asking.post(LIST, body, format="json", **key())
    assert _refused(answer) == {"accounts.0.kind"}
    assert b"Robin" not in answer.content


def test_national_security_process_is_not_entered(asking: APIClient) -> None:
    answer = asking.post(LIST, {**SUBPOENA, "process": "national_security"}, format="json", **key())
    assert (answer.status_code, answer.json()["rule"]) == (403, "datarequests.national-security")
    assert not DataRequest.objects.exists()


def test_edr_01_before_the_call_back_no_more_is_seen_than_a_receipt(
    asking: APIClient, submitted: Submitted, liaison: User
) -> None:
    request = submitted()
    address = f"{LIST}/{request.reference}"
    shown = asking.get(address).json()
    assert (shown["state"], shown["due_at"], shown["deficiencies"]) == ("received", None, [])
    services.verify_requester(request, by=liaison, how="The watch desk, on our number: she made it.")
    shown = asking.get(address).json()
    assert (shown["state"], shown["due_at"]) == ("under_review", "2027-06-02T05:59:59Z")


def test_edr_01_who_is_not_verified_now_is_let_into_no_route(
    asking: APIClient, submitted: Submitted, agency: Agency
) -> None:
    address = f"{LIST}/{submitted().reference}"
    partners.suspend_agency(agency, by=None, reason="A forged request came from its mailbox.")
    assert asking.post(LIST, SUBPOENA, format="json", **key("late")).status_code == 403
    assert asking.get(LIST).status_code == asking.get(address).status_code == 403
    assert DataRequest.objects.count() == 1


def test_what_is_shown_says_nothing_of_the_desk(
    asking: APIClient, submitted: Submitted, liaison: User, counsel: User
) -> None:
    request = submitted()
    services.verify_requester(request, by=liaison, how="The watch desk.")
    services.docket(request, by=liaison)
    services.check_validity(request, by=liaison, addressed_right=True)
    account = NamedAccount.objects.get(request=request)
    services.protect_account(account, by=liaison, protected="journalist")
    shown = asking.get(f"{LIST}/{request.reference}")
    assert set(shown.json()) == {
        *("reference", "process", "priority", "received_at", "state", "due_at", "process_attached"),
        *("closure", "closed_at", "deficiencies"),
    }
    for inner in ("journalist", "protected", liaison.username, request.case.reference, "facial", "u-7731"):
        assert inner not in shown.content.decode()


def test_a_foreign_request_is_as_unknown_as_a_missing_one(other: APIClient, submitted: Submitted) -> None:
    request = submitted()
    assert other.get(LIST).json()["results"] == []
    foreign, missing = other.get(f"{LIST}/{request.reference}"), other.get(f"{LIST}/D-0000-0000")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    assert dict(foreign.headers) == dict(missing.headers)
    put = [
        other.put(f"{LIST}/{each}/process", PDF, content_type="application/pdf")
        for each in (request.reference, "D-0000-0000")
    ]
    assert [each.status_code for each in put] == [404, 404]
    assert put[0].content == put[1].content
    assert not Exhibit.objects.exists()


def test_what_came_on_paper_in_an_agency_s_name_is_not_its_own_before_the_call_back(
    asking: APIClient, agency: Agency, liaison: User
) -> None:
    request = services.file(
        by=liaison,
        process="trial_subpoena",
        agency=agency,
        requester="Somebody who says so",
        way="fax",
        zone="America/Denver",
    )
    address = f"{LIST}/{request.reference}"
    assert asking.get(address).status_code == 404
    assert asking.get(LIST).json()["results"] == []
    services.verify_requester(request, by=liaison, how="The clerk, on our number.")
    assert asking.get(address).status_code == 200


def test_the_list_costs_the_same_however_long_it_is(asking: APIClient, submitted: Submitted) -> None:
    submitted()
    with CaptureQueriesContext(connection) as one:
        assert len(asking.get(LIST).json()["results"]) == 1
    for _ in range(4):
        submitted()
    with CaptureQueriesContext(connection) as five:
        rows = asking.get(LIST).json()["results"]
    assert len(rows) == 5
    assert len(five) == len(one)
    assert [row["received_at"] for row in rows] == sorted((row["received_at"] for row in rows), reverse=True)


def test_par_03_the_process_is_sealed_sniffed_and_attached_once(
    asking: APIClient, submitted: Submitted
) -> None:
    request = submitted()
    address = f"{LIST}/{request.reference}/process"
    answers = [asking.put(address, PDF, content_type="application/pdf") for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    exhibit = Exhibit.objects.get()
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["sha256"] == exhibit.sha256 == DataRequest.objects.get().scan_sha256
    assert entries_about(request.reference).filter(action="datarequests.scan_attached").count() == 1
    assert asking.get(f"{LIST}/{request.reference}").json()["process_attached"] is True


def test_par_03_what_calls_itself_pdf_and_is_a_page_is_kept_as_what_it_is(
    asking: APIClient, submitted: Submitted
) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    answer = asking.put(f"{LIST}/{submitted().reference}/process", page, content_type="application/pdf")
    assert answer.status_code == 200
    assert answer.json()["media_type"] != "application/pdf"


def test_par_07_without_a_scanner_the_process_is_in_quarantine(
    asking: APIClient, submitted: Submitted, settings: Any
) -> None:
    settings.CLAMD = "127.0.0.1:9"
    asking.put(f"{LIST}/{submitted().reference}/process", PDF, content_type="application/pdf")
    assert Exhibit.objects.get().keeping.scan == "scanner_down"


def test_a_process_that_is_too_large_or_empty_is_not_kept(asking: APIClient, submitted: Submitted) -> None:
    address = f"{LIST}/{submitted().reference}/process"
    large = asking.put(address, b"%PDF" + bytes(8 * 1024 * 1024), content_type="application/pdf")
    assert large.status_code == 413
    assert asking.put(address, b"", content_type="application/pdf").status_code == 400
    assert asking.put(address, "{}", content_type="application/json").status_code == 415
    assert not Exhibit.objects.exists()


def test_once_it_is_accepted_the_process_stays(asking: APIClient, submitted: Submitted) -> None:
    request = submitted()
    DataRequest.objects.filter(pk=request.pk).update(state="rejected", rejection="other")
    answer = asking.put(f"{LIST}/{request.reference}/process", PDF, content_type="application/pdf")
    assert (answer.status_code, answer.json()["rule"]) == (403, "datarequests.scan")
    assert not Exhibit.objects.exists()


def test_the_scope_is_asked_for(officer: User, client_for: ClientFor) -> None:
    reader = client_for(officer, "read", "respond")
    assert reader.post(LIST, SUBPOENA, format="json", **key()).status_code == 403
    assert client_for(officer, "submit").get(LIST).status_code == 403
