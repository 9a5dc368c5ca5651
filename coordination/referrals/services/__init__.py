"""What is done to a referral. Approval is in `deciding`; nothing else makes a referral leave."""

from coordination.referrals.services.answering import answer, approve_answer, follow_stopped_answer
from coordination.referrals.services.asking import request_information
from coordination.referrals.services.clocks import ACK_CLOCK, OUTCOME_CLOCK
from coordination.referrals.services.correcting import correct
from coordination.referrals.services.deciding import approve, decline, return_, withdraw
from coordination.referrals.services.ending import (
    close,
    follow_task,
    record_outcome,
    report_outcome,
    review,
)
from coordination.referrals.services.filing import (
    add_addressee,
    add_fact,
    add_item,
    file,
    remove_addressee,
    remove_fact,
    remove_item,
    revise,
)
from coordination.referrals.services.hearing import (
    acknowledge,
    follow_call,
    follow_delivery,
)
from coordination.referrals.services.phoning import ask_what_came_of_it, ask_who_has_it
from coordination.referrals.services.recalling import recall
from coordination.referrals.services.submitting import submit

__all__ = [
    "ACK_CLOCK",
    "OUTCOME_CLOCK",
    "acknowledge",
    "add_addressee",
    "add_fact",
    "add_item",
    "answer",
    "approve",
    "approve_answer",
    "ask_what_came_of_it",
    "ask_who_has_it",
    "close",
    "correct",
    "decline",
    "file",
    "follow_call",
    "follow_delivery",
    "follow_stopped_answer",
    "follow_task",
    "recall",
    "record_outcome",
    "remove_addressee",
    "remove_fact",
    "remove_item",
    "report_outcome",
    "request_information",
    "return_",
    "review",
    "revise",
    "submit",
    "withdraw",
]
