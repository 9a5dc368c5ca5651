"""The verbs of restrictions and preservations. One transaction each; the platform is told after commit."""

from coordination.restrictions.models import (
    Command,
    Preservation,
    ProtectiveOrder,
    Restriction,
    RiskAssessment,
)
from coordination.restrictions.services.appeals import answer_appeal, pass_on_appeal, receive_appeal
from coordination.restrictions.services.bidden import delete_kept, keep_longer, keep_until
from coordination.restrictions.services.drift import DRIFT, ask, ask_regularly, report_in_force
from coordination.restrictions.services.following import BY_HAND, chase, confirm_by_hand, follow_delivery
from coordination.restrictions.services.imposing import Imposing, impose, impose_many
from coordination.restrictions.services.lifting import (
    ask_lift,
    assess,
    decline_lift,
    lift,
    sign,
    valid_signers,
)
from coordination.restrictions.services.links import ask_about_links, link_of, say_link
from coordination.restrictions.services.orders import end_order, record_order
from coordination.restrictions.services.preserving import Preserving, preserve, preserve_many
from coordination.restrictions.services.reindexing import (
    reindex_orders,
    reindex_preservations,
    reindex_restrictions,
)
from coordination.restrictions.services.reviewing import ask_to_review, extend, keep, let_go
from coordination.restrictions.services.sending import CONNECT, LANES, send_due, wake_all
from coordination.restrictions.services.statements import Notice, release, withhold

__all__ = [
    "BY_HAND",
    "CONNECT",
    "DRIFT",
    "LANES",
    "Command",
    "Imposing",
    "Notice",
    "Preservation",
    "Preserving",
    "ProtectiveOrder",
    "Restriction",
    "RiskAssessment",
    "answer_appeal",
    "ask",
    "ask_about_links",
    "ask_lift",
    "ask_regularly",
    "ask_to_review",
    "assess",
    "chase",
    "confirm_by_hand",
    "decline_lift",
    "delete_kept",
    "end_order",
    "extend",
    "follow_delivery",
    "impose",
    "impose_many",
    "keep",
    "keep_longer",
    "keep_until",
    "let_go",
    "lift",
    "link_of",
    "pass_on_appeal",
    "preserve",
    "preserve_many",
    "receive_appeal",
    "record_order",
    "reindex_orders",
    "reindex_preservations",
    "reindex_restrictions",
    "release",
    "report_in_force",
    "say_link",
    "send_due",
    "sign",
    "valid_signers",
    "wake_all",
    "withhold",
]
