"""Agencies: registered by one person, verified by another, suspended at once."""

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.agencylist import bare
from coordination.partners.kinds import AgencyKind
from coordination.partners.models import Agency, Officer
from coordination.partners.services.words import (
    chosen,
    country_code,
    domain_name,
    mail_address,
    said,
    telephone,
    zone,
)

CHANGE = "partners.change_agency"
CONTACTS = ("kind", "recipient_class", "time_zone", "domain", "phone", "mailbox", "address")
SUSPENSION = ("suspended_at", "suspended_by")
RECIPIENT_CLASSES = ("us_government", "foreign_government", "private_responder", "addressee", "other_private")


@transaction.atomic
def register_agency(
    *,
    by: User | None,
    name: str,
    identifier: str,
    kind: str,
    recipient_class: str,
    country: str,
    phone: str,
    region: str = "",
    time_zone: str = "UTC",
    domain: str = "",
    mailbox: str = "",
    address: str = "",
) -> Agency:
    """Write down an agency. Nothing goes to it and nobody acts for it before another person has verified it.

    `identifier` is its ORI, court code or registry number, once per country however it is spaced; `phone` is
    from our own directory: who verifies the agency calls it. Raises InvalidInput naming the field. `by` is
    None for set-up only, where nobody is asked to verify it.
    """
    require(by)
    if kind == AgencyKind.PLATFORM and recipient_class != "other_private":
        raise InvalidInput("recipient_class", "The platform itself is none of these: other private.")
    agency = Agency(
        name=said("name", name, longest=200),
        identifier=said("identifier", identifier, longest=60),
        identifier_key=bare(identifier),
        kind=chosen("kind", kind, AgencyKind.values),
        recipient_class=chosen("recipient_class", recipient_class, RECIPIENT_CLASSES),
        country=country_code(country),
        region=region.strip(),
        time_zone=zone(time_zone),
        domain=domain_name(domain),
        mailbox=mail_address(mailbox),
        address=address.strip()[:300],
        phone=telephone(phone),
        registered_by=by,
    )
    known = [each for each in selectors.namesakes_of(agency) if each.country == agency.country]
    if known:
        raise InvalidInput("identifier", f"{known[0]} is registered with this identifier.")
    agency.save(force_insert=True)
    details = {"kind": agency.kind, "recipient_class": recipient_class, "country": agency.country}
    ledger.record("partners.agency_registered", subject=subject_of(agency), by=by, details=details)
    if by is not None:
        signals.agency_registered.send(sender=Agency, agency=agency)
    return agency


@transaction.atomic
def write_contacts(
    agency: Agency,
    *,
    by: User,
    kind: str,
    recipient_class: str,
    time_zone: str,
    domain: str,
    phone: str,
    mailbox: str = "",
    address: str = "",
) -> Agency:
    """Write down what was found out about an agency that nobody verified, one from a list for instance.

    Whoever writes it counts as who registered the agency: another person verifies it. Raises Refused for a
    verified agency, whose contacts change another way, and InvalidInput naming the field.
    """
    require(by)
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if locked.verified_at is not None:
        raise Refused("The contacts of a verified agency change by a proposal.", rule="contact-change")
    if kind == AgencyKind.PLATFORM and recipient_class != "other_private":
        raise InvalidInput("recipient_class", "The platform itself is none of these: other private.")
    locked.kind = chosen("kind", kind, AgencyKind.values)
    locked.recipient_class = chosen("recipient_class", recipient_class, RECIPIENT_CLASSES)
    locked.time_zone, locked.domain, locked.phone = zone(time_zone), domain_name(domain), telephone(phone)
    locked.mailbox, locked.address = mail_address(mailbox), address.strip()[:300]
    locked.registered_by = by
    locked.save(update_fields=[*CONTACTS, "registered_by"])
    details = {"kind": locked.kind, "recipient_class": recipient_class}
    ledger.record("partners.agency_contacts_written", subject=subject_of(agency), by=by, details=details)
    signals.agency_registered.send(sender=Agency, agency=locked)
    refresh(agency, locked, *CONTACTS, "registered_by_id")
    return locked


@transaction.atomic
def verify_agency(agency: Agency, *, by: User | None, how_verified: str) -> Agency:
    """Record how we know that an agency is what it says; lifts a suspension.

    Raises Refused for the person who registered it, for the one who suspended it, and where no number of it
    is on file.
    """
    require(by)
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    other_person(by, locked)
    if not locked.phone:
        raise Refused("There is no number of ours to call: write the contacts down first.", rule="call-back")
    how = said("how_verified", how_verified, longest=300)
    locked.verified_at, locked.verified_by, locked.how_verified = clock.now(), by, how
    locked.suspended_at = locked.suspended_by = None
    locked.save(update_fields=["verified_at", "verified_by", "how_verified", *SUSPENSION])
    ledger.record(
        "partners.agency_verified",
        subject=subject_of(agency),
        by=by,
        details={"how_digest": ledger.digest(how)},
    )
    signals.agency_settled.send(sender=Agency, agency=locked, by=by, outcome="Verified.")
    refresh(agency, locked, "verified_at", "verified_by_id", "how_verified", "suspended_at")
    return locked


@transaction.atomic
def suspend_agency(agency: Agency, *, by: User | None, reason: str) -> Agency:
    """Cut an agency off at once: its officers open nothing, and what is queued for it is held at send."""
    require(by)
    return cut_off(agency, by=by, reason=reason)


def cut_off(agency: Agency, *, by: User | None, reason: str) -> Agency:
    """Suspend an agency, in the caller's transaction, for who was asked for their right before."""
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if locked.suspended_at is not None:
        raise Refused("The agency is suspended already.", rule="suspended")
    locked.suspended_at, locked.suspended_by = clock.now(), by
    locked.save(update_fields=SUSPENSION)
    ledger.record(
        "partners.agency_suspended",
        subject=subject_of(agency),
        by=by,
        details={"reason_digest": ledger.digest(said("reason", reason, longest=2_000))},
    )
    signals.agency_settled.send(sender=Agency, agency=locked, by=by, outcome="Suspended.")
    refresh(agency, locked, "suspended_at")
    return locked


def subject_of(agency: Agency) -> str:
    """Return how the ledger names an agency."""
    return f"agency:{agency.pk}"


def require(by: User | None) -> None:
    """Raise NotPermitted for who does not keep agencies. None is set-up."""
    if by is not None:
        access.require(by, CHANGE)


def other_person(by: User | None, record: Agency | Officer) -> None:
    """Raise Refused for who registered the record, and for who suspended it."""
    if by is not None and by.pk == record.registered_by_id:
        raise Refused("Whoever registered this does not verify it.", rule="separation-of-duties")
    if by is not None and by.pk == record.suspended_by_id:
        raise Refused("Whoever suspended this does not lift it: ask another.", rule="separation-of-duties")


def refresh(given: Agency | Officer, locked: Agency | Officer, *names: str) -> None:
    """Bring what the caller holds up to what was written."""
    for name in names:
        setattr(given, name, getattr(locked, name))
