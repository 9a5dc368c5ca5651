"""Protective orders: recorded by counsel; while one is in force nothing is lifted."""

from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput
from coordination.ledger import services as ledger
from coordination.restrictions import selectors
from coordination.restrictions.models import ProtectiveOrder
from coordination.restrictions.services.words import account_of, one_at_a_time, permitted, said

KEEP: Final = "restrictions.keep_order"


@transaction.atomic
def record_order(
    case: Case,
    *,
    by: User,
    court: str,
    number: str,
    valid_from: datetime,
    valid_until: datetime | None = None,
    account: str = "",
    exhibit: str = "",
) -> ProtectiveOrder:
    """Record a court's protective order against one account, or every account of the case.

    Raises InvalidInput naming `account`, `court`, `number`, `valid_from` or `valid_until`.
    """
    permitted(case, by, KEEP)
    if valid_until is not None and valid_until <= valid_from:
        raise InvalidInput("valid_until", "This is not after its beginning.")
    known = account_of(case, account, by) if account.strip() else ""
    guarded = [known] if known else [each.account for each in case_selectors.subjects_of(case)]
    # A lift that is under way ends before, or finds it.
    one_at_a_time(guarded)
    list(selectors.touched_by(case, guarded, whole=not known).select_for_update(of=("self",)))
    order = ProtectiveOrder.objects.create(
        case=case,
        account=known,
        account_index=case_selectors.account_index(known) if known else None,
        court=said("court", court, 200),
        number=said("number", number, 100),
        valid_from=valid_from,
        valid_until=valid_until,
        exhibit=exhibit.strip()[:80],
        recorded_by=by,
        recorded_at=clock.now(),
    )
    until = ledger.timestamp(valid_until) if valid_until else ""
    _trace("order_recorded", order, "A protective order was recorded", by=by, until=until)
    return order


@transaction.atomic
def end_order(order: ProtectiveOrder, *, by: User, reason: str) -> ProtectiveOrder:
    """Record that a court ended an order before its time, and how that is known."""
    permitted(order.case, by, KEEP)
    why = said("reason", reason)
    rows = ProtectiveOrder.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.get(pk=order.pk)
    if locked.ended_at is not None:
        raise IllegalTransition("ended", "end")
    locked.ended_by, locked.ended_at, locked.end_reason = by, clock.now(), why
    locked.save(update_fields=["ended_by", "ended_at", "end_reason"])
    _trace(
        "order_ended",
        locked,
        "A protective order was ended",
        by=by,
        detail=why,
        reason_digest=ledger.digest(why),
    )
    return locked


def _trace(
    action: str, order: ProtectiveOrder, title: str, *, by: User, detail: str = "", **details: ledger.Value
) -> None:
    ledger.record(
        f"restrictions.{action}", subject=order.case.reference, by=by, details={"order": order.pk, **details}
    )
    cases.add_event(order.case, kind=f"restrictions.{action}", title=title, by=by, detail=detail)
