"""While a data request runs: what is supplied, taken back, extended and objected to; floods and haste."""

import hashlib
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core.errors import Refused
from coordination.datarequests import services
from coordination.datarequests.models import DataRequest, EmergencyGrounds, NamedAccount
from coordination.evidence.models import CustodyEvent
from coordination.ledger.selectors import entries_about
from coordination.partners import selectors as partners
from coordination.partners import services as partner_services
from coordination.partners.services import Agency
from coordination.rest.models import Refusal
from tests.api.conftest import ClientFor, key
from tests.api.test_datarequests import EMERGENCY, LIST, SUBPOENA
from tests.world import OfficerOf

Returned = Callable[..., DataRequest]
WHY = {"reason": "The case was solved."}


@pytest.fixture(autouse=True)
def _shelf(store: Any) -> None:
    """A store of the test's own."""


@pytest.fixture
def asking(officer: User, client_for: ClientFor) -> APIClient:
    """The client of an officer who may submit."""
    return client_for(officer, "read", "submit")


def _submit(client: APIClient, body: dict[str, Any], word: str = "s") -> Any:
    return client.post(LIST, body, format="json", **key(word))


def _do(client: APIClient, request: DataRequest, deed: str, body: dict[str, Any]) -> Any:
    return client.post(f"{LIST}/{request.reference}/{deed}", body, format="json", **key(deed))


@pytest.fixture
def looked_at(asking: APIClient, liaison: User) -> Returned:
    """Submit a request and have its face looked at."""

    def make(**more: Any) -> DataRequest:
        answer = _submit(asking, {**SUBPOENA, **more})
        assert answer.status_code == 201, answer.content
        request = DataRequest.objects.get(reference=answer.json()["reference"])
        services.verify_requester(request, by=liaison, how="The watch desk, on our number.")
        services.docket(request, by=liaison)
        return services.check_validity(request, by=liaison, addressed_right=True)[0]

    return make


@pytest.fixture
def returned(looked_at: Returned, counsel: User) -> Returned:
    """Submit a request that says nothing of its court, and return it for that."""
    return lambda: services.return_deficient(looked_at(court=""), by=counsel)[0]


def test_what_is_lacking_is_named_and_supplied(asking: APIClient, returned: Returned, liaison: User) -> None:
    request = returned()
    shown = asking.get(f"{LIST}/{request.reference}").json()
    assert shown["state"] == "returned"
    lacking = {each["code"]: each for each in shown["deficiencies"]}
    assert any("court" in code for code in lacking)
    assert all(each["supply"] and each["citation"] for each in lacking.values())
    answer = _do(asking, request, "amend", {"court": "District Court, Harrow County, 2026 GJ 11"})
    assert (answer.status_code, answer.json()["state"]) == (200, "under_review")
    request.refresh_from_db()
    assert (request.state, request.court) == ("docketed", "District Court, Harrow County, 2026 GJ 11")
    assert cases.open_task("docket_request", request.origin) is not None
    services.check_validity(request, by=liaison)
    assert cases.open_task("docket_request", request.origin) is None


def test_the_deficiency_letter_is_fetched_and_that_is_recorded(asking: APIClient, returned: Returned) -> None:
    request = returned()
    letter = asking.get(f"{LIST}/{request.reference}/letter").json()
    content = b64decode(letter["content_base64"])
    assert content.startswith(b"%PDF")
    assert hashlib.sha256(content).hexdigest() == letter["sha256"]
    exhibit = request.deficiencies.filter(letter__isnull=False)[0].letter
    assert exhibit is not None
    assert exhibit.sha256 == letter["sha256"]
    assert CustodyEvent.objects.filter(exhibit=exhibit, act="copied").count() == 1


def test_without_a_letter_there_is_none(asking: APIClient, looked_at: Returned) -> None:
    assert asking.get(f"{LIST}/{looked_at().reference}/letter").status_code == 204


@pytest.mark.parametrize("field", ["zone", "process", "state", "agency", "approved", "case"])
def test_scp_08_what_cannot_be_supplied_is_named(asking: APIClient, returned: Returned, field: str) -> None:
    request = returned()
    answer = _do(asking, request, "amend", {"court": "Another", field: "released"})
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    request.refresh_from_db()
    assert (request.state, request.court) == ("returned", "")


def test_nothing_is_supplied_to_what_was_not_returned(asking: APIClient, looked_at: Returned) -> None:
    request = looked_at()
    answer = _do(asking, request, "amend", {"court": "Another"})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("illegal-transition")


def test_it_is_taken_back(asking: APIClient, looked_at: Returned, officer: User) -> None:
    request = looked_at()
    answer = _do(asking, request, "withdraw", WHY)
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert entries_about(request.reference).get(action="datarequests.withdrawn").data["by"] == officer.pk


def test_the_return_date_moves_later_only(asking: APIClient, looked_at: Returned) -> None:
    request = looked_at()
    earlier = _do(asking, request, "extend", {"return_on": "2027-05-01", "because": "The court."})
    assert (earlier.status_code, earlier.json()["rule"]) == (403, "datarequests.extend")
    later = asking.post(
        f"{LIST}/{request.reference}/extend",
        {"return_on": "2027-07-01", "because": "The court."},
        format="json",
        **key("later"),
    )
    assert later.json()["due_at"] == "2027-07-02T05:59:59Z"


def test_a_ground_that_was_missing_is_supplied_and_the_others_stay(
    asking: APIClient, liaison: User, counsel: User
) -> None:
    grounds = {**EMERGENCY["grounds"], "is_sworn": False}
    answer = _submit(asking, {**EMERGENCY, "grounds": grounds})
    request = DataRequest.objects.get(reference=answer.json()["reference"])
    services.verify_requester(request, by=liaison, how="The watch desk, on our number.")
    services.docket(request, by=liaison)
    services.check_validity(request, by=liaison, addressed_right=True)
    services.return_deficient(request, by=counsel)
    assert _do(asking, request, "amend", {"grounds": {"is_sworn": True}}).status_code == 200
    said = EmergencyGrounds.objects.get(request=request)
    assert (said.is_sworn, said.officer_name) == (True, "Carla Reyes")


def test_what_is_objected_to_stands_still_and_is_put_before_counsel(
    asking: APIClient, looked_at: Returned, counsel: User
) -> None:
    request = services.narrow(looked_at(), by=counsel, reason="Too much.", categories=["subscriber"])
    answer = _do(asking, request, "object", {"reason": "The sessions are the point."})
    assert (answer.status_code, answer.json()["state"]) == (200, "objected")
    assert cases.open_task("decide_request", request.origin) is not None


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("amend", {"court": "Another"}),
        ("withdraw", WHY),
        ("extend", {"return_on": "2027-07-01", "because": "The court."}),
        ("object", WHY),
    ],
)
def test_another_agency_does_none_of_it_and_learns_nothing(
    *,
    deed: str,
    body: dict[str, Any],
    returned: Returned,
    second_agency: Agency,
    police_officer_of: OfficerOf,
    client_for: ClientFor,
) -> None:
    request = returned()
    other = client_for(police_officer_of(second_agency), "read", "submit")
    foreign = _do(other, request, deed, body)
    missing = other.post(f"{LIST}/D-0000-0000/{deed}", {"nonsense": 1}, format="json", **key("m"))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    request.refresh_from_db()
    assert request.state == "returned"


def test_edr_04_forty_accounts_are_held_and_somebody_calls_the_agency(
    asking: APIClient, agency: Agency, liaison: User, officer: User
) -> None:
    many = [{"kind": "user_id", "value": f"u-{number}"} for number in range(40)]
    answer = _submit(asking, {**EMERGENCY, "accounts": many})
    assert set(answer.json()) == {"reference", "received_at"}, "who asks learns nothing of it"
    request = DataRequest.objects.get()
    (call,) = partners.calls_of(agency).filter(about=request.reference)
    assert entries_about(request.reference).filter(action="datarequests.held").exists()
    with pytest.raises(Refused) as refused:
        services.verify_requester(request, by=liaison, how="He wrote again.")
    assert refused.value.rule == "datarequests.held"
    partner_services.record_call(
        call, by=liaison, outcome="confirmed", spoke_with="Lt. Hale", words="She asked for them."
    )
    assert services.verify_requester(request, by=liaison, how="Lt. Hale.").state == "requester_verified"


def test_edr_04_what_the_agency_denies_never_goes_on(
    asking: APIClient, agency: Agency, liaison: User
) -> None:
    many = [{"kind": "user_id", "value": f"u-{number}"} for number in range(40)]
    _submit(asking, {**EMERGENCY, "accounts": many})
    request = DataRequest.objects.get()
    (call,) = partners.calls_of(agency).filter(about=request.reference)
    partner_services.record_call(
        call, by=liaison, outcome="no_such_case", spoke_with="Lt. Hale", words="We asked for nothing."
    )
    with pytest.raises(Refused):
        services.verify_requester(request, by=liaison, how="He wrote again.")
    assert asking.get(LIST).status_code == 403, "the officer is suspended"


def test_an_order_of_silence_hides_its_case_and_says_nothing_more_outside(asking: APIClient) -> None:
    answer = _submit(asking, {**SUBPOENA, "non_disclosure": True, "non_disclosure_until": "2027-01-31"})
    assert answer.status_code == 201
    request = DataRequest.objects.get()
    assert cases.is_hidden(request.case)
    shown = asking.get(f"{LIST}/{request.reference}")
    assert shown.status_code == 200
    assert b"disclosure" not in shown.content


def test_scp_09_a_preservation_opens_no_route_to_what_it_keeps(
    asking: APIClient, counsel: User, liaison: User
) -> None:
    body = {**SUBPOENA, "process": "preservation", "authority": "18 USC 2703(f)"}
    request = DataRequest.objects.get(reference=_submit(asking, body).json()["reference"])
    services.verify_requester(request, by=liaison, how="The watch desk, on our number.")
    DataRequest.objects.filter(pk=request.pk).update(state="closed", closure="preserved")
    shown = asking.get(f"{LIST}/{request.reference}").json()
    assert (shown["state"], shown["closure"]) == ("closed", "preserved")
    assert set(shown) == {
        *("reference", "process", "priority", "received_at", "state", "due_at", "process_attached"),
        *("closure", "closed_at", "deficiencies"),
    }
    for way in ("production", "preservation", "snapshot", "package", "data"):
        assert asking.get(f"{LIST}/{request.reference}/{way}").status_code == 404


def test_an_ordinary_request_waits_for_no_second_call(asking: APIClient, agency: Agency) -> None:
    _submit(asking, SUBPOENA)
    assert not partners.calls_of(agency).exists()


def test_many_small_requests_of_a_day_are_counted_together(asking: APIClient, agency: Agency) -> None:
    for place in range(4):
        many = [{"kind": "user_id", "value": f"u-{place}-{number}"} for number in range(9)]
        assert _submit(asking, {**SUBPOENA, "accounts": many}, f"s{place}").status_code == 201
    assert partners.calls_of(agency).exists()


def test_edr_12_a_flood_of_one_sender_ends_and_is_counted_and_another_s_emergency_is_taken(
    *,
    asking: APIClient,
    officer: User,
    second_agency: Agency,
    police_officer_of: OfficerOf,
    client_for: ClientFor,
    settings: Any,
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "submission": "3/3600"}
    statuses = [_submit(asking, EMERGENCY, f"f{number}").status_code for number in range(8)]
    assert statuses == [201] * 3 + [429] * 5
    assert DataRequest.objects.count() == 3
    other = client_for(police_officer_of(second_agency), "read", "submit")
    assert _submit(other, EMERGENCY).status_code == 201, "nobody else waits for it"
    row = Refusal.objects.get(kind="too-many-requests")
    assert row.more == 4, "the first is in the ledger, the others are its number"
    assert NamedAccount.objects.count() == 4
    assert asking.get(LIST).status_code == 200
