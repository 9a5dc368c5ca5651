"""The verbs of cases. One transaction each, every change an entry in the ledger."""

from coordination.cases.models import Case, Deadline, Task
from coordination.cases.selectors import subjects_with_account
from coordination.cases.services.access import DEFAULT_TEAMS, grant, require_case, require_of_staff, revoke
from coordination.cases.services.alarms import STORE, alarm
from coordination.cases.services.compartments import (
    LONGEST,
    admit,
    expel,
    lift,
    mark,
    mark_by_order,
    tell_members,
)
from coordination.cases.services.deadlines import (
    cancel_deadline,
    meet_deadline,
    miss_deadlines,
    start_deadline,
    warn_of_deadlines,
)
from coordination.cases.services.keepers import KEEP, ask_for_keepers
from coordination.cases.services.many import (
    NewCase,
    NewDeadline,
    NewEvent,
    NewSubject,
    add_events,
    add_subjects,
    identify,
    open_cases,
    start_deadlines,
)
from coordination.cases.services.matters import (
    add_event,
    add_note,
    add_subject,
    assign,
    close_case,
    hold,
    monitor_case,
    open_case,
    raise_priorities,
    raise_priority,
    reopen_case,
)
from coordination.cases.services.packages import PackageFailed, make_package
from coordination.cases.services.packing import order_again, order_package, pack_waiting
from coordination.cases.services.pausing import pause_deadline, resume_deadline
from coordination.cases.services.persons import RETURNED, move_work, reassign, take_back
from coordination.cases.services.reindexing import reindex_accounts, reindex_identifiers
from coordination.cases.services.tasks import (
    NewTask,
    cancel_task,
    complete_task,
    end_tasks,
    open_task,
    open_tasks,
    take_task,
)

__all__ = [
    "DEFAULT_TEAMS",
    "KEEP",
    "LONGEST",
    "RETURNED",
    "STORE",
    "Case",
    "Deadline",
    "NewCase",
    "NewDeadline",
    "NewEvent",
    "NewSubject",
    "NewTask",
    "PackageFailed",
    "Task",
    "add_event",
    "add_events",
    "add_note",
    "add_subject",
    "add_subjects",
    "admit",
    "alarm",
    "ask_for_keepers",
    "assign",
    "cancel_deadline",
    "cancel_task",
    "close_case",
    "complete_task",
    "end_tasks",
    "expel",
    "grant",
    "hold",
    "identify",
    "lift",
    "make_package",
    "mark",
    "mark_by_order",
    "meet_deadline",
    "miss_deadlines",
    "monitor_case",
    "move_work",
    "open_case",
    "open_cases",
    "open_task",
    "open_tasks",
    "order_again",
    "order_package",
    "pack_waiting",
    "pause_deadline",
    "raise_priorities",
    "raise_priority",
    "reassign",
    "reindex_accounts",
    "reindex_identifiers",
    "reopen_case",
    "require_case",
    "require_of_staff",
    "resume_deadline",
    "revoke",
    "start_deadline",
    "start_deadlines",
    "subjects_with_account",
    "take_back",
    "take_task",
    "tell_members",
    "warn_of_deadlines",
]
