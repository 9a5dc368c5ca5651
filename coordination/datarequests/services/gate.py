"""The gate: one thing that would go out, against process, categories, named accounts and date range.

The database refuses the same (migrations/0002_gate.py). Here it is said why.
"""

from datetime import datetime

from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.services import clocks
from coordination.policy.workflow import ProcessData


def check(
    request: DataRequest,
    account: NamedAccount,
    category: str,
    span: tuple[datetime, datetime] | None,
    *,
    relates: str = "",
) -> None:
    """Raise Refused with rule, citation and reason where a thing may not go out, whoever asks."""
    if category not in [*ProcessData]:
        raise InvalidInput("category", f"One of {', '.join(ProcessData)}.")
    gate = request.gate
    if gate is None:
        raise _refusal(request, "the process has not been accepted")
    if category not in gate.categories:
        reaches = ", ".join(gate.categories) or "nothing"
        raise _refusal(request, f"it reaches {reaches}, and not {category}")
    if category not in request.categories:
        raise _refusal(request, f"{category} was not asked for")
    if gate.related_only and not relates.strip():
        raise _refusal(request, "say how this relates to the emergency; nothing else goes out")
    if account.request_id != request.pk or account.struck_at is not None:
        raise _refusal(request, "it names no such account")
    if account.account_index is None:
        raise _refusal(request, "nobody has said yet which account is named")
    if account.is_held:
        raise _refusal(request, "the account is protected, and counsel has not cleared it")
    _check_time(request, category, span)


def _check_time(request: DataRequest, category: str, span: tuple[datetime, datetime] | None) -> None:
    gate = request.gate
    if span is None:
        if gate is None or category not in gate.undated:
            raise _refusal(
                request, f"{category} has a time: without one nobody knows that it is in the range"
            )
        return
    if any(each.tzinfo is None for each in span):
        raise InvalidInput("earliest", "A time needs a zone.")
    found = clocks.bounds(request)
    if found is None:
        raise _refusal(request, "it names no range of dates, and this has a time")
    begins, ends = found
    if not (begins <= span[0] <= span[1] < ends):
        days = f"{request.range_from} to {request.range_until} in {request.zone}"
        raise _refusal(request, f"this is outside its range, {days}")


def _refusal(request: DataRequest, why: str) -> Refused:
    gate = request.gate
    citation = gate.citation if gate is not None else ""
    process = request.get_process_display()
    return Refused(
        f"This may not go out under a {process}: {why}{f' ({citation})' if citation else ''}.",
        rule=gate.code if gate is not None else "datarequests.gate",
        citation=citation,
    )
