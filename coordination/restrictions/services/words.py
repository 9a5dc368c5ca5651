"""Checking what people wrote, and finding the accounts that it is about."""

from collections.abc import Iterable
from typing import Final

from django.db import connection

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core.errors import InvalidInput

LONGEST_REASON: Final = 2_000
LONGEST_AUTHORITY: Final = 200
WORK: Final = "work_case"


def said(field: str, value: str, longest: int = LONGEST_REASON) -> str:
    """Return `value` stripped; raise InvalidInput naming `field` where it cannot stand."""
    text = value.strip()
    if not text:
        raise InvalidInput(field, "Something has to stand here.")
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    if "\x00" in text:
        raise InvalidInput(field, "This holds a character that cannot be kept.")
    return text


def permitted(case: Case, by: User | None, permission: str) -> None:
    """Raise unless `by` holds `permission` and works on the case. None is the system itself, which may."""
    if by is not None:
        access.require(by, permission)
        cases.require_case(by, case, WORK)


def account_of(case: Case, account: str, by: User | None) -> str:
    """Return the account; raise InvalidInput where a person names one that is no subject of the case."""
    wanted = said("account", account, 500)
    subject = case_selectors.subject_of(case, wanted) if by is not None else None
    if by is not None and subject is None:
        raise InvalidInput("account", "This account is no subject of the case: add it first.")
    return wanted if subject is None else str(subject.account)


def one_at_a_time(accounts: Iterable[str]) -> None:
    """Let whoever else acts on these accounts wait until this transaction ends; in one order for all.

    Before any row is locked. So the commands about an account are numbered in the order in which they come
    to stand, in whatever case: the platform passes over what has a lower number than it has seen.
    """
    indexes = {index for each in accounts for index in case_selectors.account_indexes(each)}
    keys = sorted({int.from_bytes(index[:8], "big", signed=True) for index in indexes})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest(%s::bigint[]) AS key ORDER BY 1) keys",
            [keys],
        )
