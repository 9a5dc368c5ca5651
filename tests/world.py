"""The case and the partners that most tests start from."""

from collections.abc import Callable

import pytest

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from tests.people import Cast

ACCOUNT = "acct-7731"

OfficerOf = Callable[..., User]
DestinationOf = Callable[..., Destination]


@pytest.fixture
def case(db: None) -> Case:
    """An open case with one subject, given to the default teams."""
    return cases.open_case("Threat against a school", by=None, accounts=[ACCOUNT])


@pytest.fixture
def agency(db: None) -> Agency:
    """Harrow County Sheriff, verified: US government."""
    return _agency("Harrow County Sheriff", "CO0000000", "harrow-sheriff.example")


@pytest.fixture
def second_agency(db: None) -> Agency:
    """Another verified agency of the same class."""
    return _agency("Springfield Police Department", "IL0000000", "springfield-police-il.example")


@pytest.fixture
def police_officer_of(cast: Cast) -> OfficerOf:
    """Make a verified officer of an agency: `police_officer_of(agency)`, `…(agency, username="second")`."""

    def officer(agency: Agency, *, username: str = "") -> User:
        user = cast(Role.OFFICER, username=username or f"officer_of_{agency.pk}")
        made = partners.register_officer(agency, by=None, user=user, name="Carla Reyes", rank="Sergeant")
        partners.verify_officer(made, by=None, how_verified="Called back on the number in our directory.")
        return user

    return officer


@pytest.fixture
def destination_of(db: None) -> DestinationOf:
    """Make a signed-webhook destination of an agency: `destination_of(agency, endpoint=partner.url)`."""

    def destination(
        agency: Agency, *, endpoint: str = "http://127.0.0.1:9/messages", title: str = "Threat desk, portal"
    ) -> Destination:
        return partners.add_destination(
            agency,
            by=None,
            title=title,
            channel="signed_webhook",
            config={"endpoint": endpoint, "signing_secret": "secret:TEST_SIGNING"},
            how_known="Given by the watch commander on the call-back.",
        )

    return destination


def _agency(name: str, identifier: str, domain: str) -> Agency:
    agency = partners.register_agency(
        by=None,
        name=name,
        identifier=identifier,
        kind="police",
        recipient_class="us_government",
        country="US",
        time_zone="America/Denver",
        domain=domain,
        phone="+1 970 555 0112",
    )
    return partners.verify_agency(agency, by=None, how_verified="Called back on the number in our directory.")
