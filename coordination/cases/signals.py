"""News from cases, sent with send() inside the transaction: a receiver that raises undoes the deed."""

from django.dispatch import Signal

# case
case_opened = Signal()
# case, reason
case_closed = Signal()
# case, reason
case_reopened = Signal()
# subjects (those that were added at once)
subjects_added = Signal()
# case, subject (an account that is new to the case): whoever looks after a person who is afraid tells them
subject_returned = Signal()
# case; it is under a compartment, or under one more, and its members alone see it
compartment_marked = Signal()
# tasks (those that were opened at once)
tasks_opened = Signal()
# task; it was opened before, and is a danger to life now
task_hurried = Signal()
# task, by
task_taken = Signal()
# task, by_hand (a person ended the task itself; what it asks for need not have happened)
task_ended = Signal()
# deadline; a receiver may return what to do about it, in words, for the task that is opened
deadline_missed = Signal()
