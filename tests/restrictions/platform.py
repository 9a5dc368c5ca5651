"""The platform itself, as a destination; and one turn of what runs beside."""

from coordination.outbox import dispatch
from coordination.partners import services as partners
from coordination.partners.services import Destination
from coordination.restrictions import services


def connect(url: str = "http://127.0.0.1:9/actions") -> Destination:
    """Return the platform's own open destination."""
    agency = partners.register_agency(
        by=None,
        name="Lanternchat, operations",
        identifier="LANTERNCHAT",
        kind="platform",
        recipient_class="other_private",
        country="US",
        phone="+1 555 0100 001",
    )
    partners.verify_agency(agency, by=None, how_verified="It is us.")
    return partners.add_destination(
        agency,
        by=None,
        title="Actions",
        channel="platform_actions",
        config={"endpoint": url, "signing_secret": "secret:TEST_SIGNING"},
        how_known="It is ours.",
    )


def carry_out(destination: Destination) -> None:
    """Send what waits, and let the platform answer."""
    for lane in ("P0", "normal"):
        services.send_due(lane)
        dispatch.drain(destination.pk, lane)
