"""The words of exhibits and their custody."""

from enum import StrEnum


class ExhibitKind(StrEnum):
    """What an exhibit is: bytes as they came, a conversation by lines, or a copy made from another."""

    ORIGINAL = "original"
    TRANSCRIPT = "transcript"
    REDACTED = "redacted"
    STRIPPED = "stripped"


COPIES = (ExhibitKind.REDACTED, ExhibitKind.STRIPPED)


class CustodyAct(StrEnum):
    """What was done with an exhibit."""

    TAKEN_IN = "taken_in"
    VIEWED = "viewed"
    COPIED = "copied"
    RELEASED = "released"
    REVERIFIED = "reverified"
    EXPIRED = "expired"


class Scan(StrEnum):
    """What the scanner said when an exhibit came in. Two of these keep it in quarantine."""

    NOT_SCANNED = "not_scanned"
    CLEAN = "clean"
    INFECTED = "infected"
    SCANNER_DOWN = "scanner_down"


QUARANTINE = (Scan.INFECTED, Scan.SCANNER_DOWN)
