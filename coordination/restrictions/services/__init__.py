"""The verbs of restrictions and preservations. One transaction each; the platform is told after commit."""

from coordination.restrictions.models import Command, Preservation, Restriction
from coordination.restrictions.services.drift import DRIFT, ask, ask_regularly, report_in_force
from coordination.restrictions.services.following import BY_HAND, chase, confirm_by_hand, follow_delivery
from coordination.restrictions.services.imposing import Imposing, impose, impose_many
from coordination.restrictions.services.preserving import Preserving, preserve, preserve_many
from coordination.restrictions.services.reindexing import reindex_preservations, reindex_restrictions
from coordination.restrictions.services.sending import CONNECT, send_due, wake_all

__all__ = [
    "BY_HAND",
    "CONNECT",
    "DRIFT",
    "Command",
    "Imposing",
    "Preservation",
    "Preserving",
    "Restriction",
    "ask",
    "ask_regularly",
    "chase",
    "confirm_by_hand",
    "follow_delivery",
    "impose",
    "impose_many",
    "preserve",
    "preserve_many",
    "reindex_preservations",
    "reindex_restrictions",
    "report_in_force",
    "send_due",
    "wake_all",
]
