"""Nobody is alone with a hidden case: who is in is asked for a second, and after a day others are."""

from coordination.access.services import Role, User
from coordination.cases import selectors
from coordination.cases.models import CaseCompartment
from coordination.cases.services.tasks import end_tasks, open_task
from coordination.cases.workflow import Compartment

KEEPER, ALONE = "compartment_keeper", "compartment_alone"
KEEP = {
    Compartment.NON_DISCLOSURE: "cases.keep_nondisclosure",
    Compartment.VICTIM: "cases.keep_victim",
}


def watch(compartment: CaseCompartment, *, by: User | None) -> None:
    """Ask the one person who sees the case for a second, or end what was asked where two see it."""
    inside = selectors.insiders_of(compartment.case)
    if len(inside) >= selectors.ENOUGH_INSIDE:
        answered(compartment, by=by)
        _end_alone(compartment)
    members = [each.person for each in selectors.members_of(compartment) if each.person_id in inside]
    if len(members) == 1:
        open_task(
            compartment.case,
            kind=ALONE,
            title=f"You are alone in a compartment of {Compartment(compartment.name).label}",
            instructions="Let somebody else in within a day. After that other keepers are asked to.",
            role=Role.COUNSEL,
            assignee=members[0],
            about=_about(compartment),
        )


def answered(compartment: CaseCompartment, *, by: User | None) -> None:
    """End what others were asked, where somebody is there again who lets in."""
    if selectors.keepers_of(compartment, KEEP):
        end_tasks(about=_about(compartment), kind=KEEPER, outcome="Somebody was let in.", by=by)


def lifted(compartment: CaseCompartment, *, by: User) -> None:
    """End all that was asked."""
    end_tasks(about=_about(compartment), kind=KEEPER, outcome="The compartment is lifted.", by=by)
    _end_alone(compartment)


def ask_for_keepers() -> int:
    """Open a task for each compartment that waits for others; return how many. For a periodic job.

    It names no case: counsel who is not in it lets another person in, who can then let counsel in.
    """
    for each in selectors.standing_compartments():
        watch(each, by=None)
    waiting = selectors.waiting_for_others(KEEP)
    for each in waiting:
        left = bool(selectors.keepers_of(each, KEEP))
        who = "One person is alone" if left else "Nobody is left"
        open_task(
            None,
            kind=KEEPER,
            title=f"{who} in a compartment of {Compartment(each.name).label}: name somebody",
            instructions="For a day they let nobody else in."
            if left
            else "Everybody who could let others in has left, or their time is over.",
            role=Role.COUNSEL,
            about=_about(each),
            priority="P0",
        )
    return len(waiting)


def _end_alone(compartment: CaseCompartment) -> None:
    """By nobody: whoever let a second person in may not see the case."""
    end_tasks(about=_about(compartment), kind=ALONE, outcome="Nobody is alone in it any more.", by=None)


def _about(compartment: CaseCompartment) -> str:
    return f"cases.casecompartment:{compartment.pk}"
