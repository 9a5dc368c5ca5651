"""Where messages go. What a destination says is checked by its channel's own form; secrets are references."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.channels import registry, secrets
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import selectors, signals
from coordination.partners.models import Agency, Destination
from coordination.partners.selectors import (
    changes_by_proposal,
    destination_fingerprint,
    is_confirmed,
    is_platform,
)
from coordination.partners.services.words import said

CHANGE = "partners.change_destination"
REFERENCE_ONLY: Final = "A secret is named as secret:NAME; its value is kept elsewhere."
# A field of this name holds a secret, whatever its form says of it; so does a value that begins like a key.
_SECRET_NAME = re.compile(r"(^|_)(secret|password|passphrase|token|api_?key|private_?key|credential)s?(_|$)")
_SECRET_VALUE = re.compile(r"^(whsec_|whsk_|Bearer\s)|-----BEGIN [A-Z ]*PRIVATE KEY")


@transaction.atomic
def add_destination(
    agency: Agency,
    *,
    by: User | None,
    title: str,
    channel: str,
    config: Mapping[str, Any],
    how_known: str,
    checked_on: date | None = None,
    enabled: bool = True,
) -> Destination:
    """Add a way to reach an agency. `how_known` says how we know that this address is theirs.

    What a person adds to a verified agency is closed until another opens it: a new address is a changed one.
    Raises InvalidInput naming `title`, `channel`, `how_known` or, from the channel's own form, a field of
    the configuration. A secret is a reference (`secret:NAME`); its value is refused.
    """
    _require(by)
    kept: Any = clean_config(channel, config)
    destination = Destination(
        agency=agency,
        title=said("title", title, longest=200),
        channel=channel,
        config=kept,
        how_known=said("how_known", how_known, longest=300),
        checked_on=checked_on,
        enabled=enabled and (by is None or not changes_by_proposal(agency)),
        created_at=clock.now(),
        changed_by=by,
    )
    if Destination.objects.filter(agency=agency, title=destination.title).exists():
        raise InvalidInput("title", "This agency has a destination of this title.")
    if by is None:
        destination.confirmed_fingerprint = destination_fingerprint(destination)
    destination.save(force_insert=True)
    _record("partners.destination_added", destination, by=by, channel=channel)
    _ask_to_confirm(destination, by)
    return destination


@transaction.atomic
def confirm_destination(
    destination: Destination, *, by: User, fingerprint: str, how_confirmed: str
) -> Destination:
    """Let commands go where the platform's own destination leads now; `fingerprint` is that of what was seen.

    Raises Refused for whoever wrote it, for a destination of anybody else and one that is confirmed, and
    Conflict where it is not what was seen.
    """
    _require(by)
    locked = _locked(destination)
    if is_confirmed(locked):
        raise Refused("Nothing waits to be confirmed here.", rule="destination-state")
    if by.pk == locked.changed_by_id:
        raise Refused("Whoever wrote this address does not confirm it.", rule="separation-of-duties")
    if fingerprint != destination_fingerprint(locked):
        raise Conflict("The destination is not what you saw; look again before you confirm it.")
    locked.confirmed_fingerprint, locked.confirmed_by, locked.confirmed_at = fingerprint, by, clock.now()
    locked.how_confirmed = said("how_confirmed", how_confirmed, longest=300)
    locked.save()
    _record(
        "partners.destination_confirmed",
        locked,
        by=by,
        confirmed_how_digest=ledger.digest(locked.how_confirmed),
    )
    signals.destination_settled.send(sender=Destination, destination=locked, by=by)
    return locked


@transaction.atomic
def change_destination(
    destination: Destination,
    *,
    by: User | None,
    title: str | None = None,
    config: Mapping[str, Any] | None = None,
    how_known: str | None = None,
    checked_on: date | None = None,
    enabled: bool | None = None,
) -> Destination:
    """Change what is given. Raises InvalidInput naming the field.

    A changed configuration has another fingerprint: what was approved for the old one does not leave, and
    commands to the platform itself wait until another person has confirmed it (`confirm_destination`). Where
    a verified agency is reached changes by a proposal alone (`propose_contact_change`); raises Refused. The
    channel of a destination never changes: close it and add another.
    """
    _require(by)
    locked = _locked(destination)
    before, kept = destination_fingerprint(locked), _words(locked)
    if config is not None:
        locked.config = clean_config(locked.channel, config)
    if title is not None:
        locked.title = said("title", title, longest=200)
    if how_known is not None:
        locked.how_known = said("how_known", how_known, longest=300)
    if destination_fingerprint(locked) != before and how_known is None and by is not None:
        raise InvalidInput("how_known", "Say how we know that the new address is theirs.")
    if destination_fingerprint(locked) != before and by is not None and changes_by_proposal(locked.agency):
        raise Refused(
            "Where it leads changes by a proposal: the agency is called first.", rule="contact-change"
        )
    _note_who(locked, before, by)
    locked.checked_on = checked_on or locked.checked_on
    was_enabled, locked.enabled = locked.enabled, locked.enabled if enabled is None else enabled
    _other_opens(locked, by, was_enabled)
    if _words(locked) == kept:
        return locked
    twin = Destination.objects.filter(agency=locked.agency, title=locked.title).exclude(pk=locked.pk)
    if twin.exists():
        raise InvalidInput("title", "This agency has a destination of this title.")
    locked.save()
    _record("partners.destination_changed", locked, by=by, fingerprint_before=before)
    if was_enabled != locked.enabled:
        action = "partners.destination_opened" if locked.enabled else "partners.destination_closed"
        _record(action, locked, by=by)
    _ask_to_confirm(locked, by)
    destination.refresh_from_db()
    return locked


@transaction.atomic
def ask_about_waiting() -> int:
    """Ask to confirm each open destination of the platform itself that waits; return how many wait.

    For a periodic job: one may wait that nobody wrote, since it stood before a second person was asked for,
    or since its agency has another name now. Where it was asked already, that task stands.
    """
    waiting = [each for each in selectors.platforms_open() if not is_confirmed(each)]
    for each in waiting:
        signals.destination_written.send(sender=Destination, destination=each)
    return len(waiting)


def needs_proposal(destination: Destination, config: Mapping[str, Any]) -> bool:
    """Tell whether this configuration is another, and changes by a proposal. Raises as `clean_config`."""
    if not changes_by_proposal(destination.agency):
        return False
    return clean_config(destination.channel, config) != dict(destination.config)


def _note_who(locked: Destination, before: str, by: User | None) -> None:
    """Note who changed where it leads. While one person's word waits, another adds nothing to it."""
    now = destination_fingerprint(locked)
    if now == before:
        return
    waited = is_platform(locked.agency) and locked.confirmed_fingerprint != before
    if waited and by is not None and locked.changed_by_id not in (None, by.pk):
        raise Refused(
            "What another administrator wrote here waits to be confirmed: confirm it, or close it and add"
            " another destination.",
            rule="separation-of-duties",
        )
    locked.changed_by, locked.confirmed_by, locked.confirmed_at, locked.how_confirmed = by, None, None, None
    locked.confirmed_fingerprint = "" if by is not None else now


def _other_opens(locked: Destination, by: User | None, was_enabled: bool) -> None:
    """Raise Refused for who wrote the address of a verified agency and would open it, too."""
    if was_enabled or not locked.enabled or by is None:
        return
    if by.pk == locked.changed_by_id and changes_by_proposal(locked.agency):
        why = "Whoever wrote this address does not open it: ask another."
        raise Refused(why, rule="separation-of-duties")


def _ask_to_confirm(destination: Destination, by: User | None) -> None:
    """Have another administrator look, as long as something would go there."""
    if is_platform(destination.agency) and destination.enabled and not is_confirmed(destination):
        signals.destination_written.send(sender=Destination, destination=destination)
    elif is_platform(destination.agency):
        signals.destination_settled.send(sender=Destination, destination=destination, by=by)


def _locked(destination: Destination) -> Destination:
    rows = Destination.objects.select_for_update(of=("self",)).select_related("agency")
    return rows.get(pk=destination.pk)


def _words(destination: Destination) -> tuple[object, ...]:
    it = destination
    return dict(it.config), it.title, it.how_known, it.checked_on, it.enabled


def clean_config(channel: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration as the channel's form cleans it, or raise InvalidInput naming its field."""
    try:
        form_class = registry.channel(channel).config_form
    except registry.UnknownChannel:
        raise InvalidInput(
            "channel", "No channel of this name is installed, or its plugin is not in PLUGINS_ALLOWED."
        ) from None
    unknown = set(config) - set(form_class.base_fields)
    if unknown:
        raise InvalidInput(min(unknown), f"The channel {channel} has no such field.")
    form = form_class(data=dict(config))
    if not form.is_valid():
        field, messages = next(iter(form.errors.items()))
        raise InvalidInput("config" if field == "__all__" else field, " ".join(map(str, messages)))
    for name, value in form.cleaned_data.items():
        if is_secret(name, value, form.fields[name]):
            raise InvalidInput(name, REFERENCE_ONLY)
    return {name: _plain(name, value) for name, value in form.cleaned_data.items()}


def is_secret(name: str, value: object, field: forms.Field) -> bool:
    """Tell whether a secret itself stands where its reference should: by its field, or its looks."""
    text = value.strip() if isinstance(value, str) else ""
    named = isinstance(field, secrets.SecretReferenceField) or _SECRET_NAME.search(name)
    return bool(text and not secrets.REFERENCE.fullmatch(text) and (named or _SECRET_VALUE.search(text)))


def _plain(name: str, value: object) -> object:
    """Return what JSON holds; a form field that gives anything else is the plugin's fault and is said."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(name, each) for each in value]
    raise InvalidInput(name, "This channel's form gives a value that cannot be kept.")


def _require(by: User | None) -> None:
    if by is not None:
        access.require(by, CHANGE)


def _record(action: str, destination: Destination, *, by: User | None, **details: str) -> None:
    ledger.record(
        action,
        subject=f"destination:{destination.pk}",
        by=by,
        details={
            "agency": destination.agency_id,
            "fingerprint": destination_fingerprint(destination),
            "how_digest": ledger.digest(destination.how_known),
            **details,
        },
    )
