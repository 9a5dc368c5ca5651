"""News from partners, in the transaction that tells it: to verify, call and confirm is work for people."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.dispatch import receiver

from coordination.access.services import Role, User
from coordination.cases import services
from coordination.partners import selectors as partners
from coordination.partners.services import (
    Agency,
    AgencyKey,
    CallBack,
    ContactChange,
    Destination,
    Officer,
)
from coordination.partners.signals import (
    agency_registered,
    agency_settled,
    call_asked,
    called_back,
    contact_change_ended,
    contact_change_held,
    contact_change_proposed,
    destination_settled,
    destination_written,
    key_registered,
    key_settled,
    officer_registered,
    officer_settled,
    unsigned_ended,
    unsigned_proposed,
    verification_ends,
)

VERIFY_AGENCY = "verify_agency"
VERIFY_OFFICER = "verify_officer"
VERIFY_AGAIN = "verify_officer_again"
CALL_BACK = "call_back_agency"
CONFIRM_KEY = "confirm_key"
CALL_ABOUT_CONTACT = "call_about_contact"
CHANGE_CONTACT = "change_contact"
CONFIRM_DESTINATION = "confirm_destination"
DECIDE_UNSIGNED = "decide_unsigned"


@receiver(agency_registered, dispatch_uid="cases.ask_to_verify_agency")
def ask_to_verify_agency(sender: Any, *, agency: Agency, **_: Any) -> None:  # noqa: ARG001
    """Put a new agency before the administrators; another than who registered it verifies it."""
    services.open_task(
        None,
        kind=VERIFY_AGENCY,
        title=f"Verify {agency}"[:200],
        instructions=f"Registered by {agency.registered_by}. Find the number yourself, too, and call "
        f"{agency.phone}; then press Verify on the agency's page, or suspend it there.",
        role=Role.ADMINISTRATOR,
        about=f"partners.agency:{agency.pk}",
    )


@receiver(agency_settled, dispatch_uid="cases.end_verify_agency")
def end_verify_agency(sender: Any, *, agency: Agency, by: User | None, outcome: str, **_: Any) -> None:  # noqa: ARG001
    """End the task with what became of it."""
    services.end_tasks(about=f"partners.agency:{agency.pk}", kind=VERIFY_AGENCY, outcome=outcome, by=by)


@receiver(officer_registered, dispatch_uid="cases.ask_to_verify_officer")
def ask_to_verify_officer(sender: Any, *, officer: Officer, **_: Any) -> None:  # noqa: ARG001
    """Put a new officer before the administrators; another than who registered them verifies them."""
    services.open_task(
        None,
        kind=VERIFY_OFFICER,
        title=f"Verify {officer.user.username} of {officer.agency}"[:200],
        instructions=f"Registered by {officer.registered_by}. Call their agency, on a number that we found, "
        "and ask for them; then press Verify beside them on its page, or suspend them there.",
        role=Role.ADMINISTRATOR,
        about=f"partners.agency:{officer.agency_id}",
    )


@receiver(officer_settled, dispatch_uid="cases.end_verify_officer")
def end_verify_officer(sender: Any, *, agency: Agency, by: User | None, **_: Any) -> None:  # noqa: ARG001
    """End the task once no officer of this agency waits."""
    about = f"partners.agency:{agency.pk}"
    if not partners.has_officer_waiting(agency):
        services.end_tasks(about=about, kind=VERIFY_OFFICER, outcome="Verified, or suspended.", by=by)
    if not partners.has_officer_ending(agency):
        outcome = "Verified again, suspended, or gone."
        services.end_tasks(about=about, kind=VERIFY_AGAIN, outcome=outcome, by=by)


@receiver(verification_ends, dispatch_uid="cases.ask_to_verify_again")
def ask_to_verify_again(sender: Any, *, agency: Agency, ends_at: datetime | None, **_: Any) -> None:  # noqa: ARG001
    """Ask the administrators to call again before a verification ends; from then on nothing is opened."""
    services.open_task(
        None,
        kind=VERIFY_AGAIN,
        title=f"Verify officers of {agency} again"[:200],
        instructions="Their verification ends, to the second and without grace. Call their agency on the"
        " number on its page, ask for each, and record the call beside them there: still theirs, or left.",
        role=Role.ADMINISTRATOR,
        about=f"partners.agency:{agency.pk}",
        due_at=ends_at,
    )


@receiver(call_asked, dispatch_uid="cases.ask_to_call_back")
def ask_to_call_back(sender: Any, *, call: CallBack, priority: str, **_: Any) -> None:  # noqa: ARG001
    """Ask whoever is on shift to call an agency back, on our number."""
    services.open_task(
        None,
        kind=CALL_BACK,
        title=f"Call {call.agency} back about {call.about}"[:200],
        instructions="Its page has the number and what to say. Use no number from what they sent. Record"
        " there what they said.",
        role=Role.SAFETY_LIAISON,
        about=call.origin,
        priority=priority,
    )


@receiver(called_back, dispatch_uid="cases.end_call_back")
def end_call_back(sender: Any, *, call: CallBack, by: User, **_: Any) -> None:  # noqa: ARG001
    """End the task with what the call came to."""
    outcome = f"{call.get_outcome_display().replace('_', ' ').capitalize()}."
    services.end_tasks(about=call.origin, kind=CALL_BACK, outcome=outcome, by=by)


@receiver(contact_change_proposed, dispatch_uid="cases.ask_about_contact")
def ask_about_contact(sender: Any, *, change: ContactChange, **_: Any) -> None:  # noqa: ARG001
    """Ask the administrators to call the agency, on the old number, about a contact that is to change."""
    services.open_task(
        None,
        kind=CALL_ABOUT_CONTACT,
        title=f"Call about a change: {change}"[:200],
        instructions=f"Proposed by {change.proposed_by}. The page of the change has the old number and what"
        " to say. Call no other, and record there what they said.",
        role=Role.ADMINISTRATOR,
        about=change.origin,
    )


@receiver(contact_change_held, dispatch_uid="cases.ask_to_change_contact")
def ask_to_change_contact(sender: Any, *, change: ContactChange, by: User, **_: Any) -> None:  # noqa: ARG001
    """Ask another administrator to make the change when the hold is over, or to withdraw it."""
    about = change.origin
    services.end_tasks(about=about, kind=CALL_ABOUT_CONTACT, outcome="The agency confirmed it.", by=by)
    services.open_task(
        None,
        kind=CHANGE_CONTACT,
        title=f"Make or withdraw a change: {change}"[:200],
        instructions=f"Proposed by {change.proposed_by}, who does not make it. It is held until the time on"
        " its page; withdraw it where anything speaks against it, an answer from the old address above all.",
        role=Role.ADMINISTRATOR,
        about=about,
        due_at=change.held_until,
    )


@receiver(contact_change_ended, dispatch_uid="cases.end_change_contact")
def end_change_contact(sender: Any, *, change: ContactChange, by: User, **_: Any) -> None:  # noqa: ARG001
    """End the task with what became of the change."""
    outcome = f"{str(change.state).capitalize()}."
    for kind in (CALL_ABOUT_CONTACT, CHANGE_CONTACT):
        services.end_tasks(about=change.origin, kind=kind, outcome=outcome, by=by)


@receiver(key_registered, dispatch_uid="cases.ask_to_confirm_key")
def ask_to_confirm_key(sender: Any, *, key: AgencyKey, **_: Any) -> None:  # noqa: ARG001
    """Put a new key before the administrators; another than who registered it confirms it."""
    services.open_task(
        None,
        kind=CONFIRM_KEY,
        title=f"Confirm key {key.key_id} of {key.agency}"[:200],
        instructions=f"Registered by {key.registered_by}. Call the agency, on a number that we found, and "
        "have them read the key's id to you; then press Confirm beside it on their page, or revoke it there.",
        role=Role.ADMINISTRATOR,
        about=f"partners.agency:{key.agency_id}",
    )


@receiver(key_settled, dispatch_uid="cases.end_confirm_key")
def end_confirm_key(sender: Any, *, agency: Agency, by: User | None, **_: Any) -> None:  # noqa: ARG001
    """End the task once no key of this agency waits."""
    if not partners.has_key_waiting(agency):
        about, outcome = f"partners.agency:{agency.pk}", "Confirmed, or revoked."
        services.end_tasks(about=about, kind=CONFIRM_KEY, outcome=outcome, by=by)


@receiver(destination_written, dispatch_uid="cases.ask_to_confirm_destination")
def ask_to_confirm_destination(sender: Any, *, destination: Destination, **_: Any) -> None:  # noqa: ARG001
    """Put where commands to the platform go before the administrators; not who wrote it confirms it."""
    services.open_task(
        None,
        kind=CONFIRM_DESTINATION,
        title=f"Confirm where commands to the platform go: {destination.title}"[:200],
        instructions=f"Written by {destination.changed_by or 'nobody whom the records name'}. Ask those who"
        " run the platform which address is theirs; then press Confirm on the destination's page, or close it"
        " there. Until then commands wait.",
        role=Role.ADMINISTRATOR,
        about=f"partners.destination:{destination.pk}",
        priority="P0",
    )


@receiver(destination_settled, dispatch_uid="cases.end_confirm_destination")
def end_confirm_destination(
    sender: Any,  # noqa: ARG001
    *,
    destination: Destination,
    by: User | None,
    **_: Any,
) -> None:
    """End the task."""
    about = f"partners.destination:{destination.pk}"
    services.end_tasks(about=about, kind=CONFIRM_DESTINATION, outcome="Confirmed, or closed.", by=by)


@receiver(unsigned_proposed, dispatch_uid="cases.ask_about_unsigned")
def ask_about_unsigned(sender: Any, *, agency: Agency, **_: Any) -> None:  # noqa: ARG001
    """Put before the administrators that an agency may send unsigned; another than the proposer decides."""
    services.open_task(
        None,
        kind=DECIDE_UNSIGNED,
        title=f"Decide: may {agency.name} send unsigned?"[:200],
        instructions=f"Proposed by {agency.unsigned_proposed_by}: {agency.unsigned_reason}",
        role=Role.ADMINISTRATOR,
        about=f"partners.agency:{agency.pk}",
        due_at=partners.unsigned_until(agency),
    )


@receiver(unsigned_ended, dispatch_uid="cases.end_about_unsigned")
def end_about_unsigned(sender: Any, *, agency: Agency, by: User | None, outcome: str, **_: Any) -> None:  # noqa: ARG001
    """End the task with what became of it."""
    about = f"partners.agency:{agency.pk}"
    services.end_tasks(about=about, kind=DECIDE_UNSIGNED, outcome=outcome, by=by)


def _destination_waits(pk: int) -> bool:
    destination = partners.destination(pk)
    return destination.enabled and not partners.is_confirmed(destination)


# Whether what a task asks for is still to be done, by the number of the record that it is about.
WAITS: Final[dict[str, Callable[[int], bool]]] = {
    VERIFY_AGENCY: lambda pk: partners.awaits_verification(partners.agency(pk)),
    VERIFY_OFFICER: lambda pk: partners.has_officer_waiting(partners.agency(pk)),
    VERIFY_AGAIN: lambda pk: partners.has_officer_ending(partners.agency(pk)),
    CONFIRM_KEY: lambda pk: partners.has_key_waiting(partners.agency(pk)),
    DECIDE_UNSIGNED: lambda pk: partners.unsigned_waits(partners.agency(pk)),
    CALL_BACK: lambda pk: not partners.call(pk).outcome,
    CALL_ABOUT_CONTACT: lambda pk: partners.contact_change(pk).state == "proposed",
    CHANGE_CONTACT: lambda pk: partners.contact_change(pk).state == "held",
    CONFIRM_DESTINATION: _destination_waits,
}
