"""Agencies and officers: registered by one person, verified by another, suspended at once."""

from datetime import timedelta

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.agencylist import bare
from coordination.partners.models import Agency, AgencyKind, Officer
from coordination.partners.services.words import chosen, country_code, domain_name, said, telephone, zone

CHANGE = "partners.change_agency"
# Re-verified every 12 months; from then on the officer opens nothing.
VERIFICATION_LASTS = timedelta(days=365)
CONTACTS = ("kind", "recipient_class", "time_zone", "domain", "phone")
SUSPENSION = ("suspended_at", "suspended_by")
RECIPIENT_CLASSES = ("us_government", "foreign_government", "private_responder", "addressee", "other_private")
ROLE_OF_KIND = {AgencyKind.RESPONDER: Role.RESPONDER, AgencyKind.COUNSEL: Role.OUTSIDE_COUNSEL}


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
) -> Agency:
    """Write down an agency. Nothing goes to it and nobody acts for it before another person has verified it.

    `identifier` is its ORI, court code or registry number, once per country however it is spaced; `phone` is
    from our own directory: who verifies the agency calls it. Raises InvalidInput naming the field. `by` is
    None for set-up only, where nobody is asked to verify it.
    """
    _require(by)
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
    agency: Agency, *, by: User, kind: str, recipient_class: str, time_zone: str, domain: str, phone: str
) -> Agency:
    """Write down what was found out about an agency that nobody verified, one from a list for instance.

    Whoever writes it counts as who registered the agency: another person verifies it. Raises Refused for a
    verified agency, whose contacts change another way, and InvalidInput naming the field.
    """
    _require(by)
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    if locked.verified_at is not None:
        raise Refused("The contacts of a verified agency change by a proposal.", rule="contact-change")
    if kind == AgencyKind.PLATFORM and recipient_class != "other_private":
        raise InvalidInput("recipient_class", "The platform itself is none of these: other private.")
    locked.kind = chosen("kind", kind, AgencyKind.values)
    locked.recipient_class = chosen("recipient_class", recipient_class, RECIPIENT_CLASSES)
    locked.time_zone, locked.domain, locked.phone = zone(time_zone), domain_name(domain), telephone(phone)
    locked.registered_by = by
    locked.save(update_fields=[*CONTACTS, "registered_by"])
    details = {"kind": locked.kind, "recipient_class": recipient_class}
    ledger.record("partners.agency_contacts_written", subject=subject_of(agency), by=by, details=details)
    signals.agency_registered.send(sender=Agency, agency=locked)
    _refresh(agency, locked, *CONTACTS, "registered_by_id")
    return locked


@transaction.atomic
def verify_agency(agency: Agency, *, by: User | None, how_verified: str) -> Agency:
    """Record how we know that an agency is what it says; lifts a suspension.

    Raises Refused for the person who registered it, for the one who suspended it, and where no number of it
    is on file.
    """
    _require(by)
    locked = Agency.objects.select_for_update(of=("self",)).get(pk=agency.pk)
    _other_person(by, locked)
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
    _refresh(agency, locked, "verified_at", "verified_by_id", "how_verified", "suspended_at")
    return locked


@transaction.atomic
def suspend_agency(agency: Agency, *, by: User | None, reason: str) -> Agency:
    """Cut an agency off at once: its officers open nothing, and what is queued for it is held at send."""
    _require(by)
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
    _refresh(agency, locked, "suspended_at")
    return locked


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
    _require(by)
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
    """Record how we know that an officer is who they say: a call back to a number of ours. Lasts 12 months.

    Lifts a suspension. Raises Refused for the person who registered them, and for the one who suspended them.
    """
    _require(by)
    locked = _locked_officer(officer)
    _other_person(by, locked)
    how = said("how_verified", how_verified, longest=300)
    now = clock.now()
    locked.verified_at, locked.verified_by, locked.how_verified = now, by, how
    locked.expires_at = now + VERIFICATION_LASTS
    locked.suspended_at = locked.suspended_by = None
    locked.save(update_fields=["verified_at", "verified_by", "how_verified", "expires_at", *SUSPENSION])
    details = {"how_digest": ledger.digest(how), "until": ledger.timestamp(locked.expires_at)}
    _record_officer("partners.officer_verified", locked, by=by, **details)
    signals.officer_settled.send(sender=Officer, agency=locked.agency, by=by)
    _refresh(officer, locked, "verified_at", "verified_by_id", "how_verified", "expires_at", "suspended_at")
    return locked


@transaction.atomic
def suspend_officer(officer: Officer, *, by: User | None, reason: str) -> Officer:
    """Cut one officer off at once."""
    _require(by)
    locked = _locked_officer(officer)
    if locked.suspended_at is not None:
        raise Refused("The officer is suspended already.", rule="suspended")
    locked.suspended_at, locked.suspended_by = clock.now(), by
    locked.save(update_fields=SUSPENSION)
    why = ledger.digest(said("reason", reason, longest=2_000))
    _record_officer("partners.officer_suspended", locked, by=by, reason_digest=why)
    signals.officer_settled.send(sender=Officer, agency=locked.agency, by=by)
    _refresh(officer, locked, "suspended_at")
    return locked


def subject_of(agency: Agency) -> str:
    """Return how the ledger names an agency."""
    return f"agency:{agency.pk}"


def _require(by: User | None) -> None:
    if by is not None:
        access.require(by, CHANGE)


def _other_person(by: User | None, record: Agency | Officer) -> None:
    if by is not None and by.pk == record.registered_by_id:
        raise Refused("Whoever registered this does not verify it.", rule="separation-of-duties")
    if by is not None and by.pk == record.suspended_by_id:
        raise Refused("Whoever suspended this does not lift it: ask another.", rule="separation-of-duties")


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


def _refresh(given: Agency | Officer, locked: Agency | Officer, *names: str) -> None:
    for name in names:
        setattr(given, name, getattr(locked, name))
