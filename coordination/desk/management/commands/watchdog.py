"""Ask whether the machinery lives, from outside of it, and tell people directly where it does not."""

import logging
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from coordination.core import clock
from coordination.desk.watching.looking import WATCHDOG, Looker
from coordination.desk.watching.telling import Memory, ping, tell
from coordination.oncall.services import beat
from coordination.outbox.halt import Halt

WELL, TROUBLE, UNTOLD = 0, 1, 2


class Command(BaseCommand):
    """Looks at the database and sends by itself: it needs neither worker nor bus. See docs/operations.md."""

    help = "Watch workers, deliveries, pages and time stamps; alarm WATCHDOG_EMAIL, _SMS and _WEBHOOK."
    requires_system_checks: list[str] = []  # what is wrong elsewhere must not silence it

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to look once, as cron does, or again and again."""
        parser.add_argument("--once", action="store_true", help="look once; exit 0 well, 1 trouble, 2 untold")
        parser.add_argument("--every", type=float, default=20.0, help="seconds between two looks")

    def handle(self, *, once: bool, every: float, **_: Any) -> None:
        """Look until SIGTERM or SIGINT, or once."""
        logging.getLogger("coordination.watchdog").setLevel(logging.INFO)
        looker, memory = Looker(), Memory(Path(settings.WATCHDOG["state"]))
        if once:
            sys.exit(self.round(looker, memory))
        halt = Halt()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: halt.ask(0))
        while True:
            self.round(looker, memory)
            if halt.wait(every):
                return

    def round(self, looker: Looker, memory: Memory) -> int:
        """Look and tell; return what the exit code says."""
        troubles = looker.look(clock.now(), well=lambda: beat(WATCHDOG))
        for each in troubles:
            self.stdout.write(str(each))
        told = tell(troubles, memory)
        if not troubles:
            ping()
            return WELL
        return TROUBLE if told else UNTOLD
