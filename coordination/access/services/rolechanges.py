"""Roles: taken away by one person at once, given by two.

`set_roles` takes what is no longer wanted and proposes what is new; `approve_roles` is the second person. At
the command line (`by=None`) whoever holds the owner's shell gives roles alone: the ledger names nobody there.
"""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from coordination.access.models import RoleChange, User
from coordination.access.roles import ROLES, Role, conflicts_in, need_two
from coordination.access.services import proposals, sessions, tokens
from coordination.access.services.rights import require
from coordination.access.workflow import ChangeKind
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger


@transaction.atomic
def set_roles(
    user: User, roles: Iterable[str], *, by: User | None, reason: str = "", new: bool = False
) -> RoleChange | None:
    """Take from `user` at once what is not among `roles`; propose the rest of them, and return the proposal.

    None where nothing is proposed: roles outside the desk are given at once, and so is everything where `by`
    is None. Of who is `new`, made in this transaction, nothing is looked up that they cannot have yet.
    Raises InvalidInput naming `roles` (unknown, or not held together) or `reason`, and Refused where somebody
    changes their own.
    """
    wanted = set(roles)
    if by is not None:
        require(by, proposals.PROPOSE)
        if by.pk == user.pk:
            raise Refused("Nobody changes their own roles.", rule="separation-of-duties")
    check(wanted)
    current = set() if new else _roles_of(user)
    proposed = need_two(wanted - current) if by is not None else set()
    assign(user, wanted - proposed, by=by, new=new)
    if not proposed or by is None:
        return None
    return proposals.propose(user, ChangeKind.ROLES, by=by, reason=reason, roles=proposed)


@transaction.atomic
def approve_roles(change: RoleChange, *, by: User) -> RoleChange:
    """Give the person what another administrator proposed; now it is in force.

    Raises as `proposals.approve` does, and InvalidInput where the person has got a role since that does not
    go with it.
    """
    approved = proposals.approve(change, ChangeKind.ROLES, by=by)
    wanted = {*approved.person.groups.values_list("name", flat=True), *approved.roles}
    assign(approved.person, wanted, by=by, proposal=approved.pk)
    return approved


def check(wanted: set[str]) -> None:
    """Raise InvalidInput where nobody can have these roles together, naming the pair."""
    unknown = wanted - {role.value for role in Role}
    if unknown:
        raise InvalidInput("roles", f"No such role: {', '.join(sorted(unknown))}.")
    if len({ROLES[Role(role)].staff for role in wanted}) > 1:
        raise InvalidInput("roles", "Nobody is on the desk and outside it at once.")
    for one, other, why in conflicts_in(wanted):
        pair = f"{one.value} and {other.value}".replace("_", " ")
        raise InvalidInput("roles", f"Nobody is {pair} at once: {why}.")


def assign(
    user: User, wanted: set[str], *, by: User | None, proposal: int | None = None, new: bool = False
) -> None:
    """Make `wanted` the person's roles. For this module: whether `by` may give them was asked before.

    Whoever is `new` has no roles, sessions or tokens: nothing of that is looked for.
    """
    check(wanted)
    before = set() if new else _roles_of(user)
    if before != wanted:
        groups = Group.objects.filter(name__in=wanted)
        user.groups.add(*groups) if new else user.groups.set(groups)
    outside, user.is_staff = not user.is_staff, any(ROLES[Role(role)].staff for role in wanted)
    if user.is_staff or not new:
        user.save(update_fields=["is_staff"])
    if outside and user.is_staff and not new:
        tokens.revoke_all(user, by=by, reason="They work at the desk now.")
    for cache in ("_perm_cache", "_user_perm_cache", "_group_perm_cache"):
        user.__dict__.pop(cache, None)
    if before == wanted:
        return
    details: dict[str, ledger.Value] = {
        "added": sorted(wanted - before),
        "removed": sorted(before - wanted),
    }
    if proposal is not None:
        details["proposal"] = proposal
    if by is None:
        details["set_up"] = True
    ledger.record("access.roles_changed", subject=f"user:{user.pk}", by=by, details=details)
    if not new:
        sessions.end_all(user, why="roles changed", by=by)


def _roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))
