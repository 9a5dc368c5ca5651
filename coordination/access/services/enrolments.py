"""The one-time way in: an administrator gives a link, its holder sets a password and then a second factor."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from coordination.access.models import Enrolment, User
from coordination.access.services import factors, sessions
from coordination.access.services.people import take_password
from coordination.access.services.rights import require
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, Refused
from coordination.ledger import services as ledger

LIVES = timedelta(hours=72)
_CHANGE = "access.change_user"


@transaction.atomic
def issue_enrolment(user: User, *, by: User | None) -> tuple[Enrolment, str]:
    """Return a new way in and its plain text, kept nowhere; an earlier one ends. `by` None is for set-up."""
    if by is not None:
        require(by, _CHANGE)
        if by.pk == user.pk:
            raise Refused("Nobody lets themselves in anew.", rule="separation-of-duties")
    if not user.is_active:
        raise InvalidInput("user", "A disabled person is not let in.")
    if not user.is_staff:
        raise InvalidInput("user", "Only who has a role on the desk signs in there.")
    now = clock.now()
    Enrolment.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    plain = secrets.token_urlsafe(32)
    enrolment = Enrolment.objects.create(
        user=user, digest=digest(plain), issued_by=by, issued_at=now, expires_at=now + LIVES
    )
    ledger.record(
        "access.enrolment_issued",
        subject=f"user:{user.pk}",
        by=by,
        details={"until": ledger.timestamp(enrolment.expires_at)},
    )
    return enrolment, plain


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
def start_anew(user: User, *, by: User) -> tuple[Enrolment, str]:
    """For who lost their devices: take every factor, the password and all sessions; give a new way in."""
    require(by, _CHANGE)
    enrolment, plain = issue_enrolment(user, by=by)
    factors.remove_factors(user, by=by)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    sessions.end_all(user, why="enrolment anew", by=by)
    return enrolment, plain


def digest(plain: str) -> str:
    """Return what is kept of the plain text."""
    return hashlib.sha256(plain.encode()).hexdigest()
