"""What every verb about a flag does alike: which row, who may, and the texts it takes."""

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core.errors import InvalidInput
from coordination.triage.models import Flag

LONGEST_REASONS = 20_000


def locked_flag(flag: Flag, by: User, *, needed: str = "work_case") -> Flag:
    """Return the row as it is now, held until the transaction ends; raise NotFound for a foreign case."""
    locked = Flag.objects.select_for_update(of=("self",)).select_related("case").get(pk=flag.pk)
    if locked.case is not None:
        cases.require_case(by, locked.case, needed)
    return locked


def said(field: str, value: str, longest: int, message: str) -> str:
    """Return the text without space around it, or raise InvalidInput naming the field."""
    text = value.strip()
    if not text:
        raise InvalidInput(field, message)
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    return text
