"""Wrong codes in an open session: so many end that session, and lock nobody.

At the door they lock the account (lockouts.py). Here that would let whoever sits down at an unlocked laptop
lock the person on duty out, on the night that they are needed; so it is the session that is over, and who
was at the laptop has neither password nor factor to open another.
"""

from django.conf import settings
from django.db import transaction

from coordination.access import selectors, signals
from coordination.access.models import DeskSession, SignInFailure, User
from coordination.access.services.lockouts import LONGEST_REASON, one_at_a_time
from coordination.access.services.rights import require
from coordination.access.services.sessions import end_session
from coordination.core import clock, sealing
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger

WHY = "wrong codes"


@transaction.atomic
def count_wrong_code(session: DeskSession, *, kind: str) -> bool:
    """Count a wrong code (`kind` of factor) shown in an open session; return whether that ended it.

    The fifth within 15 minutes does (LOCK_OUT_AFTER, LOCK_OUT_WITHIN), and administrators are told. A right
    code in between takes nothing off the count.
    """
    who, now = sealing.blind_index("desk session", str(session.pk)), clock.now()
    one_at_a_time(who)
    ledger.record(
        "access.sign_in_failed",
        subject=f"user:{session.user_id}",
        by=None,
        details={"method": kind, "session_id": session.pk, "during": "confirmation"},
    )
    SignInFailure.objects.create(who=who, user=session.user, at=now)
    indexes = sealing.blind_indexes("desk session", str(session.pk))
    recent = SignInFailure.objects.filter(who__in=indexes, at__gt=now - settings.LOCK_OUT_WITHIN).count()
    if recent < settings.LOCK_OUT_AFTER:
        return False
    end_session(session, why=WHY, by=None)
    details = {"session_id": session.pk, "failures": recent}
    ledger.record(selectors.GUESSED, subject=f"user:{session.user_id}", by=None, details=details)
    signals.codes_guessed.send(sender=DeskSession, user=session.user)
    return True


@transaction.atomic
def look_into_guess(user: User, *, by: User, reason: str) -> None:
    """Record what an administrator found out about guessed codes. Raises Conflict where nothing waits."""
    require(by, "access.change_user")
    if by.pk == user.pk:
        raise Refused("Nobody looks into their own.", rule="separation-of-duties")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput("reason", f"Say what you found, in at most {LONGEST_REASON} characters.")
    if not selectors.guess_waits(user):
        raise Conflict("Nothing waits to be looked into.")
    details = {"reason_digest": ledger.digest(reason.strip())}
    ledger.record(selectors.LOOKED_INTO, subject=f"user:{user.pk}", by=by, details=details)
    signals.guess_looked_into.send(sender=DeskSession, user=user, by=by, reason=reason.strip())
