"""The gates and clocks. What they answer is in the packs: no statute, category or recipient is named here."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from coordination.core.errors import InvalidInput, Refused
from coordination.policy import selectors
from coordination.policy.models import LegalBasis
from coordination.policy.workflow import Unit

_SATURDAY = 5
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One disclosure that a row allows, with what the record of it must say."""

    code: str
    citation: str
    statute: str
    pack: str
    counsel_confirm: bool


class Deadline(NamedTuple):
    """When a clock runs out (aware, UTC) and where that rule stands."""

    due: datetime
    citation: str


def allow(
    *,
    category: str,
    recipient_class: str,
    basis_code: str,
    emergency: bool = False,
    consent: bool = False,
    counsel: bool = False,
    at: datetime | None = None,
) -> Permission:
    """Return the permission to disclose one item, or raise Refused with the rule and its citation.

    `emergency` is the recorded belief in a danger to life; `consent` and `counsel` say that a consent, or
    counsel's approval, is on record. Raises InvalidInput naming the field for an unknown category, class or
    basis. Source: the pack row, whose citation the permission carries.
    """
    selectors.data_category(category)
    selectors.known_recipient_class(recipient_class)
    return allow_under(
        selectors.legal_basis(basis_code, at),
        category=category,
        recipient_class=recipient_class,
        emergency=emergency,
        consent=consent,
        counsel=counsel,
    )


def allow_under(
    basis: LegalBasis,
    *,
    category: str,
    recipient_class: str,
    emergency: bool = False,
    consent: bool = False,
    counsel: bool = False,
) -> Permission:
    """Do as `allow` under a row that is known already. Raises as it does."""
    selectors.data_category(category)
    selectors.known_recipient_class(recipient_class)
    lacking = _lacking(
        basis, category, recipient_class, emergency=emergency, consent=consent, counsel=counsel
    )
    if lacking:
        raise Refused(
            f"Data of category {category} may not go to a recipient of class {recipient_class} "
            f"under {basis.code}: {lacking} ({basis.citation}).",
            rule=basis.code,
            citation=basis.citation,
        )
    return Permission(
        code=basis.code,
        citation=basis.citation,
        statute=basis.statute,
        pack=str(basis.pack),
        counsel_confirm=basis.counsel_confirm,
    )


def deadline(code: str, start: datetime, at: datetime | None = None, *, zone: str = "") -> Deadline:
    """Return when the clock `code`, started at the aware `start`, runs out.

    Minutes and hours are elapsed time: summer time moves the clock's face and not the deadline. Days
    and business days leave out the day of the event and end with the last second of the last day in `zone`
    (default: the pack's), business days passing over weekends and the calendar's holidays. `at` (default:
    `start`) chooses the packs. Raises InvalidInput for an unknown clock, a `start` without a time zone or an
    unknown zone.
    """
    if start.tzinfo is None:
        raise InvalidInput("start", "A clock starts at a time with a time zone.")
    row = selectors.clock_row(code, at or start)
    if row.unit in (Unit.MINUTES, Unit.HOURS):
        due = start.astimezone(UTC) + timedelta(**{row.unit: row.amount})
        return Deadline(due, row.citation)
    local = _zone(zone or row.pack.time_zone)
    first = start.astimezone(local).date()
    if row.unit == Unit.DAYS:
        last = first + timedelta(days=row.amount)
    else:
        closed = set(
            selectors.holidays(row.calendar, at or start)
            .filter(day__gt=first, day__lte=first + timedelta(days=row.amount * 3 + 30))
            .values_list("day", flat=True)
        )
        last = _business_day(first, row.amount, closed)
    return Deadline(datetime.combine(last, _LAST_SECOND, local).astimezone(UTC), row.citation)


def postponed(
    code: str, due: datetime, *, started: datetime, paused: datetime, resumed: datetime, zone: str = ""
) -> datetime:
    """Return when the clock `code` runs out that was due at `due` and stood still between two aware times.

    What was left when it stopped is left when it goes on: minutes and hours as elapsed time, days and
    business days counted from the day after it goes on, as `deadline` counts them, under the packs in force
    when it `started`. Raises InvalidInput as `deadline` does.
    """
    row = selectors.clock_row(code, started)
    if row.unit in (Unit.MINUTES, Unit.HOURS):
        return due + (resumed - paused)
    local = _zone(zone or row.pack.time_zone)
    stopped, last, goes_on = (each.astimezone(local).date() for each in (paused, due, resumed))
    if row.unit == Unit.DAYS:
        end = goes_on + (last - stopped)
    else:
        closed = set(selectors.holidays(row.calendar, started).values_list("day", flat=True))
        end = _business_day(goes_on, _business_days(stopped, last, closed), closed)
    return datetime.combine(end, _LAST_SECOND, local).astimezone(UTC)


def _lacking(
    basis: LegalBasis, category: str, recipient_class: str, *, emergency: bool, consent: bool, counsel: bool
) -> str:
    """Say what is missing for `basis` to carry this disclosure; nothing is the empty text."""
    if category not in basis.data_categories:
        return f"it covers {', '.join(basis.data_categories)} only"
    if recipient_class not in basis.recipient_classes:
        return f"it reaches {', '.join(basis.recipient_classes)} only"
    if basis.requires_emergency and not emergency:
        return "it needs an emergency on record"
    if basis.requires_consent and not consent:
        return "it needs a consent on record"
    if basis.needs_counsel and not counsel:
        return "it needs counsel's approval on record"
    return ""


def _business_day(first: date, amount: int, closed: Container[date]) -> date:
    day = first
    while amount:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in closed:
            amount -= 1
    return day


def _business_days(first: date, last: date, closed: Container[date]) -> int:
    """Return how many business days there are after the first day, the last one with them."""
    days = (first + timedelta(days=each) for each in range(1, (last - first).days + 1))
    return sum(day.weekday() < _SATURDAY and day not in closed for day in days)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidInput("zone", "A time zone is named as in Europe/Brussels.") from None
