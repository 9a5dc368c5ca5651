"""When two identifiers are the same one, kind by kind: equal, only alike, or nothing to go by.

`index` is of what counts as equal, `alike` of what a careless eye would take for it: another case, a plus-tag
of an e-mail address, another Unicode form, characters that nobody sees. Equal ones join; what is only alike
is a question to a person. Dots in an address are part of it: whose mailbox ignores them is not ours to guess.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from coordination.core.sealing import blind_indexes
from coordination.core.telephones import e164
from coordination.core.unseen import without_unseen

ACCOUNT: Final = "account"
OBSERVED: Final = "observed"
# How senders spell the kinds that we compare.
_SPELT: Final = {
    "account_id": ACCOUNT,
    "user_id": ACCOUNT,
    "e_mail": "email",
    "mail": "email",
    "telephone": "phone",
    "msisdn": "phone",
    "payment": "payment_token",
    "device_id": "device",
}
LONGEST_KIND: Final = 40


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One identifier of a subject, as it is found again. A `strong` one joins; another only asks."""

    kind: str
    value: str
    equal: str
    near: str
    provenance: str
    verified: bool

    @property
    def strong(self) -> bool:
        """Whether the platform itself vouches for it: an e-mail address or a number only once verified.

        A device never: a household shares it.
        """
        return self.kind in _VOUCHED or (self.verified and self.kind in _VERIFIED)

    @property
    def index(self) -> bytes:
        """What it is written with."""
        return self.indexes[0]

    @property
    def alike(self) -> bytes:
        """What it and whatever looks like it is written with."""
        return self.alikes[0]

    @cached_property
    def indexes(self) -> list[bytes]:
        """What it is found by, under the old key too while there is one."""
        return blind_indexes(f"is:{self.kind}", self.equal, as_is=True)

    @cached_property
    def alikes(self) -> list[bytes]:
        """What it and whatever looks like it is found by."""
        return blind_indexes(f"like:{self.kind}", self.near, as_is=True)


def account_identity(account: str) -> Identity:
    """Return the identity of a subject's account: the platform says so itself."""
    equal, near = _opaque(account)
    return Identity(kind=ACCOUNT, value=account, equal=equal, near=near, provenance=OBSERVED, verified=True)


def identity(kind: str, value: str, *, provenance: str, verified: bool) -> Identity | None:
    """Return an identifier as it is compared; None for what tells nobody apart.

    That is a kind that many share (a network address, a displayed name), what a user only claims or somebody
    inferred, and a number without its country code.
    """
    name = kind_of(kind)
    compare = _COMPARED.get(name)
    forms = compare(value) if compare is not None and provenance == OBSERVED else None
    if forms is None or not forms[1]:
        return None
    return Identity(
        kind=name, value=value, equal=forms[0], near=forms[1], provenance=provenance, verified=verified
    )


def kind_of(kind: str) -> str:
    """Return how we call a kind, however a sender spells it."""
    name = kind.strip().casefold().replace("-", "_").replace(" ", "_")
    return _SPELT.get(name, name)


def _opaque(value: str) -> tuple[str, str]:
    """Compare what a system made up (an account, a token): every character counts."""
    return unicodedata.normalize("NFC", value).strip(), _plain(value).casefold()


def _email(value: str) -> tuple[str, str] | None:
    plain = _plain(value)
    local, at, domain = plain.rpartition("@")
    if not (local and at and domain):
        return None
    # lower(), not casefold(): that would make two mailboxes of straße@ and strasse@ one.
    equal = f"{local.lower()}@{domain.lower().rstrip('.')}"
    untagged = local.partition("+")[0] or local
    return equal, f"{untagged}@{domain}".casefold().rstrip(".")


def _phone(value: str) -> tuple[str, str] | None:
    number = e164(_plain(value))
    return (number, number) if number else None


def _plain(value: str) -> str:
    return without_unseen(unicodedata.normalize("NFKC", value)).strip()


_COMPARED: Final[dict[str, Callable[[str], tuple[str, str] | None]]] = {
    ACCOUNT: _opaque,
    "payment_token": _opaque,
    "device": _opaque,
    "email": _email,
    "phone": _phone,
}
_VOUCHED: Final = frozenset({ACCOUNT, "payment_token"})
_VERIFIED: Final = frozenset({"email", "phone"})
