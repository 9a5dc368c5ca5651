"""Compartments: a case under one is there for its members alone, whatever their team sees.

Marking takes the case from every team and person; members see it by rows of their own in the access table,
which name their membership and end with it. A case under two compartments is there for who is in both.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.cases import selectors, signals
from coordination.cases.models import (
    Case,
    CaseAccess,
    CaseCompartment,
    CaseGroupPermission,
    CaseUserPermission,
    CompartmentMember,
    Subject,
)
from coordination.cases.services.access import (
    GRANTABLE,
    VIEW,
    WORK,
    grant_default_teams,
    require_case,
    write_grants,
)
from coordination.cases.services.keepers import KEEP, answered, lifted, watch
from coordination.cases.services.matters import add_event
from coordination.cases.services.queues import reroute
from coordination.cases.services.tasks import open_task
from coordination.cases.services.words import said
from coordination.cases.workflow import Compartment
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound, Refused
from coordination.ledger import services as ledger

LONGEST = timedelta(days=366)


@transaction.atomic
def mark(case: Case, *, compartment: str, by: User, reason: str, until: datetime) -> CaseCompartment:
    """Put a case under a compartment; `by` is its first member, until then. Nobody else sees it any more.

    They are asked to let a second person in (keepers). Its open tasks move to who sees it still. Sends
    `compartment_marked`. Raises Conflict where it is under this compartment already.
    """
    kind = _known(compartment)
    access.require(by, KEEP[kind])
    require_case(by, case, WORK)
    _lock(case)
    if selectors.compartments_of(case).filter(name=kind).exists():
        raise Conflict("The case is under this compartment already.")
    why = said("reason", reason, longest=2_000)
    made = CaseCompartment.objects.create(
        case=case, name=kind, reason=why, marked_by=by, marked_at=clock.now()
    )
    _record("cases.compartment_marked", made, by=by, reason_digest=ledger.digest(why))
    _enter(made, by, by=by, reason=why, until=until)
    _rewrite(case, by=by)
    add_event(case, kind="compartment", title=f"The case is under {kind.label}", by=by)
    watch(made, by=by)
    signals.compartment_marked.send(sender=CaseCompartment, case=case)
    return made


@transaction.atomic
def mark_by_order(
    case: Case, *, by: User, reason: str, members: Collection[User], until: datetime
) -> CaseCompartment | None:
    """Put a case under non-disclosure because an order binds, whoever brought it; None where it is already.

    `members` see it from here, until then: who brought it need not be one, nor may let anybody in.
    """
    _lock(case)
    kind = Compartment.NON_DISCLOSURE
    if selectors.compartments_of(case).filter(name=kind).exists():
        return None
    why = said("reason", reason, longest=2_000)
    made = CaseCompartment.objects.create(
        case=case, name=kind, reason=why, marked_by=by, marked_at=clock.now()
    )
    _record("cases.compartment_marked", made, by=by, reason_digest=ledger.digest(why))
    for person in members:
        _enter(made, person, by=by, reason=why, until=until)
    _rewrite(case, by=by)
    add_event(case, kind="compartment", title=f"The case is under {kind.label}", by=by)
    watch(made, by=by)
    signals.compartment_marked.send(sender=CaseCompartment, case=case)
    return made


@transaction.atomic
def admit(
    compartment: CaseCompartment, *, person: User, by: User, reason: str, until: datetime
) -> CompartmentMember:
    """Let a person of the desk into a compartment until a date; again, with another date, for a longer stay.

    By a member who keeps compartments; where no such member is left, or where one person was alone in it for
    a day, by whoever keeps this kind. Raises InvalidInput naming `person`, `reason` or `until`, and Refused
    where somebody lets themselves in.
    """
    locked = _kept(compartment, by, letting_in=True)
    if person.pk == by.pk:
        raise Refused("Nobody lets themselves in, or stays on by themselves.", rule="separation-of-duties")
    if not (person.is_staff and access.has(person, f"cases.{VIEW}")):
        raise InvalidInput("person", "Only somebody who may see cases can be let in.")
    member = _enter(locked, person, by=by, reason=said("reason", reason, longest=2_000), until=until)
    _rewrite(locked.case, by=by)
    answered(locked, by=by)
    watch(locked, by=by)
    return member


@transaction.atomic
def expel(member: CompartmentMember, *, by: User, reason: str) -> CompartmentMember:
    """Take somebody out of a compartment at once. Raises Refused for the last one who keeps it."""
    compartment = _kept(member.compartment, by)
    why = said("reason", reason, longest=2_000)
    locked = CompartmentMember.objects.select_for_update().get(pk=member.pk)
    if locked.ended_at is not None:
        raise Conflict("They are not in it any more.")
    if {each.pk for each in selectors.keepers_of(compartment, KEEP)} == {locked.person_id}:
        raise Refused(
            "Nobody would be left who lets others in: let another in first, or lift the compartment.",
            rule="cases.compartment-kept",
        )
    locked.ended_at = clock.now()
    locked.save(update_fields=["ended_at"])
    _record(
        "cases.compartment_left",
        compartment,
        by=by,
        member=locked.person_id,
        reason_digest=ledger.digest(why),
    )
    _rewrite(compartment.case, by=by)
    watch(compartment, by=by)
    return locked


@transaction.atomic
def lift(compartment: CaseCompartment, *, by: User, reason: str) -> CaseCompartment:
    """End a compartment; without another one the case is again with its owner and the default teams."""
    locked = _kept(compartment, by)
    why = said("reason", reason, longest=2_000)
    locked.lifted_at, locked.lifted_by = clock.now(), by
    locked.save(update_fields=["lifted_at", "lifted_by"])
    _record("cases.compartment_lifted", locked, by=by, reason_digest=ledger.digest(why))
    lifted(locked, by=by)
    _rewrite(locked.case, by=by)
    title = f"The case is no longer under {Compartment(locked.name).label}"
    add_event(locked.case, kind="compartment", title=title, detail=why)
    return locked


def tell_members(subjects: Collection[Subject]) -> None:
    """Tell the members of cases under a compartment that their subject is one in another case, and only them.

    A flag never joins a case under a compartment: few would see the danger. It opens a case of its own.
    """
    for subject in selectors.with_hidden_account(subjects):
        _tell_members(subject.case, subject)


def _tell_members(case: Case, subject: Subject) -> None:
    for hidden in selectors.hidden_with_account(subject).exclude(pk=case.pk):
        open_task(
            hidden,
            kind="subject_elsewhere",
            title=f"The subject of {hidden.reference} is a subject of {case.reference}",
            instructions="That case is open to the desk and knows nothing of this one. Read it from here.",
            role=Role.COUNSEL,
            about=f"cases.subject:{subject.pk}",
            priority=case.priority,
        )


def _enter(
    compartment: CaseCompartment, person: User, *, by: User, reason: str, until: datetime
) -> CompartmentMember:
    now = clock.now()
    if until.tzinfo is None or not now < until <= now + LONGEST:
        raise InvalidInput("until", f"A date after now, and within {LONGEST.days} days.")
    CompartmentMember.objects.filter(compartment=compartment, person=person, ended_at=None).update(
        ended_at=now
    )
    member = CompartmentMember.objects.create(
        compartment=compartment, person=person, reason=reason, granted_by=by, granted_at=now, until=until
    )
    _record(
        "cases.compartment_entered",
        compartment,
        by=by,
        member=person.pk,
        reason_digest=ledger.digest(reason),
        until=ledger.timestamp(until),
    )
    return member


def _rewrite(case: Case, *, by: User | None) -> None:
    """Make grants and access table say who is in every compartment of the case; without one, the usual."""
    CaseAccess.objects.filter(case=case).delete()
    CaseGroupPermission.objects.filter(content_object=case).delete()
    CaseUserPermission.objects.filter(content_object=case).delete()
    standing = list(selectors.compartments_of(case))
    if not standing:
        grant_default_teams([case])
        if case.owner is not None:
            write_grants(case, {case.owner: GRANTABLE})
        return
    write_grants(case, dict.fromkeys(_in_all(standing), GRANTABLE))
    reroute(case, by=by)


def _in_all(standing: Iterable[CaseCompartment]) -> list[CompartmentMember]:
    """Return, for each person who is in all compartments, the membership that ends first."""
    of_person: dict[int, list[CompartmentMember]] = {}
    wanted = list(standing)
    for member in selectors.members_of(*wanted):
        of_person.setdefault(member.person_id, []).append(member)
    return [
        min(found, key=lambda each: each.until) for found in of_person.values() if len(found) == len(wanted)
    ]


def _kept(compartment: CaseCompartment, by: User, *, letting_in: bool = False) -> CaseCompartment:
    """Return the standing compartment, locked, if `by` keeps it; a foreign one answers as a missing one.

    Who is not in it may let somebody in where it waits for others, and do nothing else to it.
    """
    rows = CaseCompartment.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.filter(pk=compartment.pk, lifted_at=None).first()
    if locked is None or not access.has(by, KEEP[Compartment(locked.name)]):
        raise NotFound
    _lock(locked.case)
    keepers = selectors.keepers_of(locked, KEEP)
    waits = not keepers or selectors.is_alone_too_long(locked.case)
    if by not in keepers and not (letting_in and waits):
        raise NotFound
    return locked


def _known(compartment: str) -> Compartment:
    try:
        return Compartment(compartment)
    except ValueError:
        raise InvalidInput("compartment", "No such compartment.") from None


def _lock(case: Case) -> None:
    Case.objects.select_for_update(of=("self",)).get(pk=case.pk)


def _record(action: str, compartment: CaseCompartment, *, by: User | None, **details: ledger.Value) -> None:
    ledger.record(
        action,
        subject=compartment.case.reference,
        by=by,
        details={"compartment": compartment.name, **details},
    )
