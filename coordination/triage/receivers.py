"""News from cases: a decision ends its own task, and a warning's task ends its clock."""

from typing import Any

from django.dispatch import receiver

from coordination.cases.signals import compartment_marked, subjects_added, task_ended
from coordination.core.errors import InvalidInput, Refused
from coordination.referrals.signals import about_to_leave, place_named
from coordination.triage import selectors, services
from coordination.triage.services.dissenting import REVIEW
from coordination.triage.services.receiving import SENIOR, TIER_1
from coordination.triage.services.reporting import REPORT_TASK

FLAG = "triage.flag:"
FILED = frozenset({"file_referral", "file_crisis_referral"})
# Fewer characters hold neither when nor what was said.
SHORTEST_WARNING = 20


@receiver(task_ended, dispatch_uid="triage.keep_task")
def keep_task(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off a decision: whoever works on the case may end tasks, and few may decide."""
    if by_hand and task.kind == services.SAME_PERSON:
        raise Refused(
            "Answer it on the flag's page: joining the flag, or keeping it apart, ends this task.",
            rule="triage.unanswered",
        )
    if by_hand and task.kind in (SENIOR, TIER_1, REVIEW) and selectors.is_undecided(task.about):
        raise Refused(
            "The flag waits, and its assessment or decision ends this task: no action is a decision too.",
            rule="triage.undecided",
        )


@receiver(compartment_marked, dispatch_uid="triage.withdraw_questions")
def withdraw_questions(sender: Any, *, case: Any, **_: Any) -> None:  # noqa: ARG001
    """Ask nobody outside about a case that its members alone see."""
    services.withdraw_questions(case)


@receiver(task_ended, dispatch_uid="triage.keep_promise")
def keep_promise(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off what a decision asks for: a referral, or the words of a warning."""
    if not by_hand or not task.about.startswith(FLAG):
        return
    if task.kind in FILED:
        raise Refused(
            "It was decided to refer: submitting the referral ends this task. It need not be? Then the flag "
            "is re-opened and decided anew.",
            rule="triage.not-filed",
        )
    if task.kind == services.WARN and len(task.outcome) < SHORTEST_WARNING:
        raise InvalidInput(
            "outcome",
            "Say when they were warned and what they said, or why nobody warns them, in a sentence.",
        )


@receiver(task_ended, dispatch_uid="triage.keep_report")
def keep_report(sender: Any, *, task: Any, by_hand: bool = False, **_: Any) -> None:  # noqa: ARG001
    """Let nobody tick off a mandated report: its number ends the task, or counsel's reason."""
    if by_hand and task.kind == REPORT_TASK and selectors.is_report_due(task.about):
        raise Refused(
            "The report is due: Record that it was filed, with its number, on the flag's page.",
            rule="triage.report-due",
        )


@receiver(about_to_leave, dispatch_uid="triage.wait_for_police")
def wait_for_police(sender: Any, *, referral: Any, **_: Any) -> None:  # noqa: ARG001
    """While police ask to wait, let a danger to life and corrections alone be submitted or approved."""
    if referral.priority != "P0" and not referral.corrects_id:
        services.require_no_waiting(referral.case)


@receiver(about_to_leave, dispatch_uid="triage.require_decision")
def require_decision(sender: Any, *, referral: Any, by: Any, **_: Any) -> None:  # noqa: ARG001
    """Let nothing leave about a flag that nobody decided to refer; a correction follows what has left."""
    if not referral.corrects_id:
        services.require_decided(referral, by=by)


@receiver(place_named, dispatch_uid="triage.keep_claims_apart")
def keep_claims_apart(sender: Any, *, referral: Any, value: str, **_: Any) -> None:  # noqa: ARG001
    """Let no place out of a user's own words stand where an observed one belongs: so a hoax works."""
    if selectors.is_in_users_words(referral.case, value):
        raise InvalidInput(
            "provenance",
            "This place stands in what the user wrote: it is claimed by the user, unverified. Observed as "
            "well? Say how it is known (place source).",
        )


@receiver(subjects_added, dispatch_uid="triage.follow_subjects")
def follow_subjects(sender: Any, *, subjects: Any, **_: Any) -> None:  # noqa: ARG001
    """Have two cases kept apart where a new subject is the target in another."""
    services.follow_subjects([(each.case, each.account) for each in subjects])


@receiver(task_ended, dispatch_uid="triage.end_warning")
def end_warning(sender: Any, *, task: Any, **_: Any) -> None:  # noqa: ARG001
    """Stop the clock of a warning with its task."""
    if task.kind == services.WARN and task.about.startswith(FLAG):
        flag = selectors.flag_of_task(task.about)
        if flag is not None:
            services.end_clock(flag, done=task.state == "done")
