"""Reading what partners sent back."""

from uuid import UUID

from django.db.models import QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.inbox.models import InboundMessage


def visible_to(user: User) -> QuerySet[InboundMessage]:
    """Return what partners said on the cases that `user` sees, newest first."""
    found = InboundMessage.objects.select_related("agency", "sent_by", "message", "message__case")
    if not access.has(user, "inbox.view_inboundmessage"):
        return found.none()
    return found.filter(message__case__in=cases.visible_to(user))


def answers_to(message_id: UUID | str) -> QuerySet[InboundMessage]:
    """Return what came back to one message, oldest first."""
    found = InboundMessage.objects.filter(message_id=message_id).select_related("agency", "sent_by")
    return found.order_by("received_at")


def said_before(*, agency_id: int, external_id: str) -> InboundMessage | None:
    """Return what this agency said under this id, or None."""
    return InboundMessage.objects.filter(agency_id=agency_id, external_id=external_id).first()
