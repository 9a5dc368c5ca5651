"""Nothing leaves without an entry that stands before it does; what could not leave, leaves later."""

import logging
from typing import Any

import pytest

from coordination.access.services import User
from coordination.channels.testing import FakePartner
from coordination.core import clock
from coordination.ledger import selectors as ledger
from coordination.ledger.services import LedgerUnwritable
from coordination.outbox import claims
from coordination.outbox.services import trying
from tests.outage import Unwritable
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_leaves_while_the_ledger_cannot_be_written_and_all_of_it_later(
    partner: FakePartner, senior_reviewer: User, unwritable: Unwritable, caplog: pytest.LogCaptureFixture
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    with unwritable():
        done = drain(destination)
        delivery.refresh_from_db()
        assert (done.deliveries, done.busy, done.more) == (0, False, False)
        assert (delivery.state, delivery.attempts_made, delivery.attempts.count()) == ("queued", 0, 0)
        assert delivery.lease_token is None
        assert partner.requests == []
        assert "the ledger cannot be written" in caplog.text
    assert claims.is_due(destination.pk, "normal", 0, now=clock.now())
    drain(destination)
    delivery.refresh_from_db()
    assert (delivery.state, len(partner.requests)) == ("accepted", 1)


def test_that_a_batch_begins_to_leave_is_an_entry_before_it_does(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = a_destination(partner.url)
    sent = [a_delivery(destination, by=senior_reviewer) for _ in range(12)]
    other = a_delivery(a_destination(partner.url), by=senior_reviewer)
    before: list[object] = []
    take = claims.claim

    def taken(*args: object, **options: object) -> claims.Batch | None:
        batch = take(*args, **options)  # type: ignore[arg-type]
        if batch:
            [entry] = ledger.entries_about(f"destination:{destination.pk}").filter(
                action="outbox.sending_began"
            )
            before.append((entry.data["details"], entry.data["by"], [each.token for each in batch.claims]))
        return batch

    monkeypatch.setattr(claims, "claim", taken)
    drain(destination)
    [(details, by, tokens)] = before  # type: ignore[misc]
    assert details["deliveries"] == [each.pk for each in sent]
    assert (details["lane"], {details["batch"]}) == ("normal", {*map(str, tokens)})
    assert (by, other.pk in details["deliveries"]) == ("system", False)


def test_a_look_that_finds_nothing_leaves_no_entry(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    drain(destination)
    assert (
        not ledger.entries_about(f"destination:{destination.pk}")
        .filter(action="outbox.sending_began")
        .exists()
    )


def test_the_test_of_a_way_sends_nothing_either(partner: FakePartner, unwritable: Unwritable) -> None:
    destination = a_destination(partner.url)
    with unwritable(), pytest.raises(LedgerUnwritable):
        trying.try_destination(destination)
    assert partner.requests == []


def test_V16_4_3_what_begins_to_leave_is_told_to_the_log_as_it_stands_in_the_ledger(
    partner: FakePartner, senior_reviewer: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LEDGER_TO_LOG = True
    log = logging.getLogger("coordination.ledger.entries")
    destination = a_destination(partner.url)
    for _ in range(12):
        a_delivery(destination, by=senior_reviewer)
    log.addHandler(caplog.handler)
    try:
        drain(destination)
    finally:
        log.removeHandler(caplog.handler)
    [entry] = ledger.entries_about(f"destination:{destination.pk}").filter(action="outbox.sending_began")
    assert caplog.messages.count(bytes(entry.entry).decode()) == 1
