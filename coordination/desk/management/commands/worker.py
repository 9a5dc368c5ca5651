"""Run everything that a deployment needs beside the web process."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.core.checks import RefusedToStart
from coordination.oncall.services import climb
from coordination.outbox.supervisor import GRACE, SLOTS, Round, Supervisor

# Pages climb beside the lanes, and not through the queue: a hanging partner delays none.
ROUNDS = (Round(name="pages", seconds=5.0, run=climb),)


class Command(BaseCommand):
    """Sends deliveries, sweeps, polls and keeps the clocks. Several may run; see docs/operations.md."""

    help = "Run the worker: separate processes for P0, bulk and background, and the sweep."
    requires_system_checks: list[str] = []  # refuse_to_start runs all of them

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the lanes, how many processes each, and how long stopping may take."""
        parser.add_argument("--lanes", default=",".join(SLOTS), help="of p0, bulk, background")
        parser.add_argument("--processes", type=int, default=1, help="of the lanes p0 and bulk, each")
        parser.add_argument("--grace", type=float, default=GRACE, help="seconds to finish what is in hand")

    def handle(self, *, lanes: str, processes: int, grace: float, **_: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        wanted = [each for each in lanes.split(",") if each]
        if not wanted or not set(wanted) <= set(SLOTS):
            raise CommandError(f"Lanes are {', '.join(SLOTS)}.")
        logging.getLogger("coordination.worker").setLevel(logging.INFO)
        try:
            Supervisor(lanes=wanted, processes=processes, grace=grace, rounds=ROUNDS).run()
        except RefusedToStart as refused:
            raise CommandError(str(refused)) from refused
