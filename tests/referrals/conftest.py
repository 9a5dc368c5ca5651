"""A referral in the state that a test needs. Rendering runs in a real plugin host, one for all tests."""

from collections.abc import Callable
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Referral
from coordination.referrals.workflow import ReferralState
from tests.world import DestinationOf

DRAFT = {
    "title": "Threat against a school",
    "feared": "A shooting at a school in Harrow County.",
    "feared_when": "Monday morning",
    "why_suspicious": "Asked for the school's timetable, wrote of a list, and named a weapon.",
    "danger_to_life": True,
    "danger_reason": "A date, a place and a means were named.",
    "priority": "P0",
    "prior_reports": "None known.",
    "reporter": "",
}
WAITS = "The day that is named is a week away."
ITEM = {
    "title": "Message of 6 March",
    "category": "content",
    "content": "On Monday they will all know my name.",
    "provenance": "observed",
    "reason": "It is the threat.",
    "basis": "us.2702b8",
}
FACT = {
    "about": "subject",
    "label": "E-mail",
    "value": "someone@example.net",
    "category": "subscriber",
    "provenance": "observed",
    "basis": "us.2702c4",
}

Draft = Callable[..., Referral]
Seen = Callable[[Referral], dict[int, str]]


@pytest.fixture(autouse=True)
def _ready(packs: None, signing_secret: None, shared_host: None) -> None:
    """Law in force, a secret to sign with, and one warm host."""


@pytest.fixture
def sheriff(agency: Agency, destination_of: DestinationOf) -> Destination:
    """Where referrals to the sheriff go."""
    return destination_of(agency)


@pytest.fixture
def springfield(second_agency: Agency, destination_of: DestinationOf) -> Destination:
    """Where referrals to the second agency go."""
    return destination_of(second_agency)


@pytest.fixture
def draft(case: Case, liaison: User, sheriff: Destination) -> Draft:
    """Make a complete draft filed by the liaison: `draft()`, `draft(to=[…], priority="normal")`."""

    def make(*, to: list[Destination] | None = None, by: User | None = None, **fields: Any) -> Referral:
        values = {**DRAFT, **fields}
        if values["priority"] == "normal" and values["danger_to_life"]:
            values.setdefault("priority_reason", WAITS)
        referral = services.file(case, by=by or liaison, **values)
        services.add_item(referral, by=by or liaison, **ITEM)
        services.add_fact(referral, by=by or liaison, **FACT)
        for destination in [sheriff] if to is None else to:
            services.add_addressee(referral, by=by or liaison, destination=destination)
        return referral

    return make


@pytest.fixture
def in_review(draft: Draft, liaison: User) -> Draft:
    """Make a referral that the liaison submitted; the parameters are those of `draft`."""
    return lambda **fields: services.submit(draft(**fields), by=fields.get("by") or liaison)


@pytest.fixture
def seen() -> Seen:
    """Return the digests that an approver sees."""
    return lambda referral: {
        each.pk: each.message.digest for each in selectors.addressees_of(referral) if each.message
    }


@pytest.fixture
def approved(in_review: Draft, senior_reviewer: User, seen: Seen) -> Draft:
    """Make a referral that the senior reviewer approved; its deliveries are queued."""

    def make(**fields: Any) -> Referral:
        referral = in_review(**fields)
        return services.approve(referral, by=senior_reviewer, digests=seen(referral))

    return make


def put(referral: Referral, state: ReferralState) -> Referral:
    """Put a referral into a state without going the way there, for the product of states and verbs."""
    Referral.objects.filter(pk=referral.pk).update(state=state)
    referral.refresh_from_db()
    return referral


def overwrite(row: Any, **fields: Any) -> None:
    """Write fields past the services; a sealed one is written with its row and never by update()."""
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields])
