"""Why a delivery did not arrive, in a plain sentence with what to do. The channel's words stand beside it."""

import re

from coordination.outbox.models import Delivery
from coordination.outbox.workflow import DeliveryState

OUTCOMES = {
    "accepted": "their system took it",
    "delivered": "it reached the person or the queue",
    "acknowledged": "a named person confirmed it",
    "rejected": "they will not take it",
    "temporary": "did not arrive; it is tried again",
    "permanent": "did not arrive; trying again will not help",
    "unknown": "nobody knows whether it arrived",
    "broke": "the channel broke; nobody knows whether it arrived",
    "hung": "the channel did not end; nobody knows whether it arrived",
    "crashed": "the channel died; nobody knows whether it arrived",
    "lost": "our worker died; nobody knows whether it arrived",
}
_STATUS = re.compile(r"^HTTP (4\d\d)\b")
_CREDENTIALS, _GONE = frozenset({"401", "403"}), frozenset({"404", "410"})
_REDIRECT, _CERTIFICATE = "redirect: HTTP", "the certificate does not hold"
_ADDRESS = "the address of the destination"


def outcome(code: str) -> str:
    """Return how an attempt ended, in words; the code where a plugin's host has a new one."""
    return OUTCOMES.get(code, code.replace("_", " "))


def in_words(delivery: Delivery) -> str:
    """Return what happened to a failed delivery and what to do, "" where the error says too little."""
    if delivery.state != DeliveryState.FAILED:
        return ""
    what, mend = _cause(str(delivery.last_error))
    if not what:
        return ""
    call = "Telephone them now." if delivery.lane == "P0" else "Telephone them where it cannot wait."
    return f"{what} It did not arrive. {call} {mend}, then Send again."


def _cause(error: str) -> tuple[str, str]:
    """Return the sentence of what happened, and of who mends what."""
    found = _STATUS.match(error)
    status = found[1] if found else ""
    if status in _CREDENTIALS:
        return f"They refused our credentials (HTTP {status}).", "Have an administrator mend the secret"
    if status in _GONE:
        return (
            f"Nothing takes messages at their address any more (HTTP {status}).",
            f"Ask them for the right one, and have an administrator change {_ADDRESS}",
        )
    if status:
        return (
            f"Their system would not take the message (HTTP {status}).",
            "Ask them what was wrong with it, and have that mended",
        )
    if error.startswith(_REDIRECT):
        return (
            "Their address sends us on to another one, and that is never followed.",
            f"Ask them on a known number whether they moved, and have an administrator change {_ADDRESS}",
        )
    if error.startswith(_CERTIFICATE):
        return (
            "Their system could not prove that it is theirs: its certificate does not hold (TLS).",
            "Have them renew it",
        )
    return "", ""
