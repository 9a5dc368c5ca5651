"""What the tests of scenario 1 share: the flag, the referral that follows from it, and calls over HTTP."""

import json
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

from coordination.access import services as access
from coordination.access.services import User
from coordination.partners.services import Destination
from coordination.referrals import services
from coordination.referrals.models import Referral
from coordination.triage.models import Flag

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
FOUND = {
    "level": "high",
    "threat_type": "direct",
    "target": "present",
    "target_note": "A school in Harrow County.",
    "target_provenance": "inferred",
    "means": "absent",
    "timing": "present",
    "timing_note": "Monday.",
    "timing_provenance": "claimed_by_user",
    "behaviours": ["leakage"],
    "danger_to_others": True,
}


def token_of(user: User, *scopes: str) -> str:
    """Return a token's plain text."""
    _, plain = access.issue_token(user, by=None, name="test", scopes=scopes, expires_in=timedelta(days=1))
    return plain


def post(url: str, token: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Post as a partner's or the platform's system does; raise HTTPError for any answer but 2xx."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    with urlopen(Request(url, json.dumps(body).encode(), headers, method="POST"), timeout=20) as answer:
        answered: dict[str, Any] = json.load(answer)
        return answered


def file(flag: Flag, liaison: User, destination: Destination) -> Referral:
    """File the referral that follows from the flag; what leaves is chosen, with basis and reason."""
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
        confidence="no proxy seen",
        place_source="network_address",
        place_confidence=90,
    )
    services.add_addressee(referral, by=liaison, destination=destination)
    return referral
