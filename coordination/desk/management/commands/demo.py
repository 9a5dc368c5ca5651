"""The demo: one threat referral from flag to acknowledgement, on real parts."""

import json
import signal
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.desk.demo.telling import RunsAlready, StoryFailed, Teller

IN_PRODUCTION = (
    "The demo makes people, partners and cases, and shows their passwords: it does not run where"
    " PROFILE=production. Run it in a checkout of its own, without the settings of this desk."
)
EXTRAS = "install coordination with the extras demo and embedded, or run `make demo`."


class Command(BaseCommand):
    """Play the demo and leave the site up."""

    requires_system_checks: list[str] = []  # of production there is nothing to check: it is refused first
    help = "Play one referral from flag to acknowledgement over real HTTP; leave the site up with logins."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how long to stay and how to say it."""
        parser.add_argument("--exit", action="store_true", help="stop everything after the story")
        parser.add_argument(
            "--json",
            action="store_true",
            help="the outcome as one JSON object on stdout, the story on stderr",
        )
        parser.add_argument("--port", type=int, default=8000, help="of the site, where it is free")

    def handle(self, **options: Any) -> None:
        """Play it; exit with 1 where any part failed."""
        if settings.PRODUCTION:
            raise CommandError(IN_PRODUCTION)
        self.check()
        # Below, since a production has neither its packages nor a use for them.
        try:
            from coordination.desk.demo.running import run
        except ModuleNotFoundError as error:
            raise CommandError(f"The demo needs the package {error.name}: {EXTRAS}") from error
        signal.signal(signal.SIGTERM, _stop)
        teller = Teller(out=sys.stderr if options["json"] else sys.stdout)
        try:
            outcome = run(teller, port=options["port"], stay=not options["exit"])
        except RunsAlready as error:
            raise CommandError(f"{error} Ctrl-C ends it, where it was started.") from error
        except StoryFailed as failure:
            teller.say(f"FAILED in part {teller.part!r}: {failure}")
            sys.exit(1)
        except KeyboardInterrupt:
            teller.plain("Everything that the demo started has stopped.")
            sys.exit(0)
        if options["json"]:
            self.stdout.write(json.dumps(outcome))


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt
