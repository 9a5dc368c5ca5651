"""Scenario 6: the victim's counsel serves a restraining order. Restriction and hold; no lift while it stands.

Later slices add: the victim's counsel as a party of their own, and the notice to the victim.
"""

import io
from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.datarequests import selectors, services
from coordination.evidence import services as evidence
from coordination.partners import services as partners
from coordination.partners.services import Agency
from coordination.restrictions import selectors as ordered
from coordination.restrictions import services as restrictions
from tests.datarequests.conftest import FACE, ZONE, fresh

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = "acct-7731"
ORDER = b"%PDF-1.7\nRestraining order 2026 DR 118\n"


@pytest.fixture
def counsel_of_the_victim(db: None) -> Agency:
    """Outside counsel, found in the bar's directory and called back."""
    agency = partners.register_agency(
        by=None,
        name="Marsh & Adeyemi, attorneys",
        identifier="CO-BAR-55017",
        kind="counsel",
        recipient_class="other_private",
        country="US",
        time_zone="America/Denver",
        domain="marsh-adeyemi.example",
        phone="+1 970 555 0145",
    )
    return partners.verify_agency(agency, by=None, how_verified="Called back on the bar's number.")


def test_a_restraining_order_restricts_holds_and_forbids_a_lift(
    *,
    packs: None,
    store: Any,
    counsel_of_the_victim: Agency,
    liaison: User,
    counsel: User,
) -> None:
    case = cases.open_case("Stalking of a former partner", by=None, accounts=[ACCOUNT])
    request = services.file(
        by=liaison,
        case=case,
        process="protective_order",
        agency=counsel_of_the_victim,
        requester="Ms. Adeyemi, for the protected person",
        way="email",
        zone=ZONE,
        accounts=[("user_id", ACCOUNT)],
        **{**FACE, "categories": [], "court": "District Court, Harrow County, 2026 DR 118"},
    )
    scan = services.attach_scan(request, by=liaison, content=io.BytesIO(ORDER), filename="order.pdf")
    services.verify_requester(request, by=liaison, how="The clerk of the court reads the same order.")
    services.docket(request, by=counsel)
    services.check_validity(request, by=liaison, addressed_right=True)
    services.accept(request, by=counsel)

    # What it asks for: the account is restricted, what there is is held, the order guards both.
    stands = restrictions.impose(
        case,
        by=liaison,
        account=ACCOUNT,
        step="suspend_pending_review",
        reason="A court forbids every contact.",
        authority="Restraining order 2026 DR 118",
    )
    evidence.place_hold(case.reference, by=counsel, reason="Served with restraining order 2026 DR 118.")
    until = clock.now() + timedelta(days=365)
    order = restrictions.record_order(
        case,
        by=counsel,
        court="District Court, Harrow County",
        number="2026 DR 118",
        valid_from=clock.now() - timedelta(days=1),
        valid_until=until,
        account=ACCOUNT,
        exhibit=scan.reference,
    )
    services.close(request, by=liaison, closure="complied_without_data")
    assert fresh(request).closure == "complied_without_data"
    assert selectors.production_of(request) is None

    # While it is in force nobody lifts, not even asks; what is held does not expire.
    with pytest.raises(Refused) as refused:
        restrictions.ask_lift(stands, by=liaison, reason="He writes that they are reconciled.")
    assert refused.value.rule == "restrictions.protective-order"
    with clock.frozen(until - timedelta(days=1)), pytest.raises(Refused):
        restrictions.ask_lift(stands, by=liaison, reason="It has been quiet.")
    with clock.frozen(clock.now() + timedelta(days=4000)):
        evidence.expire()
    assert b"".join(evidence.content(scan)) == ORDER
    assert ordered.of_case(case).get().step == "suspend_pending_review"

    # When it has ended the way to a lift is open, with its assessment and two signatures.
    restrictions.end_order(order, by=counsel, reason="Vacated by the court on 3 March.")
    assert restrictions.ask_lift(stands, by=liaison, reason="The order was vacated.").asked_by == liaison
