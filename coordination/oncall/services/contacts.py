"""How one person is woken: an address for each way, used once its code came back."""

import re
from datetime import timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.crypto import constant_time_compare

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted, Unavailable
from coordination.ledger import services as ledger
from coordination.oncall import ways
from coordination.oncall.models import ContactWay
from coordination.oncall.services.links import keyed, new_code
from coordination.policy.workflow import Way

CODE_LIVES: Final = timedelta(minutes=15)
MOST_WRONG: Final = 5
_TELEPHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST: Final = 200


@transaction.atomic
def add_way(person: User, *, way: str, address: str, by: User | None) -> ContactWay:
    """Add an address of one's own; nothing but its code is sent there until that came back.

    `by` is None for set-up, which vouches for the address. Raises InvalidInput naming the field.
    """
    _require(person, by)
    if way not in [*Way] or way == Way.DESK:
        raise InvalidInput("way", "By e-mail, text message or the pager's gateway.")
    if ContactWay.objects.filter(person=person, way=way).exists():
        raise InvalidInput("way", "There is an address for this way: take it out first.")
    now = clock.now()
    made = ContactWay.objects.create(
        person=person,
        way=way,
        address=_checked(way, address),
        added_at=now,
        verified_at=now if by is None else None,
    )
    _record("oncall.way_added", made, by)
    return made


def send_code(way: ContactWay, *, by: User) -> None:
    """Send a code to an address of one's own. Raises Unavailable where it did not leave."""
    code = _give_code(way, by=by)
    text = f"The code for this address is {code[:3]} {code[3:]}. Nobody will ask you for it."
    try:
        ways.send(way.way, way.address, ways.Notice(subject="A code for the desk", text=text, kind="code"))
    except ways.NotSent as error:
        raise Unavailable(f"The code did not leave ({error.code}).") from error


def confirm_way(way: ContactWay, *, code: str, by: User) -> None:
    """Verify an address by the code that was sent there. Raises InvalidInput naming `code`."""
    # Raised outside the transaction, which has counted a wrong code.
    if not _confirmed(way, code="".join(code.split()), by=by):
        raise InvalidInput("code", "This is not the code, or it is too old: have a new one sent.")


@transaction.atomic
def _confirmed(way: ContactWay, *, code: str, by: User) -> bool:
    _require(way.person, by)
    locked = ContactWay.objects.select_for_update(of=("self",)).select_related("person").get(pk=way.pk)
    if locked.verified_at is not None:
        return True
    now = clock.now()
    asked = locked.code_until is not None and locked.code_until - CODE_LIVES <= now < locked.code_until
    if not asked or locked.wrong_codes >= MOST_WRONG:
        return False
    if not constant_time_compare(locked.code_digest, keyed(f"way:{locked.pk}", code)):
        locked.wrong_codes += 1
        locked.save(update_fields=["wrong_codes"])
        return False
    locked.verified_at = clock.now()
    locked.code_digest, locked.code_until = "", None
    locked.save(update_fields=["verified_at", "code_digest", "code_until"])
    _record("oncall.way_verified", locked, by)
    return True


@transaction.atomic
def remove_way(way: ContactWay, *, by: User) -> None:
    """Take an address out: it is deleted, and nothing goes there any more."""
    _require(way.person, by)
    _record("oncall.way_removed", way, by)
    way.delete()


@transaction.atomic
def _give_code(way: ContactWay, *, by: User) -> str:
    _require(way.person, by)
    locked = ContactWay.objects.select_for_update(of=("self",)).select_related("person").get(pk=way.pk)
    if locked.verified_at is not None:
        raise InvalidInput("way", "It is verified.")
    code = new_code()
    locked.code_digest, locked.code_until = keyed(f"way:{locked.pk}", code), clock.now() + CODE_LIVES
    locked.wrong_codes = 0
    locked.save(update_fields=["code_digest", "code_until", "wrong_codes"])
    return code


def _checked(way: str, address: str) -> str:
    text = address.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise InvalidInput("address", f"One line of at most {_LONGEST} characters.")
    if way == Way.SMS:
        text = re.sub(r"[ ().-]", "", text)
        if not _TELEPHONE.fullmatch(text):
            raise InvalidInput("address", "A telephone number with its country, as in +1 970 555 0123.")
    if way == Way.EMAIL:
        try:
            validate_email(text)
        except ValidationError as error:
            raise InvalidInput("address", "An e-mail address.") from error
    return text


def _record(action: str, way: ContactWay, by: User | None) -> None:
    details: dict[str, ledger.Value] = {"way": way.way, "way_id": way.pk}
    ledger.record(action, subject=f"user:{way.person_id}", by=by, details=details)


def _require(person: User, by: User | None) -> None:
    if by is not None and by.pk != person.pk:
        raise NotPermitted
