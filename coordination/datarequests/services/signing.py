"""What was collected goes out: another person checks it, counsel signs one digest, it is handed out."""

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Conflict, NotPermitted, Refused
from coordination.datarequests.models import DataRequest, Production
from coordination.datarequests.services import calling, clocks, naming, requesters, voiding
from coordination.datarequests.services.counsel import is_counsel
from coordination.datarequests.services.records import lock, move, permitted, required, trace
from coordination.datarequests.signals import produced
from coordination.datarequests.workflow import REQUEST, RequestVerb
from coordination.evidence import services as evidence


@transaction.atomic
def quality_check(request: DataRequest, *, by: User, digest: str) -> Production:
    """Say that what was collected is right: somebody who collected none of it, of exactly this package.

    Raises Refused for who collected, Conflict where `digest` is not that of the package.
    """
    locked = permitted(request, by=by, permission="check_quality", verb=RequestVerb.PASS_QUALITY)
    production = _production(locked, digest)
    _require_another(production, by)
    _require_good(locked)
    production.checked_by, production.checked_at = by, clock.now()
    production.save(update_fields=["checked_by", "checked_at"])
    move(locked, RequestVerb.PASS_QUALITY)
    calling.done(locked, calling.QUALITY, by=by, outcome="Checked.")
    calling.ask(
        locked,
        calling.SIGN,
        "Sign off the production for",
        words="It is one package with one SHA-256. Look at each item and sign that digest, or send it back.",
    )
    trace(locked, "quality_checked", "checked by another person", by=by, details={"package_sha256": digest})
    return production


@transaction.atomic
def send_back(request: DataRequest, *, by: User, reason: str) -> DataRequest:
    """Send it back to be collected anew: digest, check and signature are gone with it."""
    locked = lock(request)
    REQUEST.after(locked.state, RequestVerb.SEND_BACK)
    permission = "check_quality" if locked.state == "quality_check" else "sign_off_production"
    permitted(request, by=by, permission=permission)
    why = required("reason", reason, "Say what is wrong.", longest=4_000)
    return _reopen(locked, by=by, why=why)


@transaction.atomic
def sign_off(request: DataRequest, *, by: User, digest: str) -> Production:
    """Sign the package with exactly this SHA-256: counsel, who collected none of it.

    It stands until the request is narrowed, withdrawn, objected to, expires or its requester is suspended.
    Raises Conflict where `digest` is not that of the package.
    """
    locked = permitted(request, by=by, permission="sign_off_production", verb=RequestVerb.SIGN_OFF)
    if not is_counsel(by):
        raise NotPermitted
    production = _production(locked, digest)
    _require_another(production, by)
    _require_good(locked)
    production.signed_by, production.signed_at, production.signed_digest = by, clock.now(), digest
    production.save(update_fields=["signed_by", "signed_at", "signed_digest"])
    move(locked, RequestVerb.SIGN_OFF)
    calling.done(locked, calling.SIGN, by=by, outcome="Signed off.")
    calling.ask(
        locked,
        calling.PRODUCE,
        "Hand out",
        words="Counsel signed it off: hand out what was signed.",
    )
    trace(locked, "signed_off", "counsel signed it off", by=by, details={"package_sha256": digest})
    return production


@transaction.atomic
def produce(request: DataRequest, *, by: User) -> Production:
    """Release what counsel signed, and nothing else: from here the verified officer can be given it.

    All is asked once more: process in force, requester standing, accounts cleared, the digest as signed.
    """
    locked = permitted(request, by=by, permission="produce_datarequest", verb=RequestVerb.PRODUCE)
    production = _production(locked, None)
    package = production.package
    if production.signed_by_id is None or package is None or package.sha256 != production.signed_digest:
        raise Refused("Counsel has not signed this package.", rule="datarequests.sign-off")
    _require_good(locked)
    items = production.items.select_related("exhibit")
    references = [package.reference, *(each.exhibit.reference for each in items)]
    evidence.release(
        locked.case.reference,
        references=references,
        by=by,
        recipient=locked.agency.name,
        why=f"Production for data request {locked.reference}",
    )
    production.produced_by, production.produced_at = by, clock.now()
    production.save(update_fields=["produced_by", "produced_at"])
    move(locked, RequestVerb.PRODUCE)
    clocks.stop(locked, met=True, by=by)
    calling.done(locked, calling.PRODUCE, by=by, outcome="Produced.")
    trace(
        locked,
        "produced",
        "produced",
        by=by,
        details={"package": package.reference, "package_sha256": production.signed_digest},
    )
    produced.send(sender=Production, production=production, by=by)
    return production


@transaction.atomic
def deliver(request: DataRequest, *, by: User) -> DataRequest:
    """Record that it was handed to the requester: by a person of the desk, or by the officer who took it.

    Who asks has to stand at this moment too. The edge that hands it out calls this first.
    """
    locked = _handed(request, by, RequestVerb.DELIVER)
    _require_good(locked)
    move(locked, RequestVerb.DELIVER)
    trace(locked, "delivered", "handed to the requester", by=by)
    return locked


@transaction.atomic
def acknowledge(request: DataRequest, *, by: User, reference: str = "") -> DataRequest:
    """Record that the requester has it, with their own reference where they gave one."""
    locked = _handed(request, by, RequestVerb.ACKNOWLEDGE)
    move(locked, RequestVerb.ACKNOWLEDGE)
    trace(locked, "acknowledged", "the requester has it", by=by, detail=reference.strip())
    return locked


@transaction.atomic
def follow_suspension(request: DataRequest, *, by: User | None) -> None:
    """Void what counsel signed where who asks stands no more; nothing where nothing was signed."""
    locked = lock(request)
    if RequestVerb.SEND_BACK in REQUEST.allowed(locked.state):
        _reopen(locked, by=by, why="Who asks is suspended, or no longer verified.")


def _handed(request: DataRequest, by: User, verb: RequestVerb) -> DataRequest:
    if by.is_staff:
        return permitted(request, by=by, permission="produce_datarequest", verb=verb)
    locked = lock(request)
    if locked.officer is None or locked.officer.user_id != by.pk:
        raise NotPermitted
    REQUEST.after(locked.state, verb)
    return locked


def _reopen(locked: DataRequest, *, by: User | None, why: str) -> DataRequest:
    production = _production(locked, None)
    signed = production.signed_by_id is not None
    voiding.reopen(production)
    move(locked, RequestVerb.SEND_BACK)
    calling.done(
        locked, calling.QUALITY, calling.SIGN, calling.PRODUCE, by=by, outcome="Sent back.", cancel=True
    )
    calling.ask(locked, calling.COLLECT, "Collect anew for", words=why)
    trace(
        locked, "sent_back", "sent back to be collected anew", by=by, detail=why, details={"signed": signed}
    )
    return locked


def _production(request: DataRequest, digest: str | None) -> Production:
    production = voiding.standing_production(request)
    if production is None:
        raise Conflict("There is no production: it was voided.")
    if digest is not None and (not digest or digest != production.digest):
        raise Conflict("This is not the digest of the package that was handed in.")
    return production


def _require_another(production: Production, by: User) -> None:
    if production.handed_in_by_id == by.pk or production.collectors.filter(pk=by.pk).exists():
        raise Refused("Who collected any of it neither checks nor signs it.", rule="datarequests.two-people")


def _require_good(request: DataRequest) -> None:
    clocks.require_in_force(request)
    requesters.require_standing(request)
    naming.require_cleared(request)
