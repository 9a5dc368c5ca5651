"""Scenario 1, from the flag to the sheriff's own number: every part real, the partner an HTTP server."""

import hashlib
from typing import Any

import pytest
from standardwebhooks import Webhook

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.ledger.selectors import entries_about
from coordination.outbox import dispatch
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.bus import SECRET
from tests.journeys.scenario_1 import FLAG, FOUND, file, post, token_of
from tests.world import DestinationOf, OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)


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
    post(f"{api}/flags", token_of(platform_system, "flag"), FLAG, "flag-117")
    flag = Flag.objects.get()
    assert flag.case is not None
    assert cases.waiting_for(senior_reviewer).first().about == flag.origin
    triage.decide(
        flag,
        by=senior_reviewer,
        outcomes=["refer_police"],
        reasons="High (section 4): direct, specific, with a date and a means.",
        reopens_when="Another account with the same payment token.",
        assessment=FOUND,
    )

    # A liaison files and submits; another person looks at what will leave, and approves exactly that.
    referral = services.submit(file(flag, liaison, destination), by=liaison)
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
    post(
        f"{api}/messages/{addressee.message_id}/acknowledge",
        token_of(police_officer_of(agency), "read", "respond"),
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
        "inbox.accepted",
        "outbox.delivery_acknowledged",
    ]
    about_referral = [entry.action for entry in entries_about(referral.reference)]
    assert about_referral[-2:] == ["referrals.acknowledged", "referrals.confirmed"]
    assert {"referrals.submitted", "referrals.approved", "referrals.sent"} <= set(about_referral)
