"""Who is on call when: schedules, rotations and who stands in. Nothing is deleted; it ends."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from coordination.access.services import User, require
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.ledger import services as ledger
from coordination.oncall.models import Override, Rotation, RotationMember, Schedule

KEEP = "oncall.keep_schedule"
LONGEST_STAND = timedelta(days=60)
LONGEST_SHIFT = 60
# How far a rotation may begin from today, in days.
FAR = 3660
SUNDAY = 6


@transaction.atomic
def open_schedule(*, code: str, name: str, time_zone: str, by: User | None) -> Schedule:
    """Open a schedule; policy names it as `on_call:<code>`. Raises InvalidInput naming the field."""
    _require(by)
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", code):
        raise InvalidInput("code", "Small letters, digits and dashes, a letter first.")
    if Schedule.objects.filter(code=code).exists():
        raise InvalidInput("code", "There is a schedule of this code.")
    if time_zone not in clock.zones():
        raise InvalidInput("time_zone", "A time zone is named as in America/Los_Angeles.")
    if not name.strip():
        raise InvalidInput("name", "Say what people call it.")
    made = Schedule.objects.create(
        code=code, name=name.strip()[:80], time_zone=time_zone, opened_at=clock.now()
    )
    ledger.record(
        "oncall.schedule_opened", subject=_subject(made), by=by, details={"code": code, "zone": time_zone}
    )
    return made


@transaction.atomic
def add_rotation(
    schedule: Schedule,
    *,
    people: Sequence[User],
    weekday: int,
    at: time,
    days: int,
    begins: date,
    by: User | None,
    layer: int = 0,
) -> Rotation:
    """Let people take turns in the given order, from hand-over to hand-over. Raises InvalidInput."""
    _require(by)
    if not people or len({each.pk for each in people}) < len(people):
        raise InvalidInput("people", "Name each person once, and at least one.")
    if any(not each.is_active or not each.is_staff for each in people):
        raise InvalidInput("people", "Only active people of the desk are on call.")
    if not 1 <= days <= LONGEST_SHIFT:
        raise InvalidInput("days", f"A shift lasts from 1 to {LONGEST_SHIFT} days.")
    if not 0 <= weekday <= SUNDAY:
        raise InvalidInput("weekday", "A day of the week.")
    if abs((begins - clock.now().date()).days) > FAR:
        raise InvalidInput("begins", "Within ten years of today.")
    made = Rotation.objects.create(
        schedule=schedule, layer=layer, weekday=weekday, at=at, days=days, begins=begins
    )
    RotationMember.objects.bulk_create(
        RotationMember(rotation=made, person=each, position=number) for number, each in enumerate(people)
    )
    ledger.record(
        "oncall.rotation_added",
        subject=_subject(schedule),
        by=by,
        details={
            "rotation": made.pk,
            "people_ids": [each.pk for each in people],
            "weekday": weekday,
            "at": at.isoformat(timespec="minutes"),
            "days": days,
            "begins": begins.isoformat(),
            "layer": layer,
        },
    )
    return made


@transaction.atomic
def end_rotation(rotation: Rotation, *, on: date, by: User | None) -> Rotation:
    """End a rotation with the hand-over of a day that is not over yet."""
    _require(by)
    locked = Rotation.objects.select_for_update(of=("self",)).select_related("schedule").get(pk=rotation.pk)
    if locked.ends is not None and locked.ends <= clock.now().date():
        raise InvalidInput("on", "It has ended.")
    if on < clock.now().date() - timedelta(days=1):
        raise InvalidInput("on", "What was is not changed: today or later.")
    locked.ends = max(on, locked.begins)
    locked.save(update_fields=["ends"])
    details: dict[str, ledger.Value] = {"rotation": locked.pk, "ends": locked.ends.isoformat()}
    ledger.record("oncall.rotation_ended", subject=_subject(locked.schedule), by=by, details=details)
    return locked


@transaction.atomic
def stand_in(
    schedule: Schedule, *, person: User, begins: datetime, ends: datetime, reason: str, by: User | None
) -> Override:
    """Let somebody stand in for whoever's turn it is. Raises InvalidInput naming the field."""
    _require(by)
    if not person.is_active or not person.is_staff:
        raise InvalidInput("person", "Only active people of the desk are on call.")
    if begins.tzinfo is None or ends.tzinfo is None:
        raise InvalidInput("begins", "A time needs a zone.")
    now = clock.now()
    if ends <= begins or ends <= now:
        raise InvalidInput("ends", "It ends after it begins, and not in the past.")
    if ends - begins > LONGEST_STAND or begins > now + timedelta(days=366):
        raise InvalidInput("ends", f"For at most {LONGEST_STAND.days} days, and within a year.")
    why = reason.strip()
    if not why:
        raise InvalidInput("reason", "Say why.")
    made = Override.objects.create(
        schedule=schedule,
        person=person,
        # What was is not changed.
        begins=max(begins, now),
        ends=ends,
        reason=why[:500],
        made_by=by,
        made_at=now,
    )
    ledger.record(
        "oncall.stand_in",
        subject=_subject(schedule),
        by=by,
        details={
            "override": made.pk,
            "person_id": person.pk,
            "from": ledger.timestamp(made.begins),
            "until": ledger.timestamp(made.ends),
            "reason_digest": ledger.digest(why),
        },
    )
    return made


@transaction.atomic
def end_stand_in(override: Override, *, by: User | None) -> Override:
    """End somebody's standing in now; before it began, it never happens."""
    _require(by)
    locked = Override.objects.select_for_update(of=("self",)).select_related("schedule").get(pk=override.pk)
    now = clock.now()
    if locked.ends <= now:
        raise InvalidInput("override", "It has ended.")
    locked.ends = max(now, locked.begins)
    locked.save(update_fields=["ends"])
    details: dict[str, ledger.Value] = {"override": locked.pk}
    ledger.record("oncall.stand_in_ended", subject=_subject(locked.schedule), by=by, details=details)
    return locked


def _subject(schedule: Schedule) -> str:
    return f"schedule:{schedule.pk}"


def _require(by: User | None) -> None:
    if by is not None:
        require(by, KEEP)
