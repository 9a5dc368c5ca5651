"""Whom the watchdog tells, directly: by mail and by gateways, never by the bus nor from the database.

What was told is remembered in a file, so that `--once` from cron repeats at an interval and says "all clear".
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from coordination.channels import DeliveryError
from coordination.core import clock
from coordination.desk.watching.looking import Trouble
from coordination.oncall import ways
from coordination.policy.workflow import Way

logger = logging.getLogger("coordination.watchdog")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was told last: which troubles, since when there are any, and when it was said."""

    codes: tuple[str, ...] = ()
    since: datetime | None = None
    at: datetime | None = None


@dataclass
class Memory:
    """What was told, in a file. One that cannot be read or written makes the watchdog repeat itself."""

    path: Path
    _kept: Told = field(default_factory=Told)

    def read(self) -> Told:
        """Return what was told last."""
        try:
            kept = json.loads(self.path.read_text())
            return Told(codes=tuple(kept["codes"]), since=_moment(kept["since"]), at=_moment(kept["at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return self._kept

    def write(self, told: Told) -> None:
        """Keep what was told."""
        self._kept = told
        values = {"codes": list(told.codes), "since": _text(told.since), "at": _text(told.at)}
        try:
            beside = self.path.with_suffix(".new")
            beside.write_text(json.dumps(values))
            beside.replace(self.path)
        except OSError as error:
            logger.warning("what was told is kept in memory alone (%s)", type(error).__name__)


def tell(troubles: Sequence[Trouble], memory: Memory) -> bool:
    """Say what is wrong, where it is new or was said long ago; say so when it is over.

    Returns False where something had to be said and nobody could be told.
    """
    now, before = clock.now(), memory.read()
    codes = tuple(sorted(each.code for each in troubles))
    if not troubles:
        if not before.codes:
            return True
        left = _say("All clear", "All clear: the desk works again.")
        memory.write(Told() if left else before)
        return left
    for each in troubles:
        logger.critical("%s", each)
    again = timedelta(minutes=settings.WATCHDOG["repeat_minutes"])
    # A time in the future was told before the clock was set back.
    lately = before.at is not None and before.at <= now < before.at + again
    if lately and set(codes) <= set(before.codes):
        memory.write(Told(codes=before.codes, since=before.since, at=before.at))
        return True
    left = _say(f"Desk alarm: {troubles[0].words}", _text_of(troubles))
    if left:
        memory.write(Told(codes=codes, since=before.since or now, at=now))
    return left


def ping() -> None:
    """Tell a monitor outside that all is well, where one is configured; it raises the alarm if none comes."""
    url = settings.WATCHDOG["ping_url"]
    if not url:
        return
    try:
        ways.client().get(url, timeout=ways.SECONDS)
    except DeliveryError as error:
        logger.warning("the monitor outside did not take the ping (%s)", type(error).__name__)


def recipients() -> Iterator[tuple[str, str]]:
    """Yield whom the watchdog tells, as way and address."""
    for way in (Way.SMS, Way.WEBHOOK, Way.EMAIL):
        for address in settings.WATCHDOG[way.value]:
            yield way.value, address


def _say(subject: str, text: str) -> bool:
    left = False
    for way, address in recipients():
        try:
            ways.send(way, address, ways.Notice(subject=subject[:150], text=text, kind="watchdog"))
            left = True
        except ways.NotSent as error:
            logger.error("an alarm did not leave by %s (%s)", way, error.code)  # noqa: TRY400 - no traceback
    if not left:
        logger.critical("nobody could be told: %s", subject)
    return left


def _text_of(troubles: Sequence[Trouble]) -> str:
    lines = [f"- {each}" for each in troubles]
    return "\n".join(["Look at the desk and at its machines:", *lines, "Until it works again: telephone."])


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
