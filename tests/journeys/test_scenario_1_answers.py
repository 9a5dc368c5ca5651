"""Scenario 1, when the sheriff's system is down at first, calls back, asks, and reports the outcome."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from standardwebhooks import Webhook

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import Answer, FakePartner
from coordination.core import clock
from coordination.outbox import dispatch
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Addressee, Referral
from coordination.triage import services as triage
from tests.bus import SECRET
from tests.journeys.scenario_1 import FLAG, FOUND, file, post, token_of
from tests.world import DestinationOf, OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def destination(agency: Agency, destination_of: DestinationOf, sheriffs_system: FakePartner) -> Destination:
    """The way to the sheriff's system."""
    return destination_of(agency, endpoint=sheriffs_system.url)


@pytest.fixture
def referral(
    *,
    packs: None,
    signing_secret: str,
    platform_system: User,
    senior_reviewer: User,
    liaison: User,
    duty_officer: User,
    destination: Destination,
) -> Referral:
    """The approved referral; nothing has left yet."""
    at = datetime.fromisoformat(str(FLAG["content_at"]))
    flag, _ = triage.receive(by=platform_system, **{**FLAG, "content_at": at})
    said: dict[str, Any] = {
        "reasons": "A date and a means.",
        "reopens_when": "Another account.",
        "assessment": FOUND,
    }
    triage.decide(flag, by=senior_reviewer, outcomes=["refer_police"], **said)
    submitted = services.submit(file(flag, liaison, destination), by=liaison)
    return services.approve(submitted, by=duty_officer, digests=_seen(submitted))


def _seen(referral: Referral) -> dict[int, str]:
    return {each.pk: each.message.digest for each in selectors.addressees_of(referral) if each.message}


def _addressee(referral: Referral) -> Addressee:
    return selectors.addressees_of(referral).get()


def _state(referral: Referral) -> str:
    referral.refresh_from_db()
    return referral.state


def _call_back(live_server: Any, destination: Destination, message_id: object, **said: object) -> int:
    """Call back as the sheriff's system does: signed, with an id of its own."""
    body = json.dumps(
        {
            "id": "cb-1",
            "message_id": str(message_id),
            "level": "acknowledged",
            "sequence": 1,
            **said,
        }
    )
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "cb-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("cb-1", now, body),
    }
    url = f"{live_server.url}/inbound/{destination.inbound_id}/"
    with urlopen(Request(url, body.encode(), headers, method="POST"), timeout=20) as answer:
        return answer.status


def test_a_signed_callback_acknowledges_once(
    live_server: Any, referral: Referral, destination: Destination
) -> None:
    assert dispatch.drain(destination.pk, "P0").deliveries == 1
    message_id = _addressee(referral).message_id
    said = {"reference": "HC-26-1107", "occurred_at": clock.now().isoformat()}
    for _ in range(2):
        assert _call_back(live_server, destination, message_id, **said) == 204
    assert _state(referral) == "acknowledged"
    assert referral.agency_reference == "HC-26-1107"
    told = [event for event in cases.timeline(referral.case) if event.kind == "referrals.acknowledged"]
    assert len(told) == 1


def test_a_system_that_is_down_gets_it_later_under_the_same_id(
    referral: Referral, destination: Destination, sheriffs_system: FakePartner
) -> None:
    sheriffs_system.will(Answer(status=503, body=b"", takes=False))
    dispatch.drain(destination.pk, "P0")
    assert _state(referral) == "approved"
    assert outbox.deliveries_of(referral.origin).get().state == "queued"
    with clock.frozen(clock.now() + timedelta(hours=2)):
        dispatch.drain(destination.pk, "P0")
    assert _state(referral) == "sent"
    assert [request.headers["webhook-id"] for request in sheriffs_system.requests] == [
        str(_addressee(referral).message_id)
    ] * 2
    assert len({request.body for request in sheriffs_system.requests}) == 1


def test_a_system_that_refuses_leaves_a_task_and_no_silence(
    referral: Referral, destination: Destination, sheriffs_system: FakePartner
) -> None:
    sheriffs_system.always = Answer(status=400, body=b"", takes=False)
    dispatch.drain(destination.pk, "P0")
    delivery = outbox.deliveries_of(referral.origin).get()
    assert delivery.state in {"failed", "rejected"}
    assert cases.open_task(f"delivery_{delivery.state}", f"outbox.delivery:{delivery.pk}") is not None
    assert _state(referral) == "approved"


def test_a_question_is_answered_by_two_people_and_the_outcome_closes_it(
    *,
    live_server: Any,
    referral: Referral,
    destination: Destination,
    sheriffs_system: FakePartner,
    agency: Agency,
    police_officer_of: OfficerOf,
    liaison: User,
    senior_reviewer: User,
) -> None:
    api = f"{live_server.url}/api/v1/messages"
    token = token_of(police_officer_of(agency), "read", "respond")
    dispatch.drain(destination.pk, "P0")
    sent = _addressee(referral).message_id

    post(f"{api}/{sent}/questions", token, {"question": "Is the school named?"}, "q-1")
    assert _state(referral) == "information_requested"
    question = services.answer(referral.questions.get(), by=liaison, text="No. The county is.")
    assert question.message is not None
    services.approve_answer(question, by=senior_reviewer, digest=question.message.digest)
    assert _state(referral) == "answered"
    assert dispatch.drain(destination.pk, "P0").deliveries == 1
    answer = json.loads(sheriffs_system.requests[-1].body)
    assert (answer["kind"], answer["body"]["answer"]) == ("answer", "No. The county is.")
    request = Request(f"{api}/{question.message_id}", headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=20) as fetched:
        assert b64decode(json.load(fetched)["content_base64"]) == sheriffs_system.requests[-1].body

    post(f"{api}/{sent}/outcome", token, {"outcome": "welfare_check", "detail": "At home, safe."}, "o-1")
    assert _state(referral) == "outcome"
    services.review(referral, by=senior_reviewer, notes="Nine minutes from flag to call.")
    assert services.close(referral, by=senior_reviewer).state == "closed"


def test_a_false_alarm_reaches_the_sheriff_as_a_correction(
    referral: Referral,
    destination: Destination,
    sheriffs_system: FakePartner,
    liaison: User,
    senior_reviewer: User,
) -> None:
    dispatch.drain(destination.pk, "P0")
    correction = services.correct(
        referral, by=liaison, what_was_wrong="It was a scene of a play.", what_is_true="Nobody is in danger."
    )
    services.approve(correction, by=senior_reviewer, digests=_seen(correction))
    assert _state(referral) == "corrected"
    assert dispatch.drain(destination.pk, "P0").deliveries == 1
    told = json.loads(sheriffs_system.requests[-1].body)
    assert (told["kind"], told["priority"]) == ("correction", "P0")
    assert told["body"]["corrects"] == referral.reference
    assert _state(correction) == "sent"
