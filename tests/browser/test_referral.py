"""A referral from draft to acknowledgement: people in browsers of their own, a partner over real HTTP."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.channels.testing import FakePartner
from coordination.outbox import dispatch
from coordination.partners.services import Agency
from tests.browser.conftest import Desk
from tests.world import DestinationOf, OfficerOf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_referral_is_filed_reviewed_by_another_sent_and_acknowledged(  # noqa: PLR0917 - fixtures
    desk: Desk,
    live_server: Any,
    partner: FakePartner,
    packs: None,
    case: Case,
    agency: Agency,
    destination_of: DestinationOf,
    police_officer_of: OfficerOf,
    liaison: User,
    senior_reviewer: User,
) -> None:
    destination = destination_of(agency, endpoint=partner.url)
    filer = desk(liaison)
    reference = _file(filer, case)
    assert "in review" in filer.inner_text(".record-head")
    assert filer.locator("#decide form").count() == 0
    assert "another person" not in filer.inner_text("#decide")  # a liaison approves nothing at all

    approver = desk(senior_reviewer)
    approver.goto(f"/admin/referrals/referral/{reference}/review/")
    shown = "".join(approver.inner_text(".leaves .digest").split())
    approver.click("text=Approve and send to Harrow County Sheriff")
    assert "Read what will leave" in approver.inner_text("#decide")  # nothing leaves by a single click
    approver.check("text=I have read what will leave")
    approver.click("text=Approve and send to Harrow County Sheriff (CO0000000, US) by Signed webhook")
    assert "approved" in approver.inner_text(".record-head")

    dispatch.drain(destination.pk, "P0")
    request = partner.requests[0]
    assert shown == "sha256:" + hashlib.sha256(request.body).hexdigest()

    message_id = request.headers["webhook-id"]
    assert _acknowledge(live_server.url, message_id, police_officer_of(agency)) == 201
    filer.goto(f"/admin/referrals/referral/{reference}/change/")
    assert "acknowledged" in filer.inner_text(".record-head")
    assert "HCSO-26-77" in filer.inner_text("#recipients")
    assert "HCSO-26-77" in filer.inner_text("#timeline")


def _file(page: Any, case: Case) -> str:
    """File, add one item, one fact and the recipient, and submit; return the referral's reference."""
    page.goto(f"/admin/cases/case/{case.reference}/change/")
    page.click("text=File a referral")
    page.fill("#id_title", "Threat against a school")
    page.select_option("#id_priority", "P0")
    page.check("#id_danger_to_life")
    page.fill("#id_danger_reason", "A date, a place and a means were named.")
    page.fill("#id_feared", "A shooting at a school in Harrow County.")
    page.fill("#id_why_suspicious", "Asked for the timetable, wrote of a list, named a weapon.")
    page.click("text=Save the draft")
    reference = re.findall(r"R-[0-9A-Z-]+", page.url)[0]
    page.click("summary:has-text('Add an item')")
    page.fill("#id_add_item_title", "Message of 6 March")
    page.select_option("#id_add_item_category", "content")
    page.fill("#id_add_item_content", "On Monday they will all know my name.")
    page.select_option("#id_add_item_provenance", "observed")
    page.select_option("#id_add_item_basis", "us.2702b8")
    page.check("#id_add_item_chosen")
    page.fill("#id_add_item_reason", "It is the threat.")
    page.click("button:has-text('Add an item')")
    page.click("summary:has-text('Add a fact')")
    page.fill("#id_add_fact_label", "E-mail")
    page.fill("#id_add_fact_value", "someone@example.net")
    page.select_option("#id_add_fact_category", "subscriber")
    page.select_option("#id_add_fact_basis", "us.2702c4")
    page.click("button:has-text('Add a fact')")
    page.click("summary:has-text('Add a recipient')")
    page.select_option("#id_add_addressee_destination", index=1)
    page.click("button:has-text('Add a recipient')")
    page.click("text=Submit for review")
    page.wait_for_url("**/review/")
    return reference


def _acknowledge(base: str, message_id: str, officer: User) -> int:
    _, token = access.issue_token(
        officer, by=None, name="portal", scopes=["read", "respond"], expires_in=timedelta(hours=1)
    )
    answer = urllib3.request(
        "POST",
        f"{base}/api/v1/messages/{message_id}/acknowledge",
        body=json.dumps({"reference": "HCSO-26-77"}),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"ack-{message_id}",
        },
    )
    return int(answer.status)
