"""Second factors: what becomes of them is in the ledger. Their secrets are sealed (access/adapters.py)."""

import time
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from coordination.access.models import User
from coordination.core.errors import NotFound, Refused
from coordination.ledger import services as ledger

STEP = 30  # seconds that a code lasts


@dataclass(frozen=True, kw_only=True)
class ComingCode:
    """A code that a made-up person's application shows, and when it works: in seconds from now."""

    code: str
    starts_in: int
    ends_in: int


@transaction.atomic
def note_factor(user: User, *, change: str, kind: str, by: User | None) -> None:
    """Record that a factor was `added`, `removed` or `renewed`."""
    ledger.record(f"access.factor_{change}", subject=f"user:{user.pk}", by=by, details={"method": kind})


@transaction.atomic
def remove_factors(user: User, *, by: User | None) -> int:
    """Take every factor of a person away; return how many there were."""
    found = list(Authenticator.objects.filter(user_id=user.pk))
    for each in found:
        each.delete()
        note_factor(user, change="removed", kind=each.type, by=by)
    return len(found)


@transaction.atomic
def give_totp(user: User) -> None:
    """Give a made-up person (demo, tests) an authenticator application. Refused in production."""
    _made_up_only()
    if not Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists():
        totp.TOTP.activate(user, totp.generate_totp_secret())
        note_factor(user, change="added", kind="totp", by=user)


def current_code(user: User) -> str:
    """Return what a made-up person's application shows now. Refused in production."""
    return _code(_application(user), int(time.time()) // STEP)


def coming_codes(user: User) -> list[ComingCode]:
    """Return the codes of now and of the next half minute that open something: each opens once, a used one
    is left out. Refused in production; raises NotFound where the person has no application.
    """
    factor, now = _application(user), int(time.time())
    found = []
    for counter in (now // STEP, now // STEP + 1):
        code, starts = _code(factor, counter), counter * STEP
        if not cache.get(totp.TOTP(factor)._get_used_cache_key(code)):  # noqa: SLF001 - it says so nowhere else
            found.append(ComingCode(code=code, starts_in=max(0, starts - now), ends_in=starts + STEP - now))
    return found


def _application(user: User) -> Authenticator:
    _made_up_only()
    factor = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    if factor is None:
        raise NotFound
    return factor


def _code(factor: Authenticator, counter: int) -> str:
    return str(totp.format_hotp_value(totp.hotp_value(totp.decrypt(factor.data["secret"]), counter)))


def _made_up_only() -> None:
    if settings.PRODUCTION:
        raise Refused("In production nobody sees a code but who has the device.", rule="second-factor")
