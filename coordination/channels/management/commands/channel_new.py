"""Write a new channel plugin that passes its contract at once."""

import keyword
import shlex
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from coordination.channels.hookspecs import ENTRY_POINT_GROUP
from coordination.channels.registry import SLUG, survey

SCAFFOLD = Path(__file__).resolve().parent.parent.parent / "scaffold"
PLACES = {
    "__init__.py": "{name}/__init__.py",
    "channel.py": "{name}/channel.py",
    "forms.py": "{name}/forms.py",
    "test_channel.py": "tests/test_{name}.py",
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
}


class Command(BaseCommand):
    """`manage.py channel_new county_portal ~/county_portal`."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the slug and the directory."""
        parser.add_argument("name", help="small letters, digits and _: the slug and the package")
        parser.add_argument("directory", type=Path, help="a directory that does not exist or is empty")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write the files and say what to do next."""
        name, directory = options["name"], options["directory"].expanduser()
        if problem := _wrong_with(name):
            raise CommandError(problem)
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise CommandError(f"{directory} is not empty.")
        for source, place in PLACES.items():
            target = directory / place.format(name=name)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = Template((SCAFFOLD / f"{source}.txt").read_text())
            target.write_text(text.substitute(_values(name)))
            self.stdout.write(f"  {target}")
        # The interpreter that runs this has the kit; another `python` on the path may not.
        place, python = (shlex.quote(str(each)) for each in (directory.resolve(), sys.executable))
        self.stdout.write(f"Now: cd {place} && {python} -m pytest")


def _wrong_with(name: str) -> str:
    """Say what is wrong with a name, nothing where it can be that of a new package and channel."""
    if not SLUG.fullmatch(name) or keyword.iskeyword(name):
        return (
            f"{name!r} is not a slug: 2 to 48 small letters, digits and _, a letter first, no word of Python."
        )
    if name in sys.stdlib_module_names:
        return f"{name!r} is a module of Python itself: a package of that name would hide it. Take another."
    if entry_points(group=ENTRY_POINT_GROUP, name=name) or name in survey().channels:
        return f"A plugin {name!r} is installed already. Take another name."
    if find_spec(name) is not None:
        return (
            f"{name!r} is a package that is installed here already: yours would hide it. Take another name."
        )
    return ""


def _values(name: str) -> dict[str, str]:
    words = [word for word in name.split("_") if word]
    return {
        "name": name,
        "title": " ".join(words).capitalize(),
        "class_name": "".join(word.capitalize() for word in words),
        "upper": name.upper(),
        "dashed": "-".join(words),
    }
