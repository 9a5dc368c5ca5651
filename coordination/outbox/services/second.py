"""The second pair of eyes: somebody who may approve, and had no part in what they look at."""

from typing import Final

from coordination.access import services as access
from coordination.access.services import User
from coordination.core.errors import NotPermitted, Refused
from coordination.outbox.models import Delivery, Message
from coordination.outbox.services.records import TWO_PEOPLE
from coordination.outbox.signals import overruling

OVERRULE: Final = "referrals.approve_referral"


def check(delivery: Delivery, message: Message, *, by: User | None) -> None:
    """Raise NotPermitted for who may not approve, Refused for who had a part in the message."""
    access.require(by, OVERRULE)
    if by is not None and by.pk == message.prepared_by_id:
        raise Refused("Whoever prepared a message does not overrule what holds it.", rule=TWO_PEOPLE)
    overruling.send(sender=Delivery, delivery=delivery, by=by)


def may(delivery: Delivery, message: Message, *, by: User | None) -> bool:
    """Tell whether somebody is such a second person; the system itself is none and needs none."""
    if by is None:
        return True
    try:
        check(delivery, message, by=by)
    except (NotPermitted, Refused):
        return False
    return True
