"""System checks of the ledger's name and keys. What to do about each stands in docs/operations.md."""

from collections.abc import Callable
from typing import Any, Final

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from coordination.ledger import keys

MAKE_A_KEY: Final = (
    "Set LEDGER_SIGNING_KEYS to base64 of 32 random bytes, made once: openssl rand -base64 32."
    " LEDGER_VERIFIER_KEYS holds the public keys (name+id+key) of what signed before, or nothing."
)
NAME_IT: Final = (
    "Set LEDGER_ORIGIN once for all, such as platform.com/ledger. A desk that never set it has signed as"
    " PLATFORM_DOMAIN/ledger: keep that name."
)


@register(Tags.security)
def checkpoints_can_be_signed(**_: Any) -> list[CheckMessage]:
    """E001: without a key the worker signs no checkpoint, and nothing that was recorded can be proven."""
    return _usable(lambda: (keys.private(), keys.retired()), hint=MAKE_A_KEY, id="coordination.ledger.E001")


@register(Tags.security)
def ledger_is_named(**_: Any) -> list[CheckMessage]:
    """E002: a name that followed another setting would change with it, and old checkpoints be nobody's."""
    return _usable(keys.origin, hint=NAME_IT, id="coordination.ledger.E002")


def _usable(use: Callable[[], object], *, hint: str, id: str) -> list[CheckMessage]:  # noqa: A002 - Django's name
    try:
        use()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=hint, id=id)]
    return []
