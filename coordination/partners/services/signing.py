"""Whether an agency has to sign what it sends: required by one administrator, no longer required by two."""

from datetime import datetime

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.models import Agency
from coordination.partners.services.agencies import CHANGE, subject_of
from coordination.partners.services.words import said

LONGEST = 2_000
PROPOSAL = ("unsigned_proposed_by", "unsigned_proposed_at", "unsigned_reason")


@transaction.atomic
def require_signatures(agency: Agency, *, by: User | None, reason: str) -> Agency:
    """Let the agency submit nothing unsigned from now on. Raises Refused where it has no key in use."""
    locked = _as_it_is(agency, by, must_sign=False)
    if not any(key.is_in_use for key in selectors.keys_of(locked)):
        raise Refused("The agency has no key in use: it could send nothing.", rule="signatures")
    locked.must_sign = agency.must_sign = True
    locked.save(update_fields=["must_sign"])
    _record("partners.signatures_required", locked, by=by, reason=said("reason", reason, longest=LONGEST))
    return locked


@transaction.atomic
def propose_unsigned(agency: Agency, *, by: User, reason: str) -> Agency:
    """Ask another administrator to let the agency send unsigned; a later proposal takes its place."""
    locked = _as_it_is(agency, by, must_sign=True)
    why = said("reason", reason, longest=LONGEST)
    if locked.unsigned_proposed_at is not None:
        _end(locked, by=by, outcome="Another proposal took its place.")
    locked.unsigned_proposed_by, locked.unsigned_proposed_at = by, clock.now()
    locked.unsigned_reason = why
    locked.save(update_fields=PROPOSAL)
    _record("partners.signatures_end_proposed", locked, by=by, reason=why)
    signals.unsigned_proposed.send(sender=Agency, agency=locked)
    return locked


@transaction.atomic
def allow_unsigned(agency: Agency, *, by: User, reason: str) -> Agency:
    """Let the agency send unsigned, as another administrator proposed in the last three days.

    Raises Refused for who proposed it, where nobody did in time, and where they may no longer propose.
    """
    locked = _as_it_is(agency, by, must_sign=True)
    why = said("reason", reason, longest=LONGEST)
    if not selectors.unsigned_waits(locked):
        raise Refused("Another administrator has to propose it first.", rule="partners.two-administrators")
    if locked.unsigned_proposed_by_id == by.pk:
        raise Refused("Whoever proposed it does not decide it.", rule="partners.two-administrators")
    if not access.has(locked.unsigned_proposed_by, CHANGE):
        raise Refused("Who proposed it is no administrator any more.", rule="partners.two-administrators")
    proposed_by = locked.unsigned_proposed_by_id
    locked.must_sign = agency.must_sign = False
    locked.save(update_fields=["must_sign"])
    _end(locked, by=by, outcome="Allowed.")
    action = "partners.signatures_not_required"
    _record(action, locked, by=by, reason=why, proposed_by=proposed_by)
    return locked


@transaction.atomic
def drop_unsigned(agency: Agency, *, by: User, reason: str) -> Agency:
    """Say no to a proposal, or take one's own back: signatures stay required, so that one person is enough.

    Raises Refused where nothing is proposed.
    """
    locked = _as_it_is(agency, by, must_sign=True)
    why = said("reason", reason, longest=LONGEST)
    if locked.unsigned_proposed_at is None:
        raise Refused("Nothing is proposed.", rule="signatures")
    _end(locked, by=by, outcome="Dropped.")
    _record("partners.signatures_end_dropped", locked, by=by, reason=why)
    return locked


def expire_unsigned(now: datetime) -> int:
    """End the proposals that nobody decided in time; return how many. For a periodic job."""
    until = now - selectors.PROPOSAL_LASTS
    waiting = Agency.objects.filter(unsigned_proposed_at__lte=until).values_list("pk", flat=True)
    return sum(_expire(pk, until) for pk in waiting)


@transaction.atomic
def _expire(pk: int, until: datetime) -> bool:
    locked = Agency.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if locked is None or locked.unsigned_proposed_at is None or locked.unsigned_proposed_at > until:
        return False
    _end(locked, by=None, outcome="Nobody decided in time.")
    _record("partners.signatures_end_expired", locked, by=None)
    return True


def _as_it_is(agency: Agency, by: User | None, *, must_sign: bool) -> Agency:
    """Return the agency, locked, if it is as it has to be before the change. `by` is None for set-up."""
    if by is not None:
        access.require(by, CHANGE)
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if locked.must_sign != must_sign:
        raise Refused("It is so already.", rule="signatures")
    return locked


def _end(locked: Agency, *, by: User | None, outcome: str) -> None:
    """Take the proposal off the agency, and tell that it is over."""
    locked.unsigned_proposed_by = locked.unsigned_proposed_at = None
    locked.unsigned_reason = None
    locked.save(update_fields=PROPOSAL)
    signals.unsigned_ended.send(sender=Agency, agency=locked, by=by, outcome=outcome)


def _record(
    action: str, agency: Agency, *, by: User | None, reason: str = "", proposed_by: int | None = None
) -> None:
    details: dict[str, ledger.Value] = {}
    if reason:
        details["reason_digest"] = ledger.digest(reason)
    if proposed_by is not None:
        details["proposed_by"] = proposed_by
    ledger.record(action, subject=subject_of(agency), by=by, details=details)
