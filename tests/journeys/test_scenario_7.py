"""Scenario 7: role-play and thirty coordinated reports against a journalist; a false alarm, corrected.

What was sent is corrected at every recipient, at the same priority, tracked to each acknowledgement. The
reports come in through the API as they did that day; that they look coordinated is intake's to mark.
Later slices add: the word to the journalist, who is the target of a campaign, as a victim with an owner.
"""

from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.core.errors import Refused
from coordination.ledger.selectors import entries_about
from coordination.outbox import dispatch
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.triage import selectors as triage_selectors
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.journeys.scenario_1 import post, token_of
from tests.world import DestinationOf, OfficerOf, _agency

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = "The mayor does not leave the parade alive."
FLAG = {
    "external_id": "lc-reports-30",
    "source": "user_report",
    "category": "imminent_threat",
    "content": SENTENCE,
    "content_at": "2026-11-20T20:00:00-06:00",
    "content_zone": "America/Chicago",
    "account": "acct-2290",
    "provenance": "observed",
}
FOUND = {
    "level": "medium",
    "threat_type": "direct",
    "target": "present",
    "target_note": "A mayor.",
    "target_provenance": "claimed_by_user",
    "means": "absent",
    "timing": "present",
    "timing_note": "A parade this week.",
    "timing_provenance": "inferred",
    "danger_to_others": True,
}
ITEM = {
    "title": "The sentence as reported",
    "category": "content",
    "content": SENTENCE,
    "provenance": "observed",
    "basis": "us.2702b8",
    "reason": "It is what thirty people reported.",
}


@pytest.fixture
def agencies(agency: Agency, second_agency: Agency) -> list[Agency]:
    """Three recipients."""
    third = _agency("Springfield Police Department", "TX0000000", "springfield-police-tx.example")
    return [agency, second_agency, third]


def _reported(api: str, token: str) -> Flag:
    """Report it thirty times; return the first report."""
    for number in range(30):
        post(f"{api}/flags", token, {**FLAG, "external_id": f"lc-reports-{number}"}, f"report-{number}")
    flags = list(Flag.objects.order_by("received_at"))
    assert len(flags) == 30
    assert len({each.case_id for each in flags}) == 1
    return flags[0]


def _acknowledge(api: str, referral: Referral, tokens: dict[int, str], name: str) -> None:
    for number, row in enumerate(selectors.addressees_of(referral)):
        said = {"reference": f"N-{number}", "acknowledged_by": "Sergeant C. Reyes"}
        token = tokens[row.destination.agency_id]
        post(f"{api}/messages/{row.message_id}/acknowledge", token, said, f"{name}-{number}")


def test_a_false_alarm_is_corrected_at_every_recipient(
    *,
    live_server: Any,
    packs: None,
    signing_secret: str,
    sheriffs_system: FakePartner,
    platform_system: User,
    reviewer: User,
    senior_reviewer: User,
    liaison: User,
    duty_officer: User,
    agencies: list[Agency],
    police_officer_of: OfficerOf,
    destination_of: DestinationOf,
) -> None:
    api = f"{live_server.url}/api/v1"
    destinations = [destination_of(each, endpoint=sheriffs_system.url) for each in agencies]
    flag = _reported(api, token_of(platform_system, "flag"))
    assert flag.case is not None

    # One person looks and another decides. That night the sentence alone is there, and is referred as that.
    said = {"outcomes": ["refer_police"], "reopens_when": "The context shows fiction."}
    triage.assess(flag, by=reviewer, **FOUND, note="The context window was not open to us.")
    triage.decide(
        flag,
        by=senior_reviewer,
        reasons="An office holder, an event this week; decided on the sentence as reported.",
        **said,
        departure="Thirty reports in the same words, and still: a day, a place and an office holder.",
    )
    draft = services.file(
        flag.case,
        by=liaison,
        title="Announced attack on a mayor during a parade",
        feared="That a mayor is attacked during a parade.",
        why_suspicious="Thirty reports in forty minutes; the conversation around it is still to be read.",
        danger_to_life=True,
        danger_reason="An office holder, an event in the same week, the announcement of a shot.",
        priority="P0",
    )
    services.add_item(draft, by=liaison, **ITEM)
    for destination in destinations:
        services.add_addressee(draft, by=liaison, destination=destination)
    sent = services.submit(draft, by=liaison)
    services.approve(sent, by=duty_officer, digests=selectors.digests_of(sent))
    for destination in destinations:
        assert dispatch.drain(destination.pk, "P0").deliveries == 1
    tokens = {
        each.pk: token_of(police_officer_of(each, username=f"officer-{each.pk}"), "read", "respond")
        for each in agencies
    }
    _acknowledge(api, sent, tokens, "ack")

    # The context opens: a novel. A liaison dissents, and somebody outside the first decision hears it.
    triage.dissent(flag, by=liaison, reasons="It is chapter nine of a novel; the reports follow one page.")
    with pytest.raises(Refused):
        triage.decide(
            flag, by=senior_reviewer, outcomes=["no_action"], reasons="Fiction.", reopens_when="More."
        )
    # Marked as role-play, it is not referred again without its context window.
    triage.assess(flag, by=reviewer, **FOUND, framing="role_play")
    with pytest.raises(Refused) as refused:
        triage.decide(flag, by=duty_officer, reasons="An event this week.", **said, departure="It is near.")
    assert refused.value.rule == "triage.framing"
    triage.assess(flag, by=reviewer, **FOUND, framing="role_play", context="Chapter nine of eleven.")
    triage.decide(
        flag,
        by=duty_officer,
        outcomes=["no_action"],
        reasons="A novel in eleven chapters, and a campaign against its author.",
        reopens_when="A threat outside the novel.",
    )
    assert [each.outcomes for each in triage_selectors.decisions_of(flag)] == [
        ["refer_police"],
        ["no_action"],
    ]

    # The correction goes to all three, at the same priority, and ends when the last has acknowledged.
    correction = services.correct(
        sent,
        by=liaison,
        what_was_wrong="The sentence is from a novel; thirty accounts reported it together.",
        what_is_true="We know of no threat by this person against anybody.",
    )
    assert correction.priority == sent.priority == "P0"
    services.approve(correction, by=duty_officer, digests=selectors.digests_of(correction))
    rows = list(selectors.addressees_of(correction))
    assert {row.destination_id for row in rows} == {each.pk for each in destinations}
    for destination in destinations:
        assert dispatch.drain(destination.pk, "P0").deliveries == 1
    assert all(SENTENCE not in each.body.decode() for each in sheriffs_system.requests[3:])
    assert cases.open_task("phone_now", correction.origin) is not None
    token = tokens.pop(rows[-1].destination.agency_id)
    for number, row in enumerate(rows[:-1]):
        said_back = {"reference": f"C-{number}", "acknowledged_by": "Sergeant C. Reyes"}
        own = tokens[row.destination.agency_id]
        post(f"{api}/messages/{row.message_id}/acknowledge", own, said_back, f"correction-{number}")
    correction.refresh_from_db()
    assert correction.state == "sent"
    last = {"reference": "C-2", "acknowledged_by": "Sergeant C. Reyes"}
    post(f"{api}/messages/{rows[-1].message_id}/acknowledge", token, last, "correction-2")
    correction.refresh_from_db()
    sent.refresh_from_db()
    assert (correction.state, sent.state) == ("acknowledged", "corrected")
    acts = [entry.action for entry in entries_about(flag.origin)]
    assert [each for each in acts if each in ("triage.decided", "triage.dissented")] == [
        "triage.decided",
        "triage.dissented",
        "triage.decided",
    ]
