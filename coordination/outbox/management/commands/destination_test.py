"""Send a test message, which is about nobody, to one destination."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from coordination.core.errors import CoordinationError, NotFound
from coordination.outbox import hosts
from coordination.outbox.services.trying import try_destination
from coordination.partners import selectors as partners


class Command(BaseCommand):
    """Say what came of it; exit non-zero where it did not arrive."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the destination's number."""
        parser.add_argument("number", type=int, help="Of the destination, as in its page's address.")

    def handle(self, *_: Any, number: int, **__: Any) -> None:
        """Send, and say what the recipient's system answered."""
        try:
            outcome = try_destination(partners.destination(number))
        except NotFound:
            raise CommandError(f"No destination {number}.") from None
        except (CoordinationError, hosts.HostFailed) as error:
            raise CommandError(str(error)) from error
        if outcome.receipt is None:
            raise CommandError(f"Not confirmed ({outcome.kind}): {outcome.error or 'no reason given'}")
        receipt = outcome.receipt
        said = f": {receipt.detail}" if receipt.detail else ""
        self.stdout.write(f"{receipt.level.value.capitalize()}{said} (id {receipt.message_id}).")
