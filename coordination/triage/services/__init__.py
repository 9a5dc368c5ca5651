"""What is done with safety flags."""

from coordination.triage.services.assessing import assess
from coordination.triage.services.coordinated import mark_coordinated
from coordination.triage.services.counselling import (
    ask_counsel,
    assess_as_counsel,
    deconflict,
    end_deconfliction,
    require_no_waiting,
)
from coordination.triage.services.deciding import decide, reopen
from coordination.triage.services.dissenting import dissent
from coordination.triage.services.happening import record_event
from coordination.triage.services.leaving import require_decided
from coordination.triage.services.placing import SAME_PERSON
from coordination.triage.services.receiving import MOST, Taken, receive, receive_many
from coordination.triage.services.reindexing import reindex_flags, reindex_targets
from coordination.triage.services.replays import record_replay, replay_decisions
from coordination.triage.services.reporting import excuse_report, report_filed
from coordination.triage.services.sameness import candidates_for, join_flag, keep_apart, withdraw_questions
from coordination.triage.services.standing import follow_subjects, record_target
from coordination.triage.services.warning import WARN, end_clock

__all__ = [
    "MOST",
    "SAME_PERSON",
    "WARN",
    "Taken",
    "ask_counsel",
    "assess",
    "assess_as_counsel",
    "candidates_for",
    "decide",
    "deconflict",
    "dissent",
    "end_clock",
    "end_deconfliction",
    "excuse_report",
    "follow_subjects",
    "join_flag",
    "keep_apart",
    "mark_coordinated",
    "receive",
    "receive_many",
    "record_event",
    "record_replay",
    "record_target",
    "reindex_flags",
    "reindex_targets",
    "reopen",
    "replay_decisions",
    "report_filed",
    "require_decided",
    "require_no_waiting",
    "withdraw_questions",
]
