"""The one-time way in: a link, whose holder sets a password and then a second factor.

One administrator proposes it, another who saw or heard the person approves it and hands it over. Who proposed
it never sees it: they cannot become the person.
"""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from coordination.access.models import Enrolment, RoleChange, User
from coordination.access.services import factors, proposals, sessions
from coordination.access.services.people import take_password
from coordination.access.services.rights import require
from coordination.access.workflow import ChangeKind
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound
from coordination.ledger import services as ledger

LIVES = timedelta(hours=72)
_CHANGE = "access.change_user"


@transaction.atomic
def issue_enrolment(user: User) -> tuple[Enrolment, str]:
    """Return a new way in and its plain text: for set-up, from the owner's shell."""
    return _issue(user, by=None, change=None)


@transaction.atomic
def propose_way_in(user: User, *, by: User, reason: str) -> RoleChange:
    """Ask another administrator to let somebody in; `reason` says who asked, and how that is known."""
    _may_come_in(user)
    return proposals.propose(user, ChangeKind.WAY_IN, by=by, reason=reason)


@transaction.atomic
def approve_way_in(change: RoleChange, *, by: User, reason: str) -> tuple[Enrolment, str]:
    """Return the way in that another administrator proposed, and its plain text; an earlier one ends.

    `reason` says how the approver, too, knows that it is this person. Raises as `proposals.approve` does.
    """
    approved = proposals.approve(change, ChangeKind.WAY_IN, by=by, reason=proposals.said(reason))
    return _issue(approved.person, by=by, change=approved)


@transaction.atomic
def enrol(plain: str, *, password: str) -> User:
    """Set the password of who holds the plain text, once. Raises NotFound where it opens nothing."""
    locked = Enrolment.objects.select_for_update(of=("self",)).select_related("user")
    enrolment = locked.filter(digest=digest(plain)).first()
    if enrolment is None or not enrolment.is_open:
        raise NotFound
    user = enrolment.user
    take_password(user, password)
    enrolment.used_at = clock.now()
    enrolment.save(update_fields=["used_at"])
    ledger.record("access.enrolled", subject=f"user:{user.pk}", by=user)
    sessions.end_all(user, why="password changed", by=user)
    return user


@transaction.atomic
def start_anew(user: User, *, by: User, reason: str) -> RoleChange:
    """For who lost their devices: take every factor, the password and all sessions now; propose a way in."""
    change = propose_way_in(user, by=by, reason=reason)
    take_everything(user, by=by)
    return change


@transaction.atomic
def take_everything(user: User, *, by: User | None) -> None:
    """Take factors, password and sessions of a person. `by` is None for set-up."""
    if by is not None:
        require(by, _CHANGE)
    factors.remove_factors(user, by=by)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    sessions.end_all(user, why="enrolment anew", by=by)


def digest(plain: str) -> str:
    """Return what is kept of the plain text."""
    return hashlib.sha256(plain.encode()).hexdigest()


def _may_come_in(user: User) -> None:
    if not user.is_active:
        raise InvalidInput("user", "A disabled person is not let in.")
    if not user.is_staff:
        raise InvalidInput("user", "Only who has a role on the desk signs in there.")


def _issue(user: User, *, by: User | None, change: RoleChange | None) -> tuple[Enrolment, str]:
    _may_come_in(user)
    now = clock.now()
    Enrolment.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    plain = secrets.token_urlsafe(32)
    enrolment = Enrolment.objects.create(
        user=user, digest=digest(plain), issued_by=by, issued_at=now, expires_at=now + LIVES, change=change
    )
    details: dict[str, ledger.Value] = {"until": ledger.timestamp(enrolment.expires_at)}
    details |= {"set_up": True} if change is None else {"proposal": change.pk}
    ledger.record("access.enrolment_issued", subject=f"user:{user.pk}", by=by, details=details)
    return enrolment, plain
