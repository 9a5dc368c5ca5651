"""Strings that stand nowhere else: planted where people write, then looked for where they must not be."""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Canaries:
    """Each is planted once, under a name that says where."""

    planted: dict[str, str] = field(default_factory=dict)

    def plant(self, where: str) -> str:
        """Return a fresh canary for `where`."""
        canary = f"canary{secrets.token_hex(12)}"
        self.planted[canary] = where
        return canary

    def told(self, where: str, canary: str) -> str:
        """Remember a secret that somebody else made, such as a token."""
        self.planted[canary] = where
        return canary

    def found_in(self, data: bytes | str) -> list[str]:
        """Return where those were planted that stand in `data`, as they are or as hex or base64."""
        text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
        lowered = text.lower()
        return [
            where
            for canary, where in self.planted.items()
            if canary in text
            or canary.encode().hex() in lowered
            or any(each in text for each in _base64(canary))
        ]


def _base64(canary: str) -> Iterator[str]:
    """Yield what base64 of a longer text shows of it, at each of the three alignments."""
    for shift in range(3):
        coded = b64encode(b"\0" * shift + canary.encode()).decode()
        start = (0, 2, 3)[shift]
        yield coded[start : len(coded) - 4].rstrip("=")
