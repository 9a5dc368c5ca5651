"""What takes two: one administrator proposes something for a person, another decides.

Roles (rolechanges), a way in (enrolments) and enabling (people) each say what approval puts in force; who may
decide, until when, and what the ledger says of it is here.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from coordination.access import signals
from coordination.access.models import RoleChange, User
from coordination.access.services.rights import has, require
from coordination.access.workflow import ROLE_CHANGE, ChangeKind, RoleChangeState, RoleChangeVerb
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger

PROPOSAL_LASTS = timedelta(days=3)
PROPOSE = "access.change_user"
DECIDE = "access.decide_rolechange"
_LONGEST = 300


@transaction.atomic
def propose(user: User, kind: ChangeKind, *, by: User, reason: str, roles: Iterable[str] = ()) -> RoleChange:
    """Put something before the other administrators. It takes the place of an earlier one of its kind.

    Raises InvalidInput naming `reason`, and Refused where somebody proposes for themselves.
    """
    require(by, PROPOSE)
    if by.pk == user.pk:
        raise Refused("Nobody proposes this for themselves.", rule="separation-of-duties")
    why = said(reason)
    earlier = RoleChange.objects.select_for_update().filter(
        person=user, kind=kind, state=RoleChangeState.PROPOSED
    )
    for each in earlier:
        _end(each, RoleChangeVerb.WITHDRAW, by=by, reason="Another one took its place.")
    now = clock.now()
    change = RoleChange.objects.create(
        person=user,
        kind=kind,
        roles=sorted(roles),
        reason=why,
        proposed_by=by,
        proposed_at=now,
        expires_at=now + PROPOSAL_LASTS,
    )
    details = _details(change) | {
        "reason_digest": ledger.digest(why),
        "until": ledger.timestamp(change.expires_at),
    }
    ledger.record(f"access.{kind.value}_proposed", subject=f"user:{user.pk}", by=by, details=details)
    signals.role_change_proposed.send(sender=RoleChange, change=change)
    return change


def approve(change: RoleChange, kind: ChangeKind, *, by: User, reason: str = "") -> RoleChange:
    """Mark it approved, for the service that puts it in force in the same transaction.

    Raises Refused for who proposed it or would get it, where it has expired, where the proposer may no longer
    propose, and where the person is disabled (unless that is what it would end).
    """
    locked = _decided_by_another(change, by)
    if locked.kind != kind:
        raise InvalidInput("change", f"What is proposed is {locked.what}.")
    if locked.expires_at <= clock.now():
        raise Refused("The proposal has expired: propose it again.", rule="access.proposal-expired")
    if not has(locked.proposed_by, PROPOSE):
        raise Refused("Who proposed it is no administrator any more.", rule="access.two-administrators")
    if not locked.person.is_active and kind != ChangeKind.ENABLING:
        raise Refused("The person is disabled.", rule="access.two-administrators")
    return _end(locked, RoleChangeVerb.APPROVE, by=by, reason=reason)


@transaction.atomic
def decline_change(change: RoleChange, *, by: User, reason: str) -> RoleChange:
    """Say no, with the reason."""
    locked = _decided_by_another(change, by)
    return _end(locked, RoleChangeVerb.DECLINE, by=by, reason=said(reason))


@transaction.atomic
def withdraw_change(change: RoleChange, *, by: User) -> RoleChange:
    """Take a proposal back: who made it, or any administrator. One person is enough to give less."""
    require(by, PROPOSE)
    return _end(_locked(change), RoleChangeVerb.WITHDRAW, by=by)


def expire_role_changes(now: datetime) -> int:
    """End what nobody decided in time; return how many. For a periodic job."""
    waiting = RoleChange.objects.filter(state=RoleChangeState.PROPOSED, expires_at__lte=now)
    return sum(_expire(pk) for pk in waiting.values_list("pk", flat=True))


def said(reason: str) -> str:
    """Return a reason without the space around it, or raise InvalidInput."""
    text = reason.strip()
    if not text:
        raise InvalidInput("reason", "Say why: another administrator decides by it.")
    if len(text) > _LONGEST:
        raise InvalidInput("reason", f"At most {_LONGEST} characters.")
    return text


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
    details = _details(locked)
    if reason:
        details["reason_digest"] = ledger.digest(reason)
    action = f"access.{locked.kind}_{locked.state}"
    ledger.record(action, subject=f"user:{locked.person_id}", by=by, details=details)
    signals.role_change_ended.send(sender=RoleChange, change=locked, by=by)
    return locked


def _locked(change: RoleChange) -> RoleChange:
    rows = RoleChange.objects.select_for_update(of=("self",)).select_related("person", "proposed_by")
    return rows.get(pk=change.pk)


def _details(change: RoleChange) -> dict[str, ledger.Value]:
    details: dict[str, ledger.Value] = {"proposal": change.pk}
    if change.kind == ChangeKind.ROLES:
        details["roles"] = change.roles
    return details
