"""Who may do what on which case: guardian's grants and the access table, always together."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.roles import ROLES, Role
from coordination.access.services import User
from coordination.cases import selectors
from coordination.cases.models import (
    Case,
    CaseAccess,
    CaseGroupPermission,
    CaseUserPermission,
    CompartmentMember,
)
from coordination.cases.services.queues import reroute
from coordination.core import bulk
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.ledger import services as ledger

Principal = User | Group
# How access is written: a membership of a compartment stands for its person.
Holder = User | Group | CompartmentMember

VIEW, WORK = "view_case", "work_case"
GRANTABLE = (VIEW, WORK)
DEFAULT_TEAMS: dict[Role, Collection[str]] = {
    Role.SAFETY_LIAISON: GRANTABLE,
    Role.REVIEWER: GRANTABLE,
    Role.SENIOR_REVIEWER: GRANTABLE,
    Role.DUTY_OFFICER: GRANTABLE,
    Role.COUNSEL: GRANTABLE,
    Role.DUTY_COUNSEL: GRANTABLE,
    Role.AUDITOR: (VIEW,),
}


def require_case(user: User | None, case: Case, permission: str) -> None:
    """Raise unless `user` holds `permission` ("work_case") by role and is granted this case for it.

    Raises NotFound where they do not see the case, as for a missing one, and NotPermitted where they see it.
    None is the system itself, which may.
    """
    if user is None or selectors.may(user, case, permission):
        return
    if not selectors.may(user, case, VIEW):
        raise NotFound
    raise NotPermitted


def require_of_staff(user: User | None, case: Case) -> None:
    """As `require_case` with "work_case", for the news that other slices write on a case.

    An officer or a system of the platform causes such news and sees no case: the slice has checked what they
    may. Whoever is on the desk needs the grant here too.
    """
    if user is not None and user.is_staff:
        require_case(user, case, WORK)


@transaction.atomic
def grant(
    case: Case, *, principal: Principal, by: User | None, permissions: Iterable[str] = GRANTABLE
) -> None:
    """Let a person or a team of the desk see a case, and work on it unless `permissions` says less.

    Seeing is always part of it. Raises InvalidInput naming `permissions` or `principal`.
    """
    require_case(by, case, "grant_case")
    wanted = {VIEW, *permissions}
    if not wanted <= set(GRANTABLE):
        raise InvalidInput("permissions", f"A grant is one or more of {', '.join(GRANTABLE)}.")
    refuse_hidden(case)
    if not _on_the_desk(principal):
        raise InvalidInput("principal", "Only people and teams of the desk are given access to a case.")
    write_grants(case, {principal: wanted})
    ledger.record(
        "cases.access_granted",
        subject=case.reference,
        by=by,
        details={"principal": principal_of(principal), "permissions": sorted(wanted)},
    )


@transaction.atomic
def revoke(
    case: Case, *, principal: Principal, by: User | None, permissions: Iterable[str] = GRANTABLE
) -> None:
    """Take access to a case from a person or a team; without "view_case" the rest goes too.

    Open tasks that would wait for nobody now are moved to who still sees the case. Raises InvalidInput where
    nothing was granted, and Refused where nobody could work on the case any more.
    """
    require_case(by, case, "grant_case")
    Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    refuse_hidden(case)
    taken = set(permissions)
    if VIEW in taken:
        taken = set(GRANTABLE)
        CaseAccess.objects.filter(case=case, principal=principal_of(principal)).delete()
    deleted, _ = _grants(case, principal).filter(permission__codename__in=taken).delete()
    if not deleted:
        raise InvalidInput("principal", "They were not given this access.")
    if WORK in taken and not _somebody_works_on(case):
        raise Refused("Nobody else could work on the case: let somebody in first.", rule="cases.nobody-left")
    ledger.record(
        "cases.access_revoked",
        subject=case.reference,
        by=by,
        details={"principal": principal_of(principal), "permissions": sorted(taken)},
    )
    reroute(case, by=by)


def grant_default_teams(cases: Sequence[Case]) -> None:
    """Give new cases to the teams of DEFAULT_TEAMS; the caller records that they were opened."""
    if not cases:
        return
    teams = Group.objects.filter(name__in=[role.value for role in DEFAULT_TEAMS])
    given = {team: DEFAULT_TEAMS[Role(team.name)] for team in teams}
    _write([(case, team, codenames) for case in cases for team, codenames in given.items()])


def refuse_hidden(case: Case) -> None:
    """Raise Refused where a case is under a compartment: who sees it is decided there."""
    if selectors.is_hidden(case):
        raise Refused(
            "The case is under a compartment: let the person into that.", rule="cases.in-a-compartment"
        )


def principal_of(principal: Holder) -> str:
    """Return the name of a person, a team or a membership in the access table."""
    if isinstance(principal, CompartmentMember):
        return f"m{principal.pk}"
    return f"{'u' if isinstance(principal, User) else 'g'}{principal.pk}"


def write_grants(case: Case, grants: Mapping[Holder, Collection[str]]) -> None:
    """Write guardian's rows and the access table's together; what is granted already stays."""
    _write([(case, holder, codenames) for holder, codenames in grants.items()])


def _write(granted: Sequence[tuple[Case, Holder, Collection[str]]]) -> None:
    known = {
        permission.codename: permission
        for permission in Permission.objects.filter(content_type__app_label="cases", codename__in=GRANTABLE)
    }
    bulk.insert_new(
        [
            CaseUserPermission(content_object=case, user=_person(holder), permission=known[codename])
            for case, holder, codenames in granted
            if not isinstance(holder, Group)
            for codename in sorted(codenames)
        ]
    )
    bulk.insert_new(
        [
            CaseGroupPermission(content_object=case, group=holder, permission=known[codename])
            for case, holder, codenames in granted
            if isinstance(holder, Group)
            for codename in sorted(codenames)
        ]
    )
    # `created` is the case's own time: a list by this index is a list of the newest cases.
    bulk.insert_new(
        [
            CaseAccess(principal=principal_of(holder), created=case.opened_at, case=case)
            for case, holder, _ in granted
        ]
    )


def _person(holder: User | CompartmentMember) -> User:
    return holder.person if isinstance(holder, CompartmentMember) else holder


def _grants(case: Case, principal: Principal) -> QuerySet[CaseUserPermission] | QuerySet[CaseGroupPermission]:
    if isinstance(principal, User):
        return CaseUserPermission.objects.filter(content_object=case, user=principal)
    return CaseGroupPermission.objects.filter(content_object=case, group=principal)


def _somebody_works_on(case: Case) -> bool:
    """Tell whether a grant to work reaches an active person whose role lets them: one query, however many.

    A grant to work comes with the one to see. For a case without a compartment.
    """
    able = [role for role, rights in ROLES.items() if f"cases.{WORK}" in rights.permissions]
    granted = {"content_object": case, "permission__codename": WORK}
    own = CaseUserPermission.objects.filter(**granted).values("user")
    teams = CaseGroupPermission.objects.filter(**granted).values("group")
    return people.people_in(*able).filter(Q(pk__in=own) | Q(groups__in=teams)).exists()


def _on_the_desk(principal: Principal) -> bool:
    if isinstance(principal, User):
        return principal.is_staff and access.has(principal, f"cases.{VIEW}")
    return principal.name in [role.value for role, rights in ROLES.items() if rights.staff]
