"""Guards against swatting: what a user wrote is no observed place, and a weak place decides no recipient."""

import json
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core.errors import InvalidInput
from coordination.partners.services import Agency, Destination
from coordination.policy import selectors as policy
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.referrals.conftest import DRAFT, ITEM
from tests.triage.conftest import FOUND, Receive
from tests.world import DestinationOf

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "1420 Alder Street, Springfield"
PLACE: dict[str, Any] = {
    "about": "subject",
    "label": "Address",
    "value": ADDRESS,
    "category": "location",
    "provenance": "observed",
    "basis": "us.2702c4",
}
NETWORK: dict[str, Any] = {**PLACE, "value": "Harrow County", "place_source": "network_address"}


@pytest.fixture
def flag(receive: Receive, senior_reviewer: User) -> Flag:
    """A user gives somebody else's name and address; a senior reviewer decided to refer it."""
    made = receive(content=f"I am J. Doe of {ADDRESS} and tonight I shoot whoever comes to the door.")
    said: dict[str, Any] = {
        "reasons": "Tonight, and a weapon.",
        "reopens_when": "Police find nobody.",
        "assessment": FOUND,
    }
    triage.decide(made, by=senior_reviewer, outcomes=["refer_police"], **said)
    return made


@pytest.fixture
def destination(agency: Agency, destination_of: DestinationOf, signing_secret: str, shared_host: None) -> Any:
    """Where it would go."""
    return destination_of(agency)


@pytest.fixture
def draft(flag: Flag, liaison: User, destination: Destination) -> Referral:
    """A draft on the flag's case."""
    assert flag.case is not None
    made = services.file(flag.case, by=liaison, **DRAFT)
    services.add_item(made, by=liaison, **ITEM)
    services.add_addressee(made, by=liaison, destination=destination)
    return made


def frozen(referral: Referral) -> dict[str, Any]:
    """Return what would leave."""
    message = selectors.addressees_of(referral).get().message
    assert message is not None
    found: dict[str, Any] = json.loads(bytes(message.content))
    return found


@pytest.mark.parametrize(
    "spelt", [ADDRESS, "1420 ALDER street springfield", "1420  Alder Street. Springfield!"]
)
@pytest.mark.parametrize("provenance", ["observed", "inferred"])
def test_swt_01_an_address_from_a_users_text_is_never_an_observed_location(
    spelt: str, provenance: str, draft: Referral, liaison: User
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        services.add_fact(draft, by=liaison, **{**PLACE, "value": spelt, "provenance": provenance})
    assert wrong.value.field == "provenance"
    assert not draft.facts.exists()


def test_swt_01_a_claimed_name_and_address_leave_as_claimed_and_unverified(
    draft: Referral, liaison: User, duty_officer: User
) -> None:
    claimed = {**PLACE, "provenance": "claimed_by_user"}
    services.add_fact(draft, by=liaison, **claimed)
    name = {**claimed, "label": "Name", "value": "J. Doe", "category": "subscriber"}
    services.add_fact(draft, by=liaison, **name)
    sent = services.submit(draft, by=liaison)
    text = json.dumps(frozen(sent))
    assert "Address (claimed by user, unverified)" in text
    facts = {each["value"]: each for each in _facts(frozen(sent))}
    assert {each["provenance"] for each in facts.values()} == {"claimed_by_user"}
    services.approve(sent, by=duty_officer, digests=selectors.digests_of(sent))
    called = cases.open_task("phone_now", sent.origin)
    assert called is not None
    assert "Alder" not in called.instructions


def test_swt_05_a_weak_place_behind_a_vpn_decides_no_recipient_without_a_person(
    draft: Referral, liaison: User, duty_officer: User
) -> None:
    rule = policy.desk_rule("policy.location-confidence")
    assert rule is not None
    assert rule.amount is not None
    services.add_fact(draft, by=liaison, **NETWORK, place_confidence=rule.amount - 1)
    with pytest.raises(InvalidInput) as wrong:
        services.submit(draft, by=liaison)
    assert wrong.value.field == "place_confirmed"
    assert rule.citation in str(wrong.value)
    draft = services.revise(draft, by=liaison, place_confirmed="The carrier confirmed the county, 23:31.")
    sent = services.submit(draft, by=liaison)
    assert f"{rule.amount - 1} %, from a network address" in json.dumps(frozen(sent))


@pytest.mark.parametrize(
    ("confidence", "proxy", "passes"),
    [(70, False, True), (69, False, False), (95, True, False), (0, False, False)],
)
def test_swt_05_confidence_and_proxy_are_recorded_and_weighed(
    confidence: int, proxy: bool, passes: bool, draft: Referral, liaison: User
) -> None:
    fact = services.add_fact(draft, by=liaison, **NETWORK, place_confidence=confidence, possible_proxy=proxy)
    assert (fact.place_confidence, fact.possible_proxy) == (confidence, proxy)
    if passes:
        assert services.submit(draft, by=liaison).state == "in_review"
    else:
        with pytest.raises(InvalidInput):
            services.submit(draft, by=liaison)


def test_swt_05_a_better_source_needs_no_confirmation(draft: Referral, liaison: User) -> None:
    services.add_fact(draft, by=liaison, **NETWORK, place_confidence=20, possible_proxy=True)
    services.add_fact(draft, by=liaison, **{**NETWORK, "place_source": "verified"})
    assert services.submit(draft, by=liaison).state == "in_review"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"place_source": "network_address"}, "place_confidence"),
        ({"place_source": "a hunch"}, "place_source"),
        ({"place_source": "device", "place_confidence": 101}, "place_confidence"),
        ({"category": "subscriber", "possible_proxy": True}, "place_source"),
    ],
)
def test_swt_05_how_a_place_is_known_is_whole(
    change: dict[str, Any], field: str, draft: Referral, liaison: User
) -> None:
    with pytest.raises(InvalidInput) as wrong:
        services.add_fact(draft, by=liaison, **{**PLACE, "value": "Harrow County", **change})
    assert wrong.value.field == field


def _facts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        found = [value] if {"label", "value", "provenance"} <= value.keys() else []
        return found + [each for part in value.values() for each in _facts(part)]
    return [each for part in value for each in _facts(part)] if isinstance(value, list) else []
