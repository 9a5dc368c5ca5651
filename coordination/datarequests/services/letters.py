"""Letters about a data request, as PDFs with a stable layout."""

import io
from collections.abc import Sequence

from django.conf import settings

from coordination.access.services import User
from coordination.core import clock
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services.facial import Look
from coordination.datarequests.services.records import lock, require_of_agency
from coordination.datarequests.workflow import NoticeKind
from coordination.documents import render_pdf
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.policy import selectors as policy


def deficiency(request: DataRequest, lacking: Sequence[Look]) -> bytes:
    """Return the letter that says what a request lacks, point by point, and what to supply.

    It says nothing of the accounts, nor whether they exist.
    """
    context = {
        "created_at": clock.now(),
        "title": f"Deficiency letter {request.reference}",
        "platform": settings.PLATFORM_NAME,
        "reference": request.reference,
        "agency": request.agency.name,
        "process": request.get_process_display(),
        "return_on": f"{request.return_on} ({request.zone})" if request.return_on else "",
        "lacking": lacking,
    }
    return render_pdf("datarequests/letters/deficiency.html", context)


def silence_reminder(request: DataRequest) -> bytes:
    """Return the letter that reminds a requester of the end of their order, and of what then follows."""
    context = {
        "created_at": clock.now(),
        "title": f"Reminder {request.reference}",
        "platform": settings.PLATFORM_NAME,
        "reference": request.reference,
        "agency": request.agency.name,
        "process": request.get_process_display(),
        "until": f"{request.non_disclosure_until} ({request.zone})",
    }
    return render_pdf("datarequests/letters/silence_reminder.html", context)


def user_notice(request: DataRequest, kind: NoticeKind) -> bytes:
    """Return the letter that tells a user of a request: that it will be answered, or was.

    It names no account, for a process may name more than one, and neither officer nor reason.
    """
    days = policy.clock_row("us.user-notice").amount
    context = {
        "created_at": clock.now(),
        "title": f"Notice {request.reference}",
        "platform": settings.PLATFORM_NAME,
        "reference": request.reference,
        "agency": request.agency.name,
        "process": request.get_process_display(),
        "court": "" if request.is_sealed else request.court,
        "categories": ", ".join(each.replace("_", " ") for each in request.categories),
        "range": f"{request.range_from} to {request.range_until} ({request.zone})"
        if request.range_from
        else "",
        "days": days,
        "copy": request.scan_id is not None and not request.is_sealed,
    }
    return render_pdf(f"datarequests/letters/{kind}_notice.html", context)


def hand_out(request: DataRequest, *, by: User) -> bytes | None:
    """Return the newest deficiency letter to an officer of the agency; the custody event is written first.

    None where there is none. Raises NotPermitted for anybody else, and Refused where it has expired.
    """
    fresh = lock(request)
    require_of_agency(fresh, by)
    newest = fresh.deficiencies.filter(letter__isnull=False).select_related("letter").last()
    if newest is None or newest.letter is None:
        return None
    why = f"{fresh.agency.name} fetched the deficiency letter of data request {fresh.reference}"
    return b"".join(evidence.copy_out(newest.letter, by=None, why=why))


def keep(
    request: DataRequest,
    letter: bytes,
    *,
    by: User | None,
    name: str = "deficiency",
    what: str = "Deficiency",
) -> Exhibit:
    """Take a letter into the case, so that it is known what was said."""
    exhibit, _ = evidence.take_in(
        request.case.reference,
        by=by,
        content=io.BytesIO(letter),
        filename=f"{request.reference}-{name}.pdf",
        why=f"{what} letter of data request {request.reference}",
        what=f"{what} letter",
    )
    return exhibit
