"""The custody of an exhibit: who did what, when and why, each an entry in the ledger."""

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.evidence import doors, salted
from coordination.evidence.models import CustodyEvent, Exhibit
from coordination.evidence.services.words import said
from coordination.evidence.workflow import CustodyAct
from coordination.ledger import services as ledger


def require(by: User | None, case_reference: str, permission: str, *, work: bool = True) -> None:
    """Raise unless `by` holds `evidence.<permission>` and sees the case, and may work on it where `work`.

    NotFound comes first, as for a missing case. None is the system itself, which may.
    """
    if by is None:
        return
    doors.cases().require(by, case_reference, work=work)
    access.require(by, f"evidence.{permission}")


def note(
    exhibit: Exhibit,
    act: CustodyAct,
    *,
    by: User | None,
    why: str,
    recipient: str = "",
    details: dict[str, ledger.Value] | None = None,
) -> CustodyEvent:
    """Insert a custody event and its entry, in the caller's transaction: what is not recorded is not done."""
    why = said("why", why)
    recipient = said("recipient", recipient, longest=200, needed=False)
    salt = salted.new_key()
    about: dict[str, ledger.Value] = {"case": exhibit.case_reference, "sha256": exhibit.sha256}
    if recipient:
        about["recipient_digest"] = salted.digest("recipient", recipient, key=salt)
    about |= {"why_digest": salted.digest("why", why, key=salt), **(details or {})}
    at = clock.now()
    entry = ledger.record(f"evidence.{act}", subject=exhibit.reference, by=by, details=about, at=at)
    return CustodyEvent.objects.create(
        exhibit=exhibit, act=act, at=at, by=by, why=why, recipient=recipient, salt=salt, entry_id=entry.pk
    )
