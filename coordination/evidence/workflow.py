"""The words of exhibits and their custody."""

from enum import StrEnum

from coordination.core.transitions import Transitions


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


class PackageState(StrEnum):
    """Where a package that somebody asked for on the desk stands."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"


class PackageVerb(StrEnum):
    """What becomes of one."""

    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    AGAIN = "make again"
    FORGET = "forget"


_S, _V = PackageState, PackageVerb
PACKAGE = Transitions(
    PackageState,
    PackageVerb,
    {
        (_S.WAITING, _V.BEGIN): _S.MAKING,
        (_S.MAKING, _V.FINISH): _S.READY,
        (_S.MAKING, _V.FAIL): _S.FAILED,
        (_S.FAILED, _V.AGAIN): _S.WAITING,
        (_S.FAILED, _V.FORGET): _S.GONE,
        (_S.READY, _V.FORGET): _S.GONE,
    },
)
