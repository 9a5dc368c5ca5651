"""Print the generated sections of docs/security.md anew."""

from typing import Any

from django.core.management.base import BaseCommand

from coordination.access import roles
from coordination.core import generated, registers, sealing

PAGE = "docs/security.md"


class Command(BaseCommand):
    """Bring the table of roles, the list of sealed columns and the registers up to date."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Write each section that changed and say so."""
        sections = {
            (PAGE, "roles"): roles.as_markdown(),
            (PAGE, "sealed columns"): sealing.columns_as_markdown(),
            (PAGE, "cjis"): registers.as_table(registers.read("cjis")),
            ("docs/asvs.md", "asvs"): registers.as_markdown(registers.read("asvs")),
        }
        for (page, name), content in sections.items():
            if generated.write_section(page, name, content):
                self.stdout.write(f"{page}: {name}")
