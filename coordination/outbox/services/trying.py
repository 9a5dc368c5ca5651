"""Trying a way before it is needed: a test about nobody, sent at once and kept nowhere but in the ledger."""

from django.db import transaction

from coordination.channels import Attempt, TestBody
from coordination.core import clock, identifiers
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.outbox import hosts
from coordination.outbox.services import preparing
from coordination.partners import selectors as partners
from coordination.partners.services import Destination

NOTE = "This is a test of the way to you. It is about nobody, and nothing is to be done."
SECONDS = 60.0


def try_destination(destination: Destination) -> hosts.Outcome:
    """Render and deliver one test message now, in a plugin host; return what the channel says of it.

    That it is about to leave stands in the ledger before it does, however this process then ends. Raises
    Refused where the destination is closed or its channel cannot make the message, HostFailed where no host
    of the channel is to be had.
    """
    if not partners.is_destination_open(destination):
        raise Refused("The destination is closed, or its agency is not verified.", rule="closed")
    source = preparing.message_for(
        destination,
        kind="test",
        reference=identifiers.reference("T"),
        body=TestBody(note=NOTE),
        lane="normal",
    )
    rendered = preparing.render(destination, source)
    attempt = Attempt(
        message_id=source.id,
        number=1,
        started_at=clock.now(),
        kind=source.kind,
        reference=source.reference,
        priority=source.priority,
    )
    spec = hosts.spec_for(destination.channel, destination.config)
    _record("outbox.destination_test_begun", destination, source.id)
    try:
        with hosts.pool().use(destination.pk, spec) as host:
            [outcome] = host.deliver(
                [hosts.Parcel(rendered=rendered, attempt=attempt)],
                window=SECONDS,
                begin_by=hosts.boot_seconds() + SECONDS,
            )
    except hosts.HostFailed:
        _record("outbox.destination_tested", destination, source.id, outcome="not sent")
        raise
    _record("outbox.destination_tested", destination, source.id, outcome=str(outcome.kind))
    return outcome


@transaction.atomic(durable=True)
def _record(action: str, destination: Destination, message_id: str, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=f"destination:{destination.pk}",
        by=None,
        details={
            "agency": destination.agency_id,
            "message": message_id,
            "fingerprint": partners.destination_fingerprint(destination),
            **details,
        },
    )
