"""Scenario 3: self-harm behind a VPN. Every part real, the crisis line's system an HTTP server.

Content is refused to a private line, consent is sought, what leaves is how to reach the person and our own
words, the call goes to the full number of the call centre, and a welfare check comes back. Later slices add:
the consent as a record of its own (here it is a note), and the crisis line's FHIR channel.
"""

from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.channels.testing import FakePartner
from coordination.core.errors import InvalidInput, Refused
from coordination.outbox import dispatch
from coordination.partners import services as partners
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.journeys.scenario_1 import post, token_of
from tests.people import Cast
from tests.world import DestinationOf

pytestmark = pytest.mark.django_db(transaction=True)

FLAG = {
    "external_id": "lc-2026-000418",
    "source": "classifier",
    "category": "self_harm",
    "content": "I have written the letters. Tonight is the first night that feels calm.",
    "content_at": "2026-11-22T21:04:00-06:00",
    "content_zone": "America/Chicago",
    "account": "acct-6112",
    "provenance": "observed",
    "score": 0.91,
    "context": "Two weeks of conversations about losing work and not sleeping.",
    "identifiers": [{"kind": "ip_address", "value": "192.0.2.77", "provenance": "observed"}],
}
FOUND = {
    "level": "high",
    "threat_type": "indirect",
    "target": "absent",
    "means": "unknown",
    "timing": "present",
    "timing_note": "Tonight.",
    "timing_provenance": "inferred",
    "protective": "Stays in the conversation.",
    "danger_to_self": True,
}


@pytest.fixture
def crisis_line(db: None) -> Agency:
    """A private crisis line with a mobile team, verified."""
    agency = partners.register_agency(
        by=None,
        name="Prairie Crisis Line",
        identifier="NPO-0000000",
        kind="responder",
        recipient_class="private_responder",
        country="US",
        time_zone="America/Chicago",
        domain="prairie-crisis-line.example",
        phone="+1 217 555 0190",
    )
    return partners.verify_agency(agency, by=None, how_verified="Called back on the number in our directory.")


def _answer(api: str, sent: Referral, crisis_line: Agency, cast: Cast) -> None:
    """Have the crisis line's lead take it and say what came of it."""
    responder = cast(Role.RESPONDER, username="responder")
    made = partners.register_officer(crisis_line, by=None, user=responder, name="Joy Amundsen", rank="Lead")
    partners.verify_officer(made, by=None, how_verified="Called back on the number in our directory.")
    message = selectors.addressees_of(sent).get().message_id
    token = token_of(responder, "read", "respond")
    taken = {"reference": "PCL-118", "acknowledged_by": "Joy Amundsen"}
    post(f"{api}/messages/{message}/acknowledge", token, taken, "ack-3")
    came = {"outcome": "welfare_check", "detail": "Reached by telephone; a friend is with them."}
    post(f"{api}/messages/{message}/outcome", token, came, "outcome-3")


def test_self_harm_behind_a_vpn(
    *,
    live_server: Any,
    packs: None,
    signing_secret: str,
    sheriffs_system: FakePartner,
    platform_system: User,
    senior_reviewer: User,
    liaison: User,
    duty_officer: User,
    crisis_line: Agency,
    cast: Cast,
    destination_of: DestinationOf,
) -> None:
    destination = destination_of(crisis_line, endpoint=sheriffs_system.url)
    api = f"{live_server.url}/api/v1"
    post(f"{api}/flags", token_of(platform_system, "flag"), FLAG, "flag-418")
    flag = Flag.objects.get()
    assert flag.case is not None

    # Danger to self alone: crisis responders first. Police would need a reason on the record.
    said = {
        "reasons": "Danger to self, no word of others.",
        "reopens_when": "Nobody reaches them in an hour.",
    }
    with pytest.raises(InvalidInput) as asked:
        triage.decide(flag, by=senior_reviewer, outcomes=["refer_police"], **said, assessment=FOUND)
    assert asked.value.field == "departure"
    decision = triage.decide(flag, by=senior_reviewer, outcomes=["refer_crisis"], **said, assessment=FOUND)
    assert decision.rules == []
    assert cases.open_task("file_referral", flag.origin) is None
    assert cases.open_task("file_crisis_referral", flag.origin) is not None

    # The content may not go to a private line: there is no basis for it, and no consent on record yet.
    draft = services.file(
        flag.case,
        by=liaison,
        title="Danger to self: a mobile team to reach a person by telephone",
        feared="That the person ends their life tonight.",
        why_suspicious="Two weeks of despair, then farewell and calm.",
        danger_to_life=True,
        danger_reason="Letters written, a time named, a sudden calm.",
        priority="P0",
    )
    services.add_addressee(draft, by=liaison, destination=destination)
    content: dict[str, Any] = {
        "title": "The message",
        "category": "content",
        "content": flag.content,
        "provenance": "observed",
        "reason": "So that they see how near it is.",
    }
    for basis, citation in (("us.2702b8", "2702(b)(8)"), ("us.2702b3", "2702(b)(3)")):
        item = services.add_item(draft, by=liaison, **content, basis=basis)
        with pytest.raises(Refused) as refused:
            services.submit(draft, by=liaison)
        assert citation in refused.value.citation
        services.remove_item(item, by=liaison)
    case_services.add_note(flag.case, text="Consent was asked for at 21:24; no answer yet.", by=liaison)
    services.add_item(
        draft, by=liaison, **{**content, "chosen": False, "reason": "No consent yet: withheld."}
    )

    # What goes: how to reach them, our own words, a place that somebody confirmed: the address is a VPN's.
    services.add_item(
        draft,
        by=liaison,
        title="What the desk concludes",
        category="own_assessment",
        content="We believe that this person may end their life tonight.",
        provenance="inferred",
        basis="us.own",
        reason="Lets the team act without the content.",
    )
    fact: dict[str, Any] = {"by": liaison, "about": "subject", "provenance": "observed", "basis": "us.2702c6"}
    services.add_fact(draft, **fact, label="Telephone", value="+1 217 555 0129", category="subscriber")
    services.add_fact(
        draft,
        **fact,
        label="Estimated location",
        value="Springfield, Illinois",
        category="location",
        place_source="network_address",
        place_confidence=35,
        possible_proxy=True,
    )
    with pytest.raises(InvalidInput) as unsure:
        services.submit(draft, by=liaison)
    assert unsure.value.field == "place_confirmed"
    confirmed = "Area code 217, and an older sign-in from a cable network there."
    sent = services.submit(services.revise(draft, by=liaison, place_confirmed=confirmed), by=liaison)
    services.approve(sent, by=duty_officer, digests=selectors.digests_of(sent))

    # The call: the full number of the call centre, never 911, which routes by the caller's place.
    call = cases.open_task("phone_now", sent.origin)
    assert call is not None
    assert "+1 217 555 0163" in call.instructions
    assert "911" not in call.instructions
    case_services.complete_task(call, by=liaison, outcome="Told call-taker 14 at 21:41; incident 26-4410.")

    # The bus carries it; nothing that the person wrote is in it.
    assert dispatch.drain(destination.pk, "P0").deliveries == 1
    [request] = sheriffs_system.requests
    assert flag.content not in request.body.decode()
    assert "possible proxy" in request.body.decode()

    # The crisis line answers through the API: taken, and a welfare check.
    _answer(api, sent, crisis_line, cast)
    sent.refresh_from_db()
    assert (sent.state, sent.outcome) == ("outcome", "welfare_check")
