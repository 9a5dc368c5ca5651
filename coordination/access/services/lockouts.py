"""Lock-out: after so many failures passwords and codes are refused until an administrator releases them.

A name that nobody has is locked like any other, so that a lock-out says nothing about who exists. Passkeys
are not touched: they cannot be guessed, and a lock-out must not keep the person on duty from the desk.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from coordination.access import signals
from coordination.access.models import LockOut, SignInFailure, User
from coordination.access.services.rights import require
from coordination.core import clock, sealing
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.core.rotation import Batch
from coordination.ledger import services as ledger

LONGEST_REASON = 300
# A lock on a name that nobody has is worth no administrator's time.
UNKNOWN_NAMES_STAY = timedelta(days=30)


def is_locked(name: str) -> bool:
    """Tell whether passwords and codes of this user name are refused."""
    return LockOut.objects.filter(who__in=_whoever(name), released_at__isnull=True).exists()


@transaction.atomic
def count_failure(name: str, *, kind: str) -> bool:
    """Count a wrong password or code (`kind`); return whether the name is locked now."""
    who, now = _who(name), clock.now()
    user = User.objects.filter(username__iexact=name).first()
    subject = f"user:{user.pk}" if user else f"sign-in:{who.hex()[:16]}"
    one_at_a_time(who)
    locked = is_locked(name)
    ledger.record(
        "access.sign_in_failed", subject=subject, by=None, details={"method": kind, "locked": locked}
    )
    if locked:
        return True
    SignInFailure.objects.create(who=who, user=user, at=now)
    recent = SignInFailure.objects.filter(
        who__in=_whoever(name), at__gt=now - settings.LOCK_OUT_WITHIN
    ).count()
    if recent < settings.LOCK_OUT_AFTER:
        return False
    LockOut.objects.create(who=who, user=user, at=now)
    ledger.record("access.locked_out", subject=subject, by=None, details={"failures": recent})
    if user is not None:
        signals.locked_out.send(sender=LockOut, user=user)
    return True


@transaction.atomic
def release(user: User, *, by: User, reason: str) -> None:
    """Let a person's password and codes work again. Raises Conflict where nothing is locked."""
    require(by, "access.change_user")
    if by.pk == user.pk:
        raise Refused("Nobody releases themselves.", rule="separation-of-duties")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput("reason", f"Say why, in at most {LONGEST_REASON} characters.")
    who = _whoever(user.username)
    standing = (
        LockOut.objects.select_for_update(of=("self",)).filter(who__in=who, released_at__isnull=True).first()
    )
    if standing is None:
        raise Conflict("Nothing is locked.")
    standing.released_at, standing.released_by, standing.reason = clock.now(), by, reason.strip()
    standing.save(update_fields=["released_at", "released_by", "reason"])
    SignInFailure.objects.filter(who__in=who).delete()
    ledger.record(
        "access.lock_released",
        subject=f"user:{user.pk}",
        by=by,
        details={"reason_digest": ledger.digest(reason.strip())},
    )
    signals.released.send(sender=LockOut, user=user, by=by, reason=reason.strip())


@transaction.atomic
def forget_failures(now: datetime) -> int:
    """Delete failures that count no longer, and what was locked for names that nobody has."""
    LockOut.objects.filter(user__isnull=True, at__lt=now - UNKNOWN_NAMES_STAY).delete()
    return SignInFailure.objects.filter(at__lt=now - settings.LOCK_OUT_WITHIN).delete()[0]


@transaction.atomic
def reindex_names(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the lock-outs of people; of a name that nobody has there is no more than its index."""
    rows = LockOut.objects.select_for_update(of=("self",)).select_related("user").filter(user__isnull=False)
    locks = list((rows.filter(pk__gt=after) if after else rows).order_by("pk")[:most])
    todo = [(each, each.user.username) for each in locks if each.user and _is_old(each, each.user.username)]
    for lock, name in todo if change else ():
        lock.who = _who(name)
        lock.save(update_fields=["who"])
    return Batch(last=locks[-1].pk if locks else None, found=len(todo))


def _is_old(lock: LockOut, name: str) -> bool:
    # Only what is of the old key: somebody may have got another name since.
    return bytes(lock.who) in _whoever(name)[1:]


def _who(name: str) -> bytes:
    return sealing.blind_index("username", name)


def _whoever(name: str) -> list[bytes]:
    return sealing.blind_indexes("username", name)


def one_at_a_time(who: bytes) -> None:
    """Wait for whoever counts the same name: two failures at once would each count without the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(who[:8], signed=True)])
