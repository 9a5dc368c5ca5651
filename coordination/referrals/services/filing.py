"""Filing a referral and working on the draft. Once it is in review its content is frozen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock, identifiers
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, raise_all
from coordination.partners import selectors as partners
from coordination.partners.services import Destination
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import PROVENANCE, Addressee, Fact, Item, Referral
from coordination.referrals.services import places
from coordination.referrals.services.records import (
    danger_missing,
    limited,
    permitted,
    required,
    trace,
    unhurried_missing,
)
from coordination.referrals.signals import place_named
from coordination.referrals.workflow import ReferralState

PRIORITIES = ("P0", "normal")
_LONGEST = {"title": 200, "feared_when": 200, "reporter": 120}
_LONGEST_TEXT = 20_000
_ALWAYS = frozenset({"title", "feared", "why_suspicious", "correction_wrong", "correction_true"})
_FIELDS = frozenset(
    {
        *("title", "feared", "feared_when", "why_suspicious", "danger_to_life", "danger_reason"),
        *("priority", "priority_reason", "prior_reports", "reporter", "consent", "place_confirmed"),
    }
)
_CORRECTION_FIELDS = frozenset({"correction_wrong", "correction_true"})


@transaction.atomic
def file(
    case: Case,
    *,
    by: User,
    title: str,
    feared: str,
    why_suspicious: str,
    danger_to_life: bool = False,
    danger_reason: str = "",
    feared_when: str = "",
    priority: str = "normal",
    priority_reason: str = "",
    prior_reports: str = "",
    reporter: str = "",
    consent: str = "",
    place_confirmed: str = "",
) -> Referral:
    """File a referral as a draft. A P0 states the danger to life and why; a danger to life at normal priority
    says in `priority_reason` why it waits its turn.

    Raises InvalidInput naming each field that is wrong, NotFound for a case not visible.
    """
    access.require(by, "referrals.file_referral")
    cases.require_case(by, case, "work_case")
    values = {
        "title": title,
        "feared": feared,
        "why_suspicious": why_suspicious,
        "danger_to_life": danger_to_life,
        "danger_reason": danger_reason,
        "feared_when": feared_when,
        "priority": priority,
        "priority_reason": priority_reason,
        "prior_reports": prior_reports,
        "reporter": reporter,
        "consent": consent,
        "place_confirmed": place_confirmed,
    }
    referral = Referral(reference=identifiers.reference("R"), case=case, filed_by=by, filed_at=clock.now())
    _fill(referral, values)
    referral.save(force_insert=True)
    referral.authors.add(by)
    trace(referral, "filed", f"Referral {referral.reference} filed", by=by, details={"priority": priority})
    return referral


@transaction.atomic
def revise(referral: Referral, *, by: User, **fields: Any) -> Referral:
    """Change the draft's own fields. Raises IllegalTransition once it is in review: the content is frozen."""
    draft = _draft(referral, by, "revise")
    known = _CORRECTION_FIELDS if draft.corrects_id else _FIELDS
    raise_all(
        [InvalidInput(name, "This is not a field of the draft.") for name in fields if name not in known]
    )
    _fill(draft, fields)
    draft.save(update_fields=[*fields])
    trace(draft, "revised", f"Referral {draft.reference} revised", by=by, details={"fields": sorted(fields)})
    return draft


@transaction.atomic
def add_item(
    referral: Referral,
    *,
    by: User,
    title: str,
    category: str,
    content: str,
    provenance: str,
    reason: str,
    basis: str = "",
    chosen: bool = True,
    occurred_at: datetime | None = None,
    occurred_zone: str = "",
) -> Item:
    """Add one thing that may be disclosed, chosen to be sent or not, with the reason for either.

    `occurred_zone` names the zone of the clock that showed `occurred_at` there (America/Denver).
    """
    draft = _draft(referral, by, "add to it")
    if occurred_at is not None and occurred_at.tzinfo is None:
        raise InvalidInput("occurred_at", "A time needs a zone.")
    item = Item.objects.create(
        referral=_not_correction(draft),
        title=required("title", limited("title", title, 200)),
        category=policy.data_category(category),
        content=required("content", content),
        provenance=_provenance(provenance),
        reason=required("reason", limited("reason", reason, 500)),
        basis=_basis(basis),
        chosen=chosen,
        occurred_at=occurred_at,
        occurred_zone=_zone(occurred_zone) if occurred_at else "",
    )
    _trace_part(draft, "item_added", by, item=item.pk, category=category, basis=basis, chosen=chosen)
    return item


@transaction.atomic
def remove_item(item: Item, *, by: User) -> None:
    """Take an item out of a draft."""
    draft = _draft(item.referral, by, "take from it")
    _trace_part(draft, "item_removed", by, item=item.pk, category=item.category)
    item.delete()


@transaction.atomic
def add_fact(
    referral: Referral,
    *,
    by: User,
    about: str,
    label: str,
    value: str,
    category: str,
    provenance: str,
    basis: str = "",
    confidence: str = "",
    place_source: str = "",
    place_confidence: int | None = None,
    possible_proxy: bool = False,
) -> Fact:
    """Add one thing said about the subject or the target. It leaves with the referral, under its basis.

    A place says how it is known (`place_source`, PlaceSource) and how surely (`place_confidence`, per cent);
    one that only the user named is claimed, whatever else is said of it.
    """
    draft = _draft(referral, by, "add to it")
    if about not in ("subject", "target"):
        raise InvalidInput("about", "A fact is about the subject or the target.")
    raise_all(places.check(category, place_source, place_confidence, possible_proxy=possible_proxy))
    if category == DataCategory.LOCATION and provenance != places.CLAIMED and not place_source:
        place_named.send(sender=Fact, referral=draft, value=value)
    fact = Fact.objects.create(
        referral=_not_correction(draft),
        about=about,
        label=required("label", limited("label", label, 100)),
        value=required("value", value),
        category=policy.data_category(category),
        provenance=_provenance(provenance),
        basis=_basis(basis),
        confidence=limited("confidence", confidence, 60),
        place_source=place_source,
        place_confidence=place_confidence,
        possible_proxy=possible_proxy,
    )
    _trace_part(draft, "fact_added", by, fact=fact.pk, category=category, basis=basis)
    return fact


@transaction.atomic
def remove_fact(fact: Fact, *, by: User) -> None:
    """Take a fact out of a draft."""
    draft = _draft(fact.referral, by, "take from it")
    _trace_part(draft, "fact_removed", by, fact=fact.pk, category=fact.category)
    fact.delete()


@transaction.atomic
def add_addressee(referral: Referral, *, by: User, destination: Destination) -> Addressee:
    """Add a recipient. Raises InvalidInput where the destination is not open, Conflict where it is there."""
    draft = _not_correction(_draft(referral, by, "add to it"))
    if not partners.destinations_open().filter(pk=destination.pk).exists():
        raise InvalidInput(
            "destination", "This destination is not open: it is off, or its agency is not verified."
        )
    if draft.addressees.filter(destination=destination).exists():
        raise Conflict("This recipient is on the referral already.")
    addressee = Addressee.objects.create(referral=draft, destination=destination)
    _trace_part(draft, "addressee_added", by, addressee=addressee.pk, destination=destination.pk)
    return addressee


@transaction.atomic
def remove_addressee(addressee: Addressee, *, by: User) -> None:
    """Take a recipient off a draft."""
    draft = _not_correction(_draft(addressee.referral, by, "take from it"))
    _trace_part(draft, "addressee_removed", by, addressee=addressee.pk, destination=addressee.destination_id)
    addressee.delete()


def _draft(referral: Referral, by: User, verb: str) -> Referral:
    locked = permitted(referral, by=by, permission="file_referral")
    if locked.state != ReferralState.DRAFT:
        raise IllegalTransition(locked.state, verb)
    # Whoever writes any of it does not approve it. What they took out again does not undo that.
    locked.authors.add(by)
    return locked


def _fill(draft: Referral, fields: Mapping[str, Any]) -> None:
    """Put the fields into the draft, or raise InvalidInput naming all that are wrong, or missing for it."""
    found = []
    for name, value in fields.items():
        try:
            setattr(draft, name, _clean(name, value))
        except InvalidInput as error:
            found.append(error)
    if not found and not draft.corrects_id:
        found = danger_missing(draft) if draft.priority == "P0" else unhurried_missing(draft)
    raise_all(found)


def _not_correction(draft: Referral) -> Referral:
    if draft.corrects_id:
        raise InvalidInput(
            "corrects", "A correction goes to every recipient of the original and adds nothing."
        )
    return draft


def _clean(name: str, value: Any) -> Any:
    if name == "danger_to_life":
        if not isinstance(value, bool):
            raise InvalidInput(name, "Yes or no.")
        return value
    if not isinstance(value, str):
        raise InvalidInput(name, "This is text.")
    if name == "priority" and value not in PRIORITIES:
        raise InvalidInput(name, f"The priority is one of {', '.join(PRIORITIES)}.")
    text = limited(name, value, _LONGEST.get(name, _LONGEST_TEXT))
    return required(name, text) if name in _ALWAYS else text


def _provenance(value: str) -> str:
    known = [name for name, _ in PROVENANCE]
    if value not in known:
        raise InvalidInput("provenance", f"The provenance is one of {', '.join(known)}.")
    return value


def _zone(name: str) -> str:
    if name and name not in clock.zones():
        raise InvalidInput("occurred_zone", "The zone's name, as in America/Denver.")
    return name


def _basis(code: str) -> str:
    if code:
        try:
            policy.legal_basis(code)
        except InvalidInput as error:
            raise InvalidInput("basis", str(error)) from error
    return code


def _trace_part(draft: Referral, action: str, by: User, **details: Any) -> None:
    words = action.replace("addressee", "recipient").replace("_", " ").capitalize()
    trace(draft, action, f"{words} ({draft.reference})", by=by, details=details)
