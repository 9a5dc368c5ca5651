"""Filing a whole half-year and comparing: here, or in a database that is made for it and dropped."""

import os
import subprocess  # nosec B404 - a second process, with a database of its own
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections
from psycopg import sql

from coordination.core import embedded
from coordination.core.errors import Refused
from coordination.datarequests import figures, selectors
from coordination.desk.rehearsal.acting import Desk
from coordination.desk.rehearsal.comparing import Line, compare
from coordination.desk.rehearsal.planning import plan
from coordination.desk.rehearsal.published import HalfYear
from coordination.policy import services as policy

_EVERY = 25


def rehearse(half: HalfYear, *, say: Callable[[str], None] = lambda _: None) -> list[Line]:
    """File every request of a half-year into the present database, and hold our counts to the published ones.

    Raises Refused where there are data requests already: they would be counted too.
    """
    if selectors.everything().exists():
        raise Refused("There are data requests in this database already: rehearse in an empty one.")
    planned, desk = plan(half), Desk()
    for number, each in enumerate(planned, 1):
        desk.file(each)
        if number % _EVERY == 0 or number == len(planned):
            say(f"{number} of {len(planned)} requests filed")
    return compare(half, figures.published(selectors.everything()))


def prepare() -> None:
    """Make the tables and put the law in force."""
    call_command("migrate", interactive=False, verbosity=0)
    policy.load(Path(settings.BASE_DIR) / "fixtures" / "policy")


def elsewhere(command: list[str]) -> int:
    """Run a command in a database and a store of its own, dropped after it; return its exit code."""
    with _scratch() as environment:
        return subprocess.run(  # nosec B603  # noqa: S603 - our own command
            command, env=environment, cwd=settings.BASE_DIR, check=False
        ).returncode


@contextmanager
def _scratch() -> Iterator[Mapping[str, str]]:
    """Yield the environment that points to a new database and a new folder."""
    name = f"coordination_rehearsal_{os.getpid()}"
    urls = {}
    for setting, alias in (("DATABASE_URL", "default"), ("DATABASE_OWNER_URL", "owner")):
        if alias not in settings.DATABASES:
            raise Refused("A rehearsal makes a database of its own: set DATABASE_OWNER_URL too.")
        urls[setting] = embedded.url_of({**connections[alias].settings_dict, "NAME": name})
    _run("CREATE DATABASE {}", name)
    try:
        with tempfile.TemporaryDirectory() as folder:
            places = {"EVIDENCE_DIR": f"{folder}/evidence", "PACKAGES_DIR": f"{folder}/packages"}
            yield {**os.environ, **urls, **places}
    finally:
        _run("DROP DATABASE {} WITH (FORCE)", name)


def _run(statement: str, name: str) -> None:
    try:
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)).as_string())
    except DatabaseError as error:
        raise Refused(f"The owner's account can make no database for a rehearsal: {error}".strip()) from error
