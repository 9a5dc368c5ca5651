"""Who calls, beyond the token: may they act now, whose limit they share, and how they sign.

What an agency is stands above this slice, so it says so itself: `partners` registers the question when it is
loaded. A caller whom nobody knows more about is the platform's own system: it stands for itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rest_framework.request import Request

from coordination.access.services import User

KeyOf = Callable[[str], Ed25519PublicKey | None]


def _no_key(key_id: str) -> None:  # noqa: ARG001
    return None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What holds for a caller at this moment.

    `acts_for` is the record above this slice for which the caller acts (an agency), None where they may not.
    `group` names those who share one more limit.
    """

    may_act: bool = True
    acts_for: Any = None
    group: str = ""
    must_sign: bool = False
    key_of: KeyOf = _no_key


_asked: list[Callable[[User], Standing | None]] = []


def register(ask: Callable[[User], Standing | None]) -> None:
    """Ask `ask` about every caller; the first answer that is not None holds."""
    if ask not in _asked:
        _asked.append(ask)


def standing(request: Request) -> Standing:
    """Return what holds for the caller of a request; asked once for each request."""
    found: Standing | None = getattr(request, "standing", None)
    if found is None:
        user = request.user
        answers = (ask(user) for ask in _asked) if isinstance(user, User) else iter(())
        found = next((each for each in answers if each is not None), Standing())
        request.standing = found  # type: ignore[attr-defined]
    return found
