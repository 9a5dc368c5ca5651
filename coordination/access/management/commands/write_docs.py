"""Print the generated sections of docs/security.md anew."""

from typing import Any

from django.core.management.base import BaseCommand

from coordination.access import roles
from coordination.core import generated, sealing

PAGE = "docs/security.md"


class Command(BaseCommand):
    """Bring the table of roles and the list of sealed columns in the documentation up to date."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Write each section that changed and say so."""
        sections = {
            "roles": roles.as_markdown(),
            "conflicts of roles": roles.conflicts_as_markdown(),
            "sealed columns": sealing.columns_as_markdown(),
        }
        for name, content in sections.items():
            if generated.write_section(PAGE, name, content):
                self.stdout.write(f"{PAGE}: {name}")
