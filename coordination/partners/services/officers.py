"""Officers: registered by one person, verified by another for a time, suspended at once, until they leave."""

from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.kinds import AgencyKind
from coordination.partners.models import Agency, Officer
from coordination.partners.selectors import VERIFICATION_CLOCK, VERIFICATION_LASTS
from coordination.partners.services.agencies import SUSPENSION, other_person, refresh, require, subject_of
from coordination.partners.services.words import said
from coordination.partners.workflow import Trust

LONGEST: Final = 2_000
VERIFICATION: Final = ("verified_at", "verified_by", "how_verified", "expires_at", "lapse_recorded_at")
ROLE_OF_KIND = {AgencyKind.RESPONDER: Role.RESPONDER, AgencyKind.COUNSEL: Role.OUTSIDE_COUNSEL}


@transaction.atomic
def register_officer(
    agency: Agency,
    *,
    by: User | None,
    name: str,
    user: User | None = None,
    username: str = "",
    rank: str = "",
    badge: str = "",
    contact: str = "",
    is_system: bool = False,
) -> Officer:
    """Write down a person at an agency, linked to `user` or to a new user of this name.

    They act for the agency once another person has verified them. `contact` is sealed. `is_system` is for the
    agency's own system, whose token is the agency's and no person's; it is verified in the same way. Raises
    InvalidInput naming `user` for somebody on the desk or at another agency.
    """
    require(by)
    role = ROLE_OF_KIND.get(AgencyKind(agency.kind), Role.OFFICER)
    name = said("name", name, longest=200)
    if user is None:
        person = access.create_person(said("username", username, longest=150), by=by, roles=[role])
    else:
        person = _linked(user, role, by=by)
    officer = Officer.objects.create(
        agency=agency,
        user=person,
        name=name,
        rank=rank.strip(),
        badge=badge.strip(),
        contact=contact.strip(),
        is_system=is_system,
        registered_by=by,
    )
    _record_officer("partners.officer_registered", officer, by=by)
    if by is not None:
        signals.officer_registered.send(sender=Officer, officer=officer)
    return officer


@transaction.atomic
def verify_officer(officer: Officer, *, by: User | None, how_verified: str) -> Officer:
    """Record how we know that an officer is who they say: a call back to a number of ours.

    It lasts as long as policy says (12 months). Lifts a suspension. Raises Refused for the person who
    registered them, for the one who suspended them, and for somebody who has left. On the desk this is what a
    call that confirmed them does (`record_officer_call`).
    """
    require(by)
    locked = _locked_officer(officer)
    other_person(by, locked)
    if locked.left_at is not None:
        raise Refused("Whoever has left is registered anew, where they are now.", rule="officer-left")
    how = said("how_verified", how_verified, longest=300)
    now = clock.now()
    locked.verified_at, locked.verified_by, locked.how_verified = now, by, how
    locked.expires_at = selectors.runs_out(VERIFICATION_CLOCK, now, else_after=VERIFICATION_LASTS)
    locked.lapse_recorded_at = None
    locked.suspended_at = locked.suspended_by = None
    locked.save(update_fields=[*VERIFICATION, *SUSPENSION])
    details = {"how_digest": ledger.digest(how), "until": ledger.timestamp(locked.expires_at)}
    _record_officer("partners.officer_verified", locked, by=by, **details)
    signals.officer_settled.send(sender=Officer, agency=locked.agency, by=by)
    refresh(officer, locked, "verified_at", "verified_by_id", "how_verified", "expires_at", "suspended_at")
    return locked


@transaction.atomic
def suspend_officer(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Cut one officer off at once."""
    require(by)
    return shut_out(officer, by=by, reason=reason)


def shut_out(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Suspend an officer, in the caller's transaction, for who was asked for their right before."""
    locked = _locked_officer(officer)
    if locked.suspended_at is not None:
        raise Refused("The officer is suspended already.", rule="suspended")
    locked.suspended_at, locked.suspended_by = clock.now(), by
    locked.save(update_fields=SUSPENSION)
    why = ledger.digest(said("reason", reason, longest=2_000))
    _record_officer("partners.officer_suspended", locked, by=by, reason_digest=why)
    _stopped(locked, by)
    refresh(officer, locked, "suspended_at")
    return locked


@transaction.atomic
def record_departure(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Record that an officer has left the agency: they act for it no more, and are never verified again."""
    require(by)
    return gone(officer, by=by, reason=reason)


def gone(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Record a departure, in the caller's transaction, for who was asked for their right before."""
    locked = _locked_officer(officer)
    if locked.left_at is not None:
        raise Refused("It is on record that the officer has left.", rule="officer-left")
    why = ledger.digest(said("reason", reason, longest=LONGEST))
    locked.left_at, locked.left_by = clock.now(), by
    locked.save(update_fields=["left_at", "left_by"])
    _record_officer("partners.officer_left", locked, by=by, reason_digest=why)
    _stopped(locked, by)
    refresh(officer, locked, "left_at")
    return locked


@transaction.atomic
def limit_trust(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Have every request of an officer called back first, whatever it is. One person, at once."""
    require(by)
    return trust_less(officer, by=by, reason=reason)


def trust_less(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Limit trust, in the caller's transaction, for who was asked for their right before."""
    return _set_trust(officer, Trust.LIMITED, by=by, reason=reason)


@transaction.atomic
def restore_trust(officer: Officer, *, by: User, reason: str) -> Officer:
    """Believe an officer as the rules have it again. Raises Refused for whoever limited the trust."""
    require(by)
    if _locked_officer(officer).trust_set_by_id == by.pk:
        raise Refused(
            "Whoever limited the trust does not restore it: ask another.", rule="separation-of-duties"
        )
    return _set_trust(officer, Trust.ORDINARY, by=by, reason=reason)


def record_lapses(now: datetime) -> int:
    """Record the verifications that have ended, once each; return how many. For a periodic job.

    They ended at their second, whether or not this has run: every request asks the clock.
    """
    ended = Officer.objects.filter(expires_at__lte=now, left_at__isnull=True, lapse_recorded_at__isnull=True)
    return sum(_record_lapse(pk, now) for pk in ended.values_list("pk", flat=True))


@transaction.atomic
def remind(now: datetime) -> int:
    """Tell of each agency with officers whose verification ends soon; return how many. For a periodic job."""
    found = selectors.agencies_to_call_again(now)
    for agency, first in found:
        signals.verification_ends.send(sender=Agency, agency=agency, ends_at=first)
    return len(found)


@transaction.atomic
def _record_lapse(pk: int, now: datetime) -> bool:
    locked = Officer.objects.select_for_update(of=("self",)).select_related("agency").filter(pk=pk).first()
    ends = None if locked is None else locked.expires_at
    if locked is None or ends is None or ends > now or locked.lapse_recorded_at is not None:
        return False
    locked.lapse_recorded_at = now
    locked.save(update_fields=["lapse_recorded_at"])
    _record_officer("partners.officer_lapsed", locked, by=None, ended=ledger.timestamp(ends))
    _stopped(locked, None)
    return True


def write_contact(officer: Officer, contact: str) -> None:
    """Write down how an officer is reached, in the caller's transaction, once a change is effective."""
    locked = _locked_officer(officer)
    locked.contact = contact
    locked.save(update_fields=["contact"])


def _set_trust(officer: Officer, trust: Trust, *, by: User | None, reason: str) -> Officer:
    locked = _locked_officer(officer)
    if locked.trust == trust:
        raise Refused("It is so already.", rule="trust")
    why = ledger.digest(said("reason", reason, longest=LONGEST))
    locked.trust, locked.trust_set_by = trust, by
    locked.save(update_fields=["trust", "trust_set_by"])
    _record_officer("partners.officer_trust_set", locked, by=by, trust=trust.value, reason_digest=why)
    refresh(officer, locked, "trust", "trust_set_by_id")
    return locked


def _stopped(officer: Officer, by: User | None) -> None:
    """Tell that an officer acts for their agency no more: what waits for their word is looked at again."""
    signals.officer_settled.send(sender=Officer, agency=officer.agency, by=by)
    signals.officer_stopped.send(sender=Officer, officer=officer, by=by)


def _linked(user: User, role: Role, *, by: User | None) -> User:
    if user.is_staff:
        raise InvalidInput("user", "Nobody is on the desk and outside it at once.")
    if Officer.objects.filter(user=user).exists():
        raise InvalidInput("user", "This person is an officer already.")
    if role not in user.role_names:
        access.set_roles(user, [*user.role_names, role], by=by)
    return user


def _locked_officer(officer: Officer) -> Officer:
    return Officer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=officer.pk)


def _record_officer(action: str, officer: Officer, *, by: User | None, **details: str) -> None:
    ledger.record(
        action,
        subject=subject_of(officer.agency),
        by=by,
        details={"officer": officer.pk, "user": officer.user_id, **details},
    )
