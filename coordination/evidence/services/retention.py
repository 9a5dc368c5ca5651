"""How long exhibits are kept: expiry really deletes, unless a hold stands."""

from datetime import datetime

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, Refused
from coordination.evidence import doors, salted, selectors
from coordination.evidence.models import Exhibit, Hold, Keeping
from coordination.evidence.services import custody, store
from coordination.evidence.services.packages import forget_packages_with
from coordination.evidence.services.words import said
from coordination.evidence.workflow import CustodyAct
from coordination.ledger import services as ledger

HOLD = "hold_exhibit"


@transaction.atomic
def place_hold(case_reference: str, *, by: User | None, reason: str, exhibit: Exhibit | None = None) -> Hold:
    """Hold all exhibits of a case, those to come too, or one of them: nothing held expires.

    The entry names the hold and no case: who reads the ledger learns of holds only where they see the case.
    """
    custody.require(by, case_reference, HOLD)
    if not doors.cases().exists(case_reference):
        raise NotFound
    if exhibit is not None and exhibit.case_reference != case_reference:
        raise Refused("The exhibit is of another case.", rule="evidence.of-another-case")
    why = said("reason", reason)
    # An expiry that runs now has these rows; it is over before the hold stands, or sees it.
    list(Keeping.objects.select_for_update().filter(case_reference=case_reference).order_by("pk"))
    hold = Hold.objects.create(
        case_reference=case_reference,
        exhibit=exhibit,
        reason=why,
        salt=salted.new_key(),
        placed_by=by,
        placed_at=clock.now(),
    )
    _record("evidence.hold_placed", hold, by=by, reason=why)
    return hold


@transaction.atomic
def lift_hold(hold: Hold, *, by: User | None, reason: str) -> Hold:
    """End a hold; what is past its time expires with the next run."""
    custody.require(by, hold.case_reference, HOLD)
    locked = Hold.objects.select_for_update().filter(pk=hold.pk, lifted_at=None).first()
    if locked is None:
        raise NotFound
    why = said("reason", reason)
    locked.lifted_by, locked.lifted_at, locked.lifted_reason = by, clock.now(), why
    locked.save(update_fields=["lifted_by", "lifted_at", "lifted_reason"])
    _record("evidence.hold_lifted", locked, by=by, reason=why)
    return locked


@transaction.atomic
def keep_until(exhibit: Exhibit, moment: datetime, *, by: User | None, why: str) -> Keeping:
    """Say until when an exhibit is kept."""
    custody.require(by, exhibit.case_reference, HOLD)
    if moment.tzinfo is None or moment <= clock.now():
        raise InvalidInput("moment", "A time to come, with its zone.")
    keeping = _locked(exhibit)
    keeping.keep_until = moment
    keeping.save(update_fields=["keep_until"])
    details: dict[str, ledger.Value] = {
        "keep_until": ledger.timestamp(moment),
        "why_digest": salted.digest("why", said("why", why), key=salted.new_key()),
    }
    ledger.record("evidence.retention_set", subject=exhibit.reference, by=by, details=details)
    return keeping


def expire() -> int:
    """Delete what is past its time and not held; return how many. For a periodic job."""
    gone = 0
    for keeping in selectors.due(clock.now()):
        with transaction.atomic():
            gone += _shred(keeping.exhibit, by=None, why="Its time to be kept is over.", only_due=True)
    return gone


@transaction.atomic
def erase(exhibit: Exhibit, *, by: User | None, why: str) -> None:
    """Delete an exhibit before its time, because the law wants it: the content goes, the proof stays.

    Raises Refused where it has to be kept.
    """
    custody.require(by, exhibit.case_reference, HOLD)
    _locked(exhibit)
    if not _shred(exhibit, by=by, why=why, only_due=False):
        raise Refused("It has to be kept: a hold stands on it.", rule="evidence.held")


def _shred(exhibit: Exhibit, *, by: User | None, why: str, only_due: bool) -> bool:
    """Delete the key, which is all that opens the object and its words, and then the object itself."""
    keeping = Keeping.objects.select_for_update().filter(exhibit=exhibit).first()
    if keeping is None or (only_due and keeping.keep_until > clock.now()):
        return False
    holds = selectors.holds_of(exhibit.case_reference)
    if holds.filter(exhibit=None).exists() or holds.filter(exhibit=exhibit).exists():
        return False
    keeping.delete()
    forget_packages_with(exhibit)
    custody.note(exhibit, CustodyAct.EXPIRED, by=by, why=why)
    transaction.on_commit(lambda: store.take_away(exhibit.blob))
    return True


def _locked(exhibit: Exhibit) -> Keeping:
    keeping = Keeping.objects.select_for_update().filter(exhibit=exhibit).first()
    if keeping is None:
        raise Refused(
            f"Exhibit {exhibit.reference} has expired: its content is gone.", rule="evidence.expired"
        )
    return keeping


def _record(action: str, hold: Hold, *, by: User | None, reason: str) -> None:
    said_so = salted.digest("reason", reason, key=bytes(hold.salt or b""))
    ledger.record(action, subject=f"hold:{hold.pk}", by=by, details={"reason_digest": said_so})
