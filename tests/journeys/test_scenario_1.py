"""Scenario 1, from the flag to the sheriff's own number: every part real, the partner an HTTP server."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from standardwebhooks import Webhook

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.ledger.selectors import entries_about
from coordination.outbox import dispatch
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.bus import SECRET
from tests.world import DestinationOf, OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)

FLAG = {
    "external_id": "lc-2026-000117",
    "source": "classifier",
    "category": "mass_casualty",
    "content": "On Monday they will all know my name.",
    "content_at": "2026-11-20T23:12:00-07:00",
    "content_zone": "America/Denver",
    "account": "acct-7731",
    "provenance": "observed",
    "score": 0.94,
    "classifier": "harm",
    "classifier_version": "3.2",
    "context": "Earlier: asked for the timetable of a school in Harrow County.",
}


@pytest.fixture
def sheriffs_system() -> Iterator[FakePartner]:
    """The sheriff's own system: a real HTTP server."""
    with FakePartner() as partner:
        yield partner


def _token(user: User, *scopes: str) -> str:
    _, plain = access.issue_token(user, by=None, name="test", scopes=scopes, expires_in=timedelta(days=1))
    return plain


def _post(url: str, token: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    with urlopen(Request(url, json.dumps(body).encode(), headers, method="POST"), timeout=20) as answer:
        answered: dict[str, Any] = json.load(answer)
        return answered


def _file(flag: Flag, liaison: User, destination: Any) -> Referral:
    assert flag.case is not None
    referral = services.file(
        flag.case,
        by=liaison,
        title="Threat against a school",
        feared="A shooting at a school in Harrow County on Monday.",
        feared_when="Monday 23 November, in the morning",
        why_suspicious="A date, a place and a weapon were named, and steps were taken.",
        danger_to_life=True,
        danger_reason="Direct and specific, with a date and a means.",
        priority="P0",
    )
    services.add_item(
        referral,
        by=liaison,
        title="Message of Friday 23:12",
        category="content",
        content=flag.content,
        provenance="observed",
        reason="It is the threat.",
        basis="us.2702b8",
        occurred_at=flag.content_at,
    )
    services.add_fact(
        referral,
        by=liaison,
        about="subject",
        label="Place",
        value="Harrow County",
        category="location",
        provenance="observed",
        basis="us.2702c4",
        confidence="network address, no proxy seen",
    )
    services.add_addressee(referral, by=liaison, destination=destination)
    return referral


def test_from_the_flag_to_the_sheriffs_number(
    *,
    live_server: Any,
    packs: None,
    signing_secret: str,
    sheriffs_system: FakePartner,
    platform_system: User,
    senior_reviewer: User,
    liaison: User,
    duty_officer: User,
    agency: Agency,
    police_officer_of: OfficerOf,
    destination_of: DestinationOf,
) -> None:
    destination = destination_of(agency, endpoint=sheriffs_system.url)
    api = f"{live_server.url}/api/v1"

    # The platform posts a flag; a senior reviewer is paged, and decides.
    _post(f"{api}/flags", _token(platform_system, "flag"), FLAG, "flag-117")
    flag = Flag.objects.get()
    assert flag.case is not None
    assert cases.waiting_for(senior_reviewer).first().about == flag.origin
    triage.decide(
        flag,
        by=senior_reviewer,
        outcomes=["refer_police"],
        reasons="High (section 4): direct, specific, with a date and a means.",
        reopens_when="Another account with the same payment token.",
    )

    # A liaison files and submits; another person looks at what will leave, and approves exactly that.
    referral = services.submit(_file(flag, liaison, destination), by=liaison)
    addressee = selectors.addressees_of(referral).get()
    assert addressee.message is not None
    seen = addressee.message.digest
    services.approve(referral, by=duty_officer, digests={addressee.pk: seen})
    assert cases.open_task("phone_now", referral.origin) is not None

    # The bus carries it, through a plugin host and over HTTP, signed.
    assert dispatch.drain(destination.pk, "P0").deliveries == 1
    [request] = sheriffs_system.requests
    assert "sha256:" + hashlib.sha256(request.body).hexdigest() == seen
    Webhook(SECRET).verify(request.body, dict(request.headers))
    assert request.headers["webhook-id"] == str(addressee.message_id)
    referral.refresh_from_db()
    assert referral.state == "sent"
    clock = cases.deadlines_of(flag.case).get(code="policy.ack-p0")
    assert clock.state == "running"

    # The sheriff's officer acknowledges with the sheriff's own number.
    _post(
        f"{api}/messages/{addressee.message_id}/acknowledge",
        _token(police_officer_of(agency), "read", "respond"),
        {"reference": "HC-26-1107", "acknowledged_by": "Sergeant C. Reyes"},
        "ack-1",
    )
    referral.refresh_from_db()
    assert (referral.state, referral.agency_reference) == ("acknowledged", "HC-26-1107")
    assert outbox.deliveries_of(referral.origin).get().state == "acknowledged"
    clock.refresh_from_db()
    assert clock.state == "met"

    # All of it stands on the timeline and in the ledger, in order.
    kinds = [event.kind for event in cases.timeline(flag.case)]
    story = [
        "triage.flag_received",
        "triage.decided",
        "referrals.filed",
        "referrals.submitted",
        "referrals.approved",
        "referrals.sent",
        "referrals.acknowledged",
    ]
    assert [kind for kind in kinds if kind in story] == story
    about_message = [entry.action for entry in entries_about(f"message:{addressee.message_id}")]
    assert about_message == [
        "outbox.message_prepared",
        "outbox.message_approved",
        "outbox.delivery_accepted",
        "outbox.delivery_acknowledged",
    ]
    about_referral = [entry.action for entry in entries_about(referral.reference)]
    assert about_referral[-2:] == ["referrals.acknowledged", "referrals.confirmed"]
    assert {"referrals.submitted", "referrals.approved", "referrals.sent"} <= set(about_referral)
