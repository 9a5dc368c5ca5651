"""A desk with a case on it, a draft, a referral in review, a flag and a delivery; people who sign in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.referrals import selectors, services
from coordination.triage import services as triage
from tests.referrals.conftest import DRAFT, FACT, ITEM
from tests.world import DestinationOf


@dataclass(frozen=True, kw_only=True)
class Things:
    """What stands on the desk."""

    case: Case
    draft: Any
    in_review: Any
    approved: Any
    flag: Any


@pytest.fixture
def things(  # noqa: PLR0917 - fixtures
    packs: None,
    signing_secret: str,
    shared_host: None,
    case: Case,
    agency: Any,
    destination_of: DestinationOf,
    liaison: User,
    senior_reviewer: User,
    platform_system: User,
) -> Any:
    """Put one of each on the desk."""
    destination = destination_of(agency)

    def draft() -> Any:
        referral = services.file(case, by=liaison, **DRAFT)
        services.add_item(referral, by=liaison, **ITEM)
        services.add_fact(referral, by=liaison, **FACT)
        services.add_addressee(referral, by=liaison, destination=destination)
        return referral

    approved = services.submit(draft(), by=liaison)
    digests = {each.pk: each.message.digest for each in selectors.addressees_of(approved) if each.message}
    flag, _ = triage.receive(
        by=platform_system,
        external_id="f-1",
        source="classifier",
        category="stalking",
        content="I know where she parks.",
        content_at=datetime(2026, 3, 6, 23, 9, tzinfo=UTC),
        content_zone="America/Denver",
        account="acct-1",
        provenance="observed",
    )
    return Things(
        case=case,
        draft=draft(),
        in_review=services.submit(draft(), by=liaison),
        approved=services.approve(approved, by=senior_reviewer, digests=digests),
        flag=flag,
    )
