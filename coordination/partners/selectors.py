"""Reading agencies, officers and destinations. A partner is who is verified now: the clock is asked."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import router
from django.db.models import Q, QuerySet

from coordination.access import selectors as access
from coordination.access.services import ApiToken, User
from coordination.channels import secrets
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound
from coordination.core.fields import opened, selected
from coordination.core.sealing import SealBroken
from coordination.partners.agencylist import bare
from coordination.partners.kinds import AgencyKind
from coordination.partners.models import (
    Agency,
    AgencyKey,
    CallBack,
    ContactChange,
    Destination,
    DirectoryImport,
    Officer,
)
from coordination.partners.requesters import (
    LookAlike,
    RequesterStanding,
    look_alike,
    match_domain,
    standing_for_requests,
)
from coordination.partners.workflow import OPEN, ChangeState
from coordination.policy import engine
from coordination.rest.callers import Standing

__all__ = ["LookAlike", "RequesterStanding", "look_alike", "match_domain", "standing_for_requests"]

PROPOSAL_LASTS: Final = timedelta(days=3)
VERIFICATION_CLOCK: Final = "policy.officer-verification"
VERIFICATION_LASTS: Final = timedelta(days=365)
REMINDER_CLOCK: Final = "policy.officer-reminder"
REMINDED_BEFORE: Final = timedelta(days=30)
HOLD_CLOCK: Final = "policy.contact-hold"
HOLD_LASTS: Final = timedelta(hours=72)


def agencies() -> QuerySet[Agency]:
    """Return all agencies, suspended and unverified ones too: whom we know is no secret on the desk."""
    return Agency.objects.all()


def agency(pk: int) -> Agency:
    """Return one agency, or raise NotFound."""
    found = Agency.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def awaits_verification(agency: Agency) -> bool:
    """Tell whether somebody still has to find out that an agency is what it says."""
    return agency.verified_at is None and agency.suspended_at is None


def has_officer_waiting(agency: Agency) -> bool:
    """Tell whether somebody still has to verify an officer of an agency for the first time."""
    waiting = officers_of(agency).filter(verified_at__isnull=True, suspended_at__isnull=True)
    return waiting.filter(left_at__isnull=True).exists()


def has_officer_ending(agency: Agency) -> bool:
    """Tell whether somebody has to call about an officer again: the verification ends soon, or has ended."""
    return _ending(clock.now()).filter(agency=agency).exists()


def agencies_to_call_again(at: datetime) -> list[tuple[Agency, datetime | None]]:
    """Return each agency with officers whose verification ends soon or has ended, and the first such end."""
    first = dict(_ending(at).order_by("-expires_at").values_list("agency", "expires_at"))
    found = Agency.objects.filter(pk__in=first, suspended_at__isnull=True)
    return [(each, first[each.pk]) for each in found]


def _ending(at: datetime) -> QuerySet[Officer]:
    until = runs_out(REMINDER_CLOCK, at, else_after=REMINDED_BEFORE)
    return Officer.objects.filter(
        verified_at__isnull=False, expires_at__lte=until, suspended_at__isnull=True, left_at__isnull=True
    )


def runs_out(code: str, start: datetime, *, else_after: timedelta) -> datetime:
    """Return when a clock of policy runs out; after `else_after` where no pack in force has it.

    A desk whose packs are older than this clock keeps what ships: nothing is verified for ever, and a
    verification does not fail for want of a row.
    """
    try:
        return engine.deadline(code, start).due
    except InvalidInput:
        return start + else_after


def contact_changes() -> QuerySet[ContactChange]:
    """Return the changes of contacts, the newest first."""
    return ContactChange.objects.select_related(
        "agency", "officer", "destination", "proposed_by", "ended_by", "call__called_by"
    )


def open_changes_of(agency: Agency) -> QuerySet[ContactChange]:
    """Return the changes of an agency's contacts that wait for a call, or are held."""
    return ContactChange.objects.filter(agency=agency, state__in=OPEN)


def contact_change(pk: int) -> ContactChange:
    """Return one change of a contact, or raise NotFound."""
    found = contact_changes().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def hold_is_over(change: ContactChange) -> bool:
    """Tell whether a change was held for as long as policy says, so that a second person may make it."""
    return change.state == ChangeState.HELD and (change.held_until or clock.now()) <= clock.now()


def changes_by_proposal(agency: Agency) -> bool:
    """Tell whether the contacts of an agency change by a proposal only: once somebody verified it.

    Where commands to the platform itself go is looked at by a second person in another way.
    """
    return agency.verified_at is not None and not is_platform(agency)


def calls_of(agency: Agency) -> QuerySet[CallBack]:
    """Return the calls to an agency, the newest first."""
    return CallBack.objects.filter(agency=agency).select_related("officer", "called_by", "asked_by")


def call(pk: int) -> CallBack:
    """Return one call, or raise NotFound."""
    found = CallBack.objects.select_related("agency", "officer").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def has_key_waiting(agency: Agency) -> bool:
    """Tell whether somebody still has to confirm a key of an agency."""
    return keys_of(agency).filter(confirmed_at__isnull=True, revoked_at__isnull=True).exists()


def namesakes_of(agency: Agency) -> list[Agency]:
    """Return the other agencies of the same identifier, in any country, however it is spaced."""
    return list(agencies().filter(identifier_key=bare(agency.identifier)).exclude(pk=agency.pk))


def taken_up() -> QuerySet[Agency]:
    """Return the agencies that somebody wrote a number down for; those only listed are found by searching."""
    return agencies().exclude(phone="")


def imports() -> QuerySet[DirectoryImport]:
    """Return the files of agencies that were taken in, the newest first."""
    return DirectoryImport.objects.select_related("imported_by")


def unsigned_until(agency: Agency) -> datetime | None:
    """Return until when another administrator decides whether the agency may send unsigned."""
    proposed = agency.unsigned_proposed_at
    return proposed + PROPOSAL_LASTS if proposed is not None else None


def unsigned_waits(agency: Agency) -> bool:
    """Tell whether somebody proposed, not too long ago, to let the agency send unsigned."""
    until = unsigned_until(agency)
    return until is not None and clock.now() < until


def officers_of(agency: Agency) -> QuerySet[Officer]:
    """Return the officers of an agency, those without access too."""
    return Officer.objects.filter(agency=agency).select_related("user", "agency")


def officer_of(user: User) -> Officer | None:
    """Return the officer that `user` is now; None where not verified, expired, suspended, or the agency is.

    Asked at each request, so access ends with the verification and not with the token.
    """
    found = Officer.objects.select_related("agency", "user").filter(user=user).first()
    return found if found is not None and may_act(found) else None


def may_act(officer: Officer) -> bool:
    """Tell whether an officer may act for the agency now."""
    return (
        officer.user.is_active
        and officer.suspended_at is None
        and officer.left_at is None
        and officer.verified_at is not None
        and officer.expires_at is not None
        and officer.expires_at > clock.now()
        and is_open(officer.agency)
    )


def agency_of(user: User) -> Agency | None:
    """Return the agency that `user` may act for now, or None."""
    officer = officer_of(user)
    return officer.agency if officer is not None else None


def standing_of(user: User) -> Standing | None:
    """Return what holds for a caller of the API who is at an agency; None for anybody else."""
    found = Officer.objects.select_related("agency", "user").filter(user=user).first()
    if found is None:
        return None
    agency = found.agency

    def key_of(key_id: str) -> Ed25519PublicKey | None:
        key = keys_of(agency).filter(key_id=key_id).first()
        if key is None or not key.is_in_use:
            return None
        return Ed25519PublicKey.from_public_bytes(bytes(key.public_key))

    may = may_act(found)
    return Standing(
        may_act=may,
        acts_for=agency if may else None,
        group=f"agency-{agency.pk}",
        must_sign=agency.must_sign,
        key_of=key_of,
    )


def keys_of(agency: Agency) -> QuerySet[AgencyKey]:
    """Return the keys of an agency, newest first, revoked ones too."""
    return AgencyKey.objects.filter(agency=agency).select_related("registered_by", "confirmed_by")


def tokens_of(agency: Agency) -> QuerySet[ApiToken]:
    """Return the tokens of an agency's officers and systems, newest first, dead ones too."""
    return access.tokens_of_people(Officer.objects.filter(agency=agency).values_list("user", flat=True))


def is_open(agency: Agency) -> bool:
    """Tell whether we talk to an agency: it is verified and not suspended."""
    return agency.verified_at is not None and agency.suspended_at is None


def destinations_open() -> QuerySet[Destination]:
    """Return the destinations that a message may go to now."""
    return _destinations().filter(
        Q(agency__verified_at__isnull=False), enabled=True, agency__suspended_at__isnull=True
    )


def is_platform(agency: Agency) -> bool:
    """Tell whether an agency is the platform itself, verified by a second person like any other."""
    return agency.kind == AgencyKind.PLATFORM


def platforms_open() -> QuerySet[Destination]:
    """Return the open destinations of the platform itself, confirmed or not, the oldest first."""
    return destinations_open().filter(agency__kind=AgencyKind.PLATFORM).order_by("pk")


def platforms_own(channels: Collection[str]) -> Destination | None:
    """Return the open, confirmed destination of the platform itself on one of these channels, or None.

    The oldest, so that all commands take one way, in which their order holds.
    """
    return next(filter(is_confirmed, platforms_open().filter(channel__in=channels)), None)


def is_confirmed(destination: Destination) -> bool:
    """Tell whether a second person looked at where the platform's own destination leads now.

    That of anybody else needs no such look: each message that goes there is approved by a person.
    """
    if not is_platform(destination.agency):
        return True
    return destination.confirmed_fingerprint == destination_fingerprint(destination)


def destinations_of(agency: Agency) -> QuerySet[Destination]:
    """Return the destinations of an agency, closed ones too."""
    return _destinations().filter(agency=agency)


def destination(pk: int) -> Destination:
    """Return one destination with its agency, or raise NotFound."""
    found = _destinations().filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


# A part of somebody else's statement: a destination as it stands now, for the bus, which reads it with every
# batch. Of its agency only the name and the identifier are read; of itself what sending needs.
_OF_ITSELF: Final = ("id", "agency_id", "title", "channel", "config", "enabled")
NOW_WIDTH: Final = len(_OF_ITSELF) + 3
NOW: Final = f"""
        SELECT h.id, h.agency_id, h.title, h.channel, {selected("h.id", "h.config")} AS config, h.enabled,
            h.enabled AND a.verified_at IS NOT NULL AND a.suspended_at IS NULL AS open, a.name, a.identifier
        FROM partners_destination h JOIN partners_agency a ON a.id = h.agency_id
        WHERE h.id = %(destination)s
"""  # noqa: S608  # nosec B608 - a constant


def destination_in(row: Sequence[Any]) -> tuple[Destination | None, bool]:
    """Return the destination at the head of a row, NOW_WIDTH columns wide, and whether it is open.

    None where its sealed configuration does not open.
    """
    *known, config, enabled, is_open, name, identifier = row[:NOW_WIDTH]
    try:
        config = opened(Destination, "config", config)
    except SealBroken:
        return None, is_open
    using = router.db_for_read(Destination)
    found = Destination.from_db(using, _OF_ITSELF, [*known, config, enabled])
    found.agency = Agency.from_db(using, ("id", "name", "identifier"), [found.agency_id, name, identifier])
    return found, is_open


def destination_called_back(inbound_id: str) -> Destination:
    """Return the open destination of this callback address; raise NotFound, for a closed one too."""
    found = destinations_open().filter(inbound_id=inbound_id).first()
    if found is None:
        raise NotFound
    return found


def recipient_of(destination_id: int) -> str:
    """Return what tells a destination's agency from another of its name; nothing sealed is opened for it."""
    return str(Agency.objects.only("name", "identifier", "country").get(destinations=destination_id))


def is_destination_open(destination: Destination) -> bool:
    """Tell whether a message may go to a destination now; its agency is read afresh."""
    return destinations_open().filter(pk=destination.pk).exists()


def destination_fingerprint(destination: Destination) -> str:
    """Return `sha256:…` of whom a destination leads to and how, which an approval binds.

    Its agency's name and identifier, as whoever approves reads them; its channel and configuration, which
    holds references and never values.
    """
    agency = destination.agency
    bound = {"name": agency.name, "identifier": agency.identifier, "config": destination.config}
    return secrets.fingerprint(destination.channel, bound)


def _destinations() -> QuerySet[Destination]:
    return Destination.objects.select_related("agency")
