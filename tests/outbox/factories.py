"""What the tests of the bus need: agencies, destinations, cases, and messages on their way."""

import itertools
from typing import Any

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.channels import TestBody
from coordination.outbox import dispatch, services
from coordination.outbox.models import Delivery, Message
from coordination.partners import services as partners
from coordination.partners.services import Destination

_numbers = itertools.count(1)


def a_destination(
    url: str = "http://127.0.0.1:9/in", *, channel: str = "scripted", **config: Any
) -> Destination:
    """Return an open destination of a verified agency."""
    number = next(_numbers)
    agency = partners.register_agency(
        by=None,
        name=f"Agency {number}",
        identifier=f"XX{number:07d}",
        kind="police",
        recipient_class="us_government",
        country="US",
        phone="+1 555 0100 000",
    )
    partners.verify_agency(agency, by=None, how_verified="Called back.")
    return partners.add_destination(
        agency,
        by=None,
        title="Test",
        channel=channel,
        config={"endpoint": url, **config},
        how_known="It is a test.",
    )


def a_case() -> Case:
    """Return a case."""
    return cases.open_case("A test", by=None)


def a_message(
    destination: Destination,
    note: str = "post",
    *,
    by: User | None = None,
    case: Case | None = None,
    lane: str = "normal",
    origin: str = "tests.record:1",
) -> Message:
    """Return a frozen test message; the scripted channel does what the note says."""
    return services.prepare(
        case or a_case(),
        kind="test",
        reference=f"T-{next(_numbers)}",
        origin=origin,
        destination=destination,
        body=TestBody(note=note),
        by=by,
        lane=lane,
    )


def a_delivery(
    destination: Destination, note: str = "post", *, by: User, prepared: User | None = None, **more: Any
) -> Delivery:
    """Return a delivery that `by` approved and `prepared` prepared."""
    message = a_message(destination, note, by=prepared, **more)
    return services.approve(message, digest=message.digest, by=by)


def drain(destination: Destination, lane: str = "normal") -> dispatch.Drained:
    """Drain a destination here and now."""
    return dispatch.drain(destination.pk, lane)
