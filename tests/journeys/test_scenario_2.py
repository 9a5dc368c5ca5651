"""Scenario 2: a genuine police mailbox, a false emergency for 40 accounts. In 14 minutes nothing has left.

The call goes to the number of our directory: they know of no such case. Officer and agency are cut off with
the words that record it. Later slices add: the request as an e-mail that the desk reads itself.
"""

from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import IllegalTransition, Refused
from coordination.datarequests import selectors, services
from coordination.evidence import selectors as exhibits
from coordination.ledger import selectors as ledger
from coordination.outbox.models import Delivery
from coordination.partners import selectors as partner_selectors
from coordination.partners import services as partners
from coordination.partners.services import Agency
from tests.datarequests.conftest import FACE, GROUNDS, ZONE
from tests.people import Cast
from tests.world import OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_false_emergency_from_a_genuine_mailbox(
    *,
    packs: None,
    store: Any,
    agency: Agency,
    police_officer_of: OfficerOf,
    liaison: User,
    counsel: User,
    duty_officer: User,
    cast: Cast,
) -> None:
    officer = partner_selectors.officer_of(police_officer_of(agency))
    custodian = cast(Role.CUSTODIAN)
    began = clock.now()
    request = services.file(
        by=liaison,
        process="emergency",
        emergency_kind="bomb",
        grounds={**GROUNDS, "agency_phone": "+1 999 555 0000"},
        agency=agency,
        officer=officer,
        requester="Sgt. Reyes, call +1 999 555 0000, at once",
        way="email",
        zone=ZONE,
        accounts=[("user_id", f"u-{number}") for number in range(40)],
        **{**FACE, "categories": ["subscriber", "sessions", "location"]},
    )
    assert (request.priority, request.state) == ("P0", "received")
    task = cases.open_task("verify_requester", request.origin)
    assert task is not None
    assert (task.priority, agency.phone in task.instructions, "+1 999" in task.instructions) == (
        "P0",
        True,
        False,
    )

    # The number is ours, the script says nothing of accounts, and whoever answers knows of no such case.
    call = partners.ask_call_back(agency, by=liaison, about=request.reference, officer=officer)
    assert agency.phone in call.script
    assert not any(f"u-{number}" in call.script for number in range(40))
    with clock.frozen(began + timedelta(minutes=11)):
        partners.record_call(
            call,
            by=liaison,
            outcome="no_such_case",
            spoke_with="Watch commander",
            words="Reyes is on leave. We have no such case.",
            suspend=True,
        )
    agency.refresh_from_db()
    assert agency.suspended_at == began + timedelta(minutes=11)

    # Nobody can go on with it, whoever says that they were called.
    with clock.frozen(began + timedelta(minutes=12)):
        for deed in (
            lambda: services.verify_requester(request, by=liaison, how="He called and said yes."),
            lambda: services.docket(request, by=counsel),
            lambda: services.accept(request, by=duty_officer),
            lambda: services.collect(request, by=custodian),
            lambda: services.produce(request, by=custodian),
        ):
            with pytest.raises((Refused, IllegalTransition)):
                deed()
    with clock.frozen(began + timedelta(minutes=14)):
        services.reject(request, by=counsel, rejection="forged", reason="They know of no such case.")
        services.close(request, by=liaison, closure="rejected")

    request.refresh_from_db()
    assert (request.state, request.closure) == ("closed", "rejected")
    assert request.closed_at is not None
    assert request.closed_at - began == timedelta(minutes=14)
    assert selectors.production_of(request) is None
    assert not Delivery.objects.exists()
    assert not exhibits.exhibits_of(request.case.reference).exists()
    told = [
        entry.action
        for subject in (request.reference, request.case.reference)
        for entry in ledger.entries_about(subject)
    ]
    assert not [each for each in told if "released" in each or "produced" in each]
    assert "datarequests.rejected" in told
