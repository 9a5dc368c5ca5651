"""Print the generated sections of the documentation anew."""

from typing import Any

from django.core.management.base import BaseCommand

from coordination.access import roles
from coordination.core import generated, grants, registers, sealing
from coordination.desk import keeping, routes
from coordination.ledger import entries


class Command(BaseCommand):
    """Bring the tables of roles, routes and kinds, the list of sealed columns and registers up to date."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Write each section that changed and say so."""
        sections = {
            ("docs/security.md", "roles"): roles.as_markdown(),
            ("docs/security.md", "conflicts of roles"): roles.conflicts_as_markdown(),
            ("docs/security.md", "sealed columns"): sealing.columns_as_markdown(),
            ("docs/security.md", "partner columns"): grants.columns_as_markdown(),
            ("docs/security.md", "cjis"): registers.as_table(registers.read("cjis")),
            ("docs/security.md", "keeping"): keeping.as_markdown(),
            ("docs/ledger.md", "kinds"): entries.kinds_as_markdown(),
            ("docs/routes.md", "routes"): routes.as_markdown(),
            ("docs/asvs.md", "asvs"): registers.as_markdown(registers.read("asvs")),
        }
        for (page, name), content in sections.items():
            if generated.write_section(page, name, content):
                self.stdout.write(f"{page}: {name}")
