"""The verbs of messages and deliveries. `approve` is the one line that lets something leave."""

from coordination.outbox.models import Delivery, Message
from coordination.outbox.services.hearing import record_receipt, resolve
from coordination.outbox.services.preparing import approve, approve_by_order, prepare
from coordination.outbox.services.recalling import RECALL, WITH_THEM, can_recall, recall
from coordination.outbox.services.second import OVERRULE
from coordination.outbox.services.stopping import release, void, void_unsent

__all__ = [
    "OVERRULE",
    "RECALL",
    "WITH_THEM",
    "Delivery",
    "Message",
    "approve",
    "approve_by_order",
    "can_recall",
    "prepare",
    "recall",
    "record_receipt",
    "release",
    "resolve",
    "void",
    "void_unsent",
]
