"""How the desk writes states, times and digests. A state is a word with a shape, never colour alone."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Field
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.core import clock
from coordination.core.unseen import has_unseen, is_unseen, name_of

# Shapes: ● settled or in force, ◐ under way, ○ at rest, ▲ needs a person.
NEEDS, SETTLED, UNDER_WAY, REST = "▲", "●", "◐", "○"
TONES = {NEEDS: "needs", SETTLED: "settled", UNDER_WAY: "way", REST: "rest"}
_SHAPES = {
    NEEDS: "P0 rejected failed unknown held missed information_requested received assessed reopened"
    " drifted counsel asked completed review",
    SETTLED: "acknowledged delivered outcome after_action_review closed done met decided filed"
    " in_force confirmed told used",
    UNDER_WAY: "in_review approved sent sending queued accepted answered running monitoring ordered lifting",
}
SHAPES = {word: shape for shape, words in _SHAPES.items() for word in words.split()}
DANGER = frozenset({"P0", "missed"})
# What a code does not say by itself. The rest are words with an underscore for a space.
WORDS = {
    "P0": "P0, danger to life",
    "lane": "priority",
    "csam": "child sexual abuse material",
    "content": "content of communications",
    "subscriber": "subscriber data",
    "records": "other records",
    "payment": "means of payment",
    "report": "what was reported to us",
    "own_assessment": "our own assessment",
    "us_government": "US government",
    "refer_police": "refer to police",
    "refer_crisis": "refer to crisis responders",
    "warn_target": "warn the threatened person",
    "monitor": "monitor until a date",
    "void": "stopped, will not leave",
    "unknown": "unknown whether it arrived",
    "accepted": "taken by their system",
    "queued": "waiting to leave",
    "received": "not assessed yet",
    "assessed": "assessed, not decided",
    "reopened": "opened again, not decided",
    "ordered": "ordered, not confirmed",
    "in_force": "in force, confirmed",
    "lifting": "lift ordered, not confirmed",
    "drifted": "otherwise on the platform",
    "counsel": "waits for counsel",
    "told": "the user is told",
    "superseded": "a later command took its place",
    "completed": "assessed, to be signed",
    "asked": "asked for, to be assessed",
}
_GROUP = 8
_HOUR, _DAY = 3600, 86_400


def words(value: object) -> str:
    """Return a code in words: `claimed_by_user` is "claimed by user", `csam` what it stands for."""
    text = str(value)
    return WORDS.get(text, text.replace("_", " "))


def state(value: object, word: str = "") -> SafeString:
    """Return a state as a word with its shape. Red is for danger to life and a breached clock only."""
    text = str(value)
    shape = SHAPES.get(text, REST)
    return format_html(
        '<span class="state state-{}"><span class="shape" aria-hidden="true">{}</span> {}</span>',
        "danger" if text in DANGER else TONES[shape],
        shape,
        word or ("P0" if text == "P0" else words(text)),
    )


def when(moment: datetime | None, zone: str = "", *, seconds: bool = False) -> SafeString | str:
    """Return a time as local time with its zone, beside it UTC and, where `zone` is given, the authority's.

    All of them stand there to be read: nothing of a time waits for a pointer.
    """
    if moment is None:
        return "–"  # noqa: RUF001 - a dash is what absence looks like
    here = timezone.get_current_timezone()
    local = _written(moment, here, seconds=seconds)
    others = []
    if not local.endswith("UTC"):
        others.append(_beside(moment, UTC, here, seconds=seconds))
    if zone and zone not in ("UTC", str(here)):
        others.append(f"{_beside(moment, ZoneInfo(zone), here, seconds=seconds)} with them")
    return format_html(
        '<time datetime="{}"><span>{}</span>{}</time>',
        _machine_readable(moment),
        local,
        format_html_join("", ' <span class="beside">{}</span>', ((each,) for each in others)),
    )


def seen(text: str) -> SafeString:
    """Return text that others wrote as it stands, and so that it cannot deceive: for whoever reads evidence.

    It keeps its own direction to itself, and characters that nobody sees (zero-width ones, those that turn
    the direction) stand there by number. Those that are part of an emoji are left alone.
    """
    parts: list[tuple[str]] = []
    start = 0
    for place, each in enumerate(text) if has_unseen(text) else ():
        if is_unseen(each) and not _joins_emoji(text, place):
            mark = format_html(
                '<span class="unseen" title="{}">{}</span>', name_of(each), f"U+{ord(each):04X}"
            )
            parts += [(text[start:place],), (mark,)]
            start = place + 1
    parts.append((text[start:],))
    return format_html('<bdi dir="auto">{}</bdi>', format_html_join("", "{}", parts))


def _joins_emoji(text: str, place: int) -> bool:
    before = text[max(place - 2, 0) : place].rstrip("\ufe0f")[-1:]
    return text[place] in "\ufe0e\ufe0f\u200d" and unicodedata.category(before or " ") in ("So", "Sk")


def column(field: "Field[Any, Any]") -> Callable[[Any], SafeString | str]:
    """Return the column of a list that shows a field's times with their zone, in the field's order."""

    @admin.display(description=field.verbose_name, ordering=field.name)
    def shown(record: Any) -> SafeString | str:
        return when(getattr(record, field.name))

    return shown


def left(due: datetime | None, ended: datetime | None = None) -> SafeString | str:
    """Return what is left until `due`, or by how much it was missed."""
    if due is None:
        return "no deadline"
    if ended is not None:
        return "in time" if ended <= due else f"{_span(ended - due)} late"
    remaining = due - clock.now()
    if remaining < timedelta(0):
        return format_html(
            '<span class="late"><span aria-hidden="true">▲</span> late by {}</span>', _span(-remaining)
        )
    return format_html('<span class="left">{} left</span>', _span(remaining))


def digest(value: str) -> SafeString:
    """Return a digest in groups that an eye can compare; what is copied has no gaps."""
    kind, _, figures = value.rpartition(":")
    groups = [figures[start : start + _GROUP] for start in range(0, len(figures), _GROUP)]
    return format_html(
        '<code class="digest">{}{}</code>',
        format_html('<span class="digest-kind">{}:</span>', kind) if kind else "",
        format_html_join("", "<span>{}</span>", ((group,) for group in groups)),
    )


def _written(moment: datetime, zone: tzinfo, *, seconds: bool = False, day: bool = True) -> str:
    try:
        local = moment.astimezone(zone)
    except (OverflowError, ValueError):  # at the ends of the calendar a zone leads out of it
        return moment.isoformat(timespec="minutes")
    figures = f"{'%Y-%m-%d ' if day else ''}%H:%M{':%S' if seconds else ''}"
    return f"{local:{figures}} {local.tzname()}"


def _beside(moment: datetime, zone: tzinfo, here: tzinfo, *, seconds: bool) -> str:
    """Return the same moment in another zone, with its day where that is another one there."""
    try:
        same_day = moment.astimezone(zone).date() == moment.astimezone(here).date()
    except (OverflowError, ValueError):
        same_day = False
    return _written(moment, zone, seconds=seconds, day=not same_day)


def _machine_readable(moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError):
        return moment.isoformat(timespec="seconds")


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds >= 2 * _DAY:
        return f"{seconds // _DAY} days"
    hours, minutes = seconds // _HOUR, seconds % _HOUR // 60
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
