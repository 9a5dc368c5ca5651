"""Reading as the partner role: behind row-level security, with the rows of one agency and nothing else.

This is the second wall. The first is the query, which asks for the rows of the caller's agency; where it
forgets to, the database shows no foreign row all the same. It is a wall against mistakes, and none against
somebody who can run SQL of their own: they can leave it as `outside` does. docs/security.md has the rest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from coordination.core.grants import AGENCY_SETTING

_NOBODY = "none"
# Both until the transaction ends: a connection that goes back to the pool is the application's again.
_ENTER = "SELECT current_setting('role'), set_config('role', %s, true), set_config(%s, %s, true)"
_BECOME = "SELECT current_setting('role'), set_config('role', %s, true)"


class WallMisused(RuntimeError):
    """The wall was entered twice, or left without having been entered."""


@contextmanager
def behind(agency: int) -> Iterator[None]:
    """Run a block as the partner role for one agency, in a transaction.

    The setting is made after the transaction's (or savepoint's) begin, so an error takes it back, and so does
    the end of a transaction that began here.
    """
    inside_another = connection.in_atomic_block
    with transaction.atomic():
        before = _ask(_ENTER, settings.DATABASE_PARTNER_ROLE, AGENCY_SETTING, str(int(agency)))
        if before != _NOBODY:
            raise WallMisused
        yield
        if inside_another:
            _ask(_ENTER, _NOBODY, AGENCY_SETTING, "")


@contextmanager
def outside() -> Iterator[None]:
    """Run a block inside `behind` as the application again: what the services of the desk write.

    Come here only with what a query behind the wall has found.
    """
    if not connection.in_atomic_block:
        raise WallMisused
    with transaction.atomic():
        before = _ask(_BECOME, _NOBODY)
        if before == _NOBODY:
            raise WallMisused
        yield
        _ask(_BECOME, before)


def _ask(statement: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]
