"""The calls that people make about a referral: a portal is not an emergency line."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.partners.services import Agency
from coordination.policy import selectors as policy
from coordination.referrals.models import Addressee, Referral
from coordination.referrals.services import places
from coordination.referrals.services.clocks import pace, start

RESPONDER = "responder"
PHONE_NOW = "phone_now"
PHONE_CORRECTION = "phone_correction"
PHONE_RECALL = "phone_recall"
CORRECTION_SCRIPT = """
This is the safety desk of an online platform. We reported a danger to life in your area, and what we
reported was wrong. We have sent a written correction and will read you its reference. I will tell you what
was wrong and what is true. Please tell whoever acted on the first report, and give me your name and your
incident number.
"""
BY_PHONE_ALONE = """
Nothing was sent to them: their destination is closed, or the agency is suspended. Tell them by telephone,
and write down as the outcome who heard it, when, and under which reference of theirs.
"""
STOPPED = """
The written correction to them was stopped and is not sent any more. Tell them by telephone, and write down as
the outcome who heard it, when, and under which reference of theirs.
"""
PUT_ASIDE = (
    "Ask them to put it aside and to tell whoever acts on it; a correction follows. Write down as the "
    "outcome who heard it, and when."
)
NO_NUMBER = (
    "No call centre is on record for these places: find its full number and note the source. "
    "Do not call 911 or 112: they route by the place you call from."
)


def phone_them_now(referral: Referral, addressees: list[Addressee]) -> None:
    """Open the task to call the call centre of the place: a portal is not an emergency line."""
    rule = policy.phone_rule(referral.priority)
    if rule is None:
        return
    about = referral.origin
    due = start(referral, rule.clock, f"{rule.title}: {referral.reference}", about=about)
    script = CORRECTION_SCRIPT if referral.corrects_id else rule.script
    cases.open_task(
        referral.case,
        kind=PHONE_NOW,
        title=f"{rule.title}: referral {referral.reference}",
        role=Role.SAFETY_LIAISON,
        instructions="\n\n".join([*_numbers(referral, addressees), _filled_in(script, referral)]),
        about=about,
        priority="P0",
        due_at=due,
    )


def phone_correction(correction: Referral, row: Addressee, *, why: str = BY_PHONE_ALONE) -> None:
    """Open the task to tell a recipient of a correction by telephone, with its clock, and say why."""
    agency = row.destination.agency
    title = f"{correction.reference}: correct by telephone with {agency}"[:200]
    due = start(correction, f"policy.ack-{pace(correction)}", title, about=row.origin, zone=agency.time_zone)
    words = [
        number_of(agency),
        why.strip(),
        f"What was wrong: {correction.correction_wrong}",
        f"What is true: {correction.correction_true}",
    ]
    cases.open_task(
        correction.case,
        kind=PHONE_CORRECTION,
        title=title,
        role=Role.SAFETY_LIAISON,
        instructions="\n\n".join(words),
        about=row.origin,
        priority=correction.priority,
        due_at=due,
    )


def phone_recall(referral: Referral, row: Addressee, *, reason: str) -> None:
    """Open the task to ask a recipient by telephone to give a referral back."""
    agency = row.destination.agency
    words = [
        number_of(agency),
        PUT_ASIDE,
        f"Why: {reason}",
    ]
    cases.open_task(
        referral.case,
        kind=PHONE_RECALL,
        title=f"{referral.reference}: ask {agency} by telephone to give it back"[:200],
        role=Role.SAFETY_LIAISON,
        instructions="\n\n".join(words),
        about=row.origin,
        priority=referral.priority,
    )


def stop_phoning(referral: Referral, *, by: User, outcome: str) -> None:
    """End the tasks and the clocks of calls that must not be made any more; the referral has ended."""
    for row in referral.addressees.all():
        if cases.end_tasks(about=row.origin, kind=PHONE_CORRECTION, outcome=outcome, by=by, cancel=True):
            cases.cancel_deadline(referral.case, code=f"policy.ack-{pace(referral)}", about=row.origin)
    cases.end_tasks(about=referral.origin, kind=PHONE_NOW, outcome=outcome, by=by, cancel=True)
    rule = policy.phone_rule(referral.priority)
    if rule is not None:
        cases.cancel_deadline(referral.case, code=rule.clock, about=referral.origin)


def call_no_more(referral: Referral, *, by: User | None) -> None:
    """End the call that was still to be made, in true words, once every recipient has acknowledged."""
    said = "Not called: every recipient acknowledged first."
    if not cases.end_tasks(about=referral.origin, kind=PHONE_NOW, outcome=said, by=by, cancel=True):
        return
    rule = policy.phone_rule(referral.priority)
    if rule is not None:
        cases.cancel_deadline(referral.case, code=rule.clock, about=referral.origin)


def ask_who_has_it(addressee: Addressee, due: datetime) -> str:
    """Return what to do where a recipient's acknowledgement is late: whom to call, and what to ask."""
    agency = addressee.destination.agency
    there = due.astimezone(ZoneInfo(agency.time_zone))
    return (
        f"They did not acknowledge by {there:%Y-%m-%d %H:%M} {there.tzname()}.\n\n"
        f"Call {number_of(agency)}. Ask whether a named person has {addressee.referral.reference}, and have "
        "them acknowledge. Do they not have it? Say so on the delivery, and tell them by telephone."
    )


def ask_what_came_of_it(referral: Referral) -> str:
    """Return what to do where no outcome came: whom to call, and what to record."""
    rows = referral.addressees.select_related("destination__agency")
    numbers = "\n".join(number_of(row.destination.agency) for row in rows)
    return (
        f"No outcome came in time. Call:\n{numbers}\n\nAsk what came of {referral.reference}, "
        "then Record the outcome on its page."
    )


def number_of(agency: Agency) -> str:
    """Return an agency with all that tells it from another of its name, and the number that we found."""
    return f"{agency}, from our directory: {agency.phone or 'no number; find it and note the source'}"


def _filled_in(script: str, referral: Referral) -> str:
    """Return a script with what is known in the place of the words that a pack has for it."""
    known = {
        "an online platform": settings.PLATFORM_NAME,
        "read you its reference": f"read you its reference, {referral.reference}",
        "a number that is answered at any hour": settings.CONTACT_PHONE
        and f"our number that is answered at any hour, {settings.CONTACT_PHONE}",
    }
    # A pack breaks its lines where its file does.
    said = " ".join(script.split())
    for words, filled in known.items():
        said = said.replace(words, filled or words)
    return said


def _numbers(referral: Referral, addressees: list[Addressee]) -> list[str]:
    """Return the recipients' own numbers, then each call centre: of the places known, else of theirs."""
    agencies = [each.destination.agency for each in addressees]
    lines = [number_of(agency) for agency in agencies if agency.phone]
    # A place that only the user named is not called: that is how a hoax sends police to somebody's door.
    known = places.to_call(referral, list(referral.facts.all()))
    known += [agency.region for agency in agencies if agency.region]
    centres = {number.place: number for place in known if (number := policy.emergency_number(place))}
    lines += [
        f"{each.place}: {each.number} (source: {each.source}; checked {each.checked_on:%Y-%m-%d})"
        for each in centres.values()
    ]
    # A crisis line answers itself: it sends nobody to a door as a call centre does.
    if not centres and not all(agency.kind == RESPONDER for agency in agencies):
        lines.append(NO_NUMBER)
    return lines
