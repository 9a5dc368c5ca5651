"""Roles: taken away by one person at once, given by two.

`set_roles` takes what is no longer wanted and proposes what is new; `approve_roles` is the second person. At
the command line (`by=None`) whoever holds the owner's shell gives roles alone: the ledger names nobody there.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from coordination.access import signals
from coordination.access.models import RoleChange, User
from coordination.access.roles import ROLES, Role, conflicts_in, need_two
from coordination.access.services import sessions
from coordination.access.services.rights import has, require
from coordination.access.workflow import ROLE_CHANGE, RoleChangeState, RoleChangeVerb
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger

PROPOSAL_LASTS = timedelta(days=3)
PROPOSE = "access.change_user"
DECIDE = "access.decide_rolechange"
_LONGEST = 300


@transaction.atomic
def set_roles(user: User, roles: Iterable[str], *, by: User | None, reason: str = "") -> RoleChange | None:
    """Take from `user` at once what is not among `roles`; propose the rest of them, and return the proposal.

    None where nothing is proposed: roles outside the desk are given at once, and so is everything where `by`
    is None. Raises InvalidInput naming `roles` (unknown, or not held together) or `reason`, and Refused where
    somebody changes their own.
    """
    wanted = set(roles)
    if by is not None:
        require(by, PROPOSE)
        if by.pk == user.pk:
            raise Refused("Nobody changes their own roles.", rule="separation-of-duties")
    check(wanted)
    current = set(user.groups.values_list("name", flat=True))
    proposed = need_two(wanted - current) if by is not None else set()
    assign(user, wanted - proposed, by=by)
    return _propose(user, proposed, by=by, reason=reason) if proposed and by is not None else None


@transaction.atomic
def approve_roles(change: RoleChange, *, by: User) -> RoleChange:
    """Give the person what another administrator proposed; now it is in force.

    Raises Refused for who proposed it or would get it, where it has expired, where the proposer may no longer
    propose, and where the person is disabled or has got a role since that does not go with it.
    """
    locked = _decided_by_another(change, by)
    if locked.expires_at <= clock.now():
        raise Refused("The proposal has expired: propose it again.", rule="access.proposal-expired")
    if not has(locked.proposed_by, PROPOSE):
        raise Refused("Who proposed it is no administrator any more.", rule="access.two-administrators")
    if not locked.person.is_active:
        raise Refused("The person is disabled.", rule="access.two-administrators")
    wanted = {*locked.person.groups.values_list("name", flat=True), *locked.roles}
    _end(locked, RoleChangeVerb.APPROVE, by=by)
    assign(locked.person, wanted, by=by, proposal=locked.pk)
    return locked


@transaction.atomic
def decline_roles(change: RoleChange, *, by: User, reason: str) -> RoleChange:
    """Say no, with the reason."""
    locked = _decided_by_another(change, by)
    return _end(locked, RoleChangeVerb.DECLINE, by=by, reason=_said(reason))


@transaction.atomic
def withdraw_roles(change: RoleChange, *, by: User) -> RoleChange:
    """Take a proposal back: who made it, or any administrator. One person is enough to give less."""
    require(by, PROPOSE)
    return _end(_locked(change), RoleChangeVerb.WITHDRAW, by=by)


def expire_role_changes(now: datetime) -> int:
    """End what nobody decided in time; return how many. For a periodic job."""
    waiting = RoleChange.objects.filter(state=RoleChangeState.PROPOSED, expires_at__lte=now)
    return sum(_expire(pk) for pk in waiting.values_list("pk", flat=True))


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


def assign(user: User, wanted: set[str], *, by: User | None, proposal: int | None = None) -> None:
    """Make `wanted` the person's roles. For this module: whether `by` may give them was asked before."""
    check(wanted)
    before = set(user.groups.values_list("name", flat=True))
    user.groups.set(Group.objects.filter(name__in=wanted))
    user.is_staff = any(ROLES[Role(role)].staff for role in wanted)
    user.save(update_fields=["is_staff"])
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
    ledger.record("access.roles_changed", subject=_subject(user), by=by, details=details)
    sessions.end_all(user, why="roles changed", by=by)


def _propose(user: User, roles: set[str], *, by: User, reason: str) -> RoleChange:
    why = _said(reason)
    earlier = RoleChange.objects.select_for_update().filter(person=user, state=RoleChangeState.PROPOSED)
    for each in earlier:
        _end(each, RoleChangeVerb.WITHDRAW, by=by, reason="Another one took its place.")
    now = clock.now()
    change = RoleChange.objects.create(
        person=user,
        roles=sorted(roles),
        reason=why,
        proposed_by=by,
        proposed_at=now,
        expires_at=now + PROPOSAL_LASTS,
    )
    details: dict[str, ledger.Value] = {
        "proposal": change.pk,
        "roles": sorted(roles),
        "reason_digest": ledger.digest(why),
        "until": ledger.timestamp(change.expires_at),
    }
    ledger.record("access.roles_proposed", subject=_subject(user), by=by, details=details)
    signals.role_change_proposed.send(sender=RoleChange, change=change)
    return change


def _decided_by_another(change: RoleChange, by: User) -> RoleChange:
    require(by, DECIDE)
    locked = _locked(change)
    if by.pk in (locked.proposed_by_id, locked.person_id):
        raise Refused(
            "Another administrator decides than who proposed it or would get it.",
            rule="access.two-administrators",
        )
    return locked


@transaction.atomic
def _expire(pk: int) -> bool:
    locked = RoleChange.objects.select_for_update().filter(pk=pk, state=RoleChangeState.PROPOSED).first()
    if locked is None:
        return False
    _end(locked, RoleChangeVerb.EXPIRE, by=None)
    return True


def _end(locked: RoleChange, verb: RoleChangeVerb, *, by: User | None, reason: str = "") -> RoleChange:
    locked.state = ROLE_CHANGE.after(locked.state, verb)
    locked.decided_by, locked.decided_at, locked.decision_reason = by, clock.now(), reason
    locked.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    details: dict[str, ledger.Value] = {"proposal": locked.pk, "roles": locked.roles}
    if reason:
        details["reason_digest"] = ledger.digest(reason)
    ledger.record(f"access.roles_{locked.state}", subject=_subject(locked.person), by=by, details=details)
    signals.role_change_ended.send(sender=RoleChange, change=locked, by=by)
    return locked


def _locked(change: RoleChange) -> RoleChange:
    rows = RoleChange.objects.select_for_update(of=("self",)).select_related("person", "proposed_by")
    return rows.get(pk=change.pk)


def _said(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise InvalidInput("reason", "Say why: another administrator decides by it.")
    if len(text) > _LONGEST:
        raise InvalidInput("reason", f"At most {_LONGEST} characters.")
    return text


def _subject(user: User) -> str:
    return f"user:{user.pk}"
