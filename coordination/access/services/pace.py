"""How fast somebody opens records: above one pace auditors are told, above a second one the pages wait.

ASVS V2.4.1: who empties the desk through its own pages does it faster than anybody reads.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from coordination.access import signals
from coordination.access.models import ReadingPace, User
from coordination.core import clock
from coordination.ledger import services as ledger


@transaction.atomic
def may_read_again(user: User) -> datetime | None:
    """Return when a person who opened too many records may open another; None where they may now.

    The first refusal of a window is an entry in the ledger.
    """
    pace = ReadingPace.objects.select_for_update().filter(person=user).first()
    if pace is None or _is_over(pace) or pace.readings < settings.READINGS_AT_MOST:
        return None
    if not pace.slowed:
        pace.slowed = True
        pace.save(update_fields=["slowed"])
        _record("access.readings_slowed", pace, user)
    return pace.since + settings.READINGS_WITHIN


@transaction.atomic
def count_reading(user: User) -> None:
    """Count a record that a person opened, and tell auditors, once in a window, of one who opens too many."""
    now = clock.now()
    ReadingPace.objects.get_or_create(person=user, defaults={"since": now})
    pace = ReadingPace.objects.select_for_update().get(person=user)
    if _is_over(pace):
        pace.since, pace.readings, pace.told, pace.slowed = now, 0, False, False
    pace.readings += 1
    tell = pace.readings >= settings.READINGS_TOLD_OF and not pace.told
    pace.told = pace.told or tell
    pace.save()
    if tell:
        _record("access.readings_fast", pace, user)
        signals.read_too_fast.send(sender=ReadingPace, user=user, readings=pace.readings)


def _is_over(pace: ReadingPace) -> bool:
    return clock.now() - pace.since >= settings.READINGS_WITHIN


def _record(action: str, pace: ReadingPace, user: User) -> None:
    details: dict[str, ledger.Value] = {"readings": pace.readings, "since": ledger.timestamp(pace.since)}
    ledger.record(action, subject=f"user:{user.pk}", by=None, details=details)
