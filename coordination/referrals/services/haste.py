"""How fast one person approves: who lets dozens leave in minutes did not read them (abuse case INS-03)."""

from django.conf import settings
from django.db import connection

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.outbox import selectors as outbox
from coordination.referrals.models import Referral

_LOCK = 0x48415354  # of this module alone; the person's number goes beside it


def check(referral: Referral, *, by: User) -> None:
    """Raise Refused where `by` approved as many as the settings allow; a P0 waits for nothing."""
    if referral.priority == "P0":
        return
    _one_at_a_time(by)
    recent = outbox.approved_since(by, clock.now() - settings.APPROVALS_WITHIN)
    if len(recent) < settings.APPROVALS_AT_MOST:
        return
    again = recent[-settings.APPROVALS_AT_MOST] + settings.APPROVALS_WITHIN
    raise Refused(
        f"You approved {len(recent)} in a short time, as many as one person may. Read this again: you may "
        f"approve it from {again:%H:%M:%S} UTC on, another person now. A danger to life waits for nothing.",
        rule="referrals.approval-pace",
    )


def _one_at_a_time(by: User) -> None:
    # Fifty at once would each count without the others.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, by.pk])
