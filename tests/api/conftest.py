"""A referral at the sheriff's, and clients with tokens for those who may and may not see it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.datarequests import services as datarequests
from coordination.datarequests.models import DataRequest, Deficiency
from coordination.outbox import services as outbox
from coordination.outbox.services import Message
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from tests.referrals.conftest import DRAFT, FACT, ITEM
from tests.world import DestinationOf, OfficerOf

ClientFor = Callable[..., APIClient]
Sent = Callable[..., Message]


@pytest.fixture(autouse=True)
def _ready(packs: None, signing_secret: str, shared_host: None) -> None:
    """Law in force, a secret to sign with, and one warm host."""


@pytest.fixture
def client_for() -> ClientFor:
    """Return a client with a token: `client_for(user, "read", "respond")`."""

    def make(user: User, *scopes: str) -> APIClient:
        _, plain = access.issue_token(
            user, by=None, name="test", scopes=scopes or ["read", "respond"], expires_in=timedelta(days=1)
        )
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return client

    return make


@pytest.fixture
def officer(agency: Agency, police_officer_of: OfficerOf) -> User:
    """The sheriff's officer."""
    return police_officer_of(agency)


@pytest.fixture
def api(officer: User, client_for: ClientFor) -> APIClient:
    """The sheriff's client."""
    return client_for(officer)


@pytest.fixture
def stranger(second_agency: Agency, police_officer_of: OfficerOf, client_for: ClientFor) -> APIClient:
    """The client of another agency."""
    return client_for(police_officer_of(second_agency))


@pytest.fixture
def in_review(
    case: Case, agency: Agency, destination_of: DestinationOf, liaison: User
) -> Callable[[], Referral]:
    """Make a referral to the sheriff that waits for an approver."""
    destination = destination_of(agency)

    def make() -> Referral:
        referral = services.file(case, by=liaison, **DRAFT)
        services.add_item(referral, by=liaison, **ITEM)
        services.add_fact(referral, by=liaison, **FACT)
        services.add_addressee(referral, by=liaison, destination=destination)
        return services.submit(referral, by=liaison)

    return make


@pytest.fixture
def approved(in_review: Callable[[], Referral], senior_reviewer: User) -> Callable[[], Referral]:
    """Make an approved referral to the sheriff; its delivery is queued."""

    def make() -> Referral:
        referral = in_review()
        digests = {each.pk: each.message.digest for each in selectors.addressees_of(referral) if each.message}
        return services.approve(referral, by=senior_reviewer, digests=digests)

    return make


@pytest.fixture
def sent(approved: Callable[[], Referral]) -> Sent:
    """Make a message that the sheriff's system accepted."""

    def make() -> Message:
        message = selectors.addressees_of(approved()).get().message
        assert message is not None
        told = Receipt(message_id=str(message.pk), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
        outbox.record_receipt(message.pk, told, source="deliver")
        return message

    return make


def asked_for_more(agency: Agency, liaison: User) -> DataRequest:
    """Make a data request of an agency that lacked something when it was looked at."""
    request = datarequests.file(
        by=liaison,
        process="trial_subpoena",
        agency=agency,
        requester="Sergeant Carla Reyes",
        way="api",
        zone="America/Denver",
        accounts=[("user_id", "u-7731")],
    )
    Deficiency.objects.create(
        request=request,
        code="us.court",
        title="Court",
        citation="Fed. R. Crim. P. 17",
        supply="Name the court.",
        asked_at=clock.now(),
        asked_by=liaison,
    )
    return request


def key(value: str = "k-1") -> dict[str, Any]:
    """Return the header of a request's Idempotency-Key."""
    return {"HTTP_IDEMPOTENCY_KEY": value}
