"""Finding restricted, preserved and protected-from accounts under another blind-index key."""

from collections.abc import Sequence
from typing import TypeAlias

from django.db import IntegrityError, transaction

from coordination.cases import selectors as cases
from coordination.core.rotation import Batch
from coordination.restrictions.models import Preservation, ProtectiveOrder, Restriction

_Indexed: TypeAlias = Restriction | Preservation | ProtectiveOrder


@transaction.atomic
def reindex_restrictions(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of restrictions. Where a case has one twice, the second is left and named."""
    rows = Restriction.objects.select_for_update(of=("self",)).order_by("pk")
    return _reindex("restriction", list((rows.filter(pk__gt=after) if after else rows)[:most]), change=change)


@transaction.atomic
def reindex_preservations(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of preservations, likewise."""
    rows = Preservation.objects.select_for_update(of=("self",)).order_by("pk")
    return _reindex(
        "preservation", list((rows.filter(pk__gt=after) if after else rows)[:most]), change=change
    )


@transaction.atomic
def reindex_orders(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of protective orders; an order against every account of its case has none."""
    rows = ProtectiveOrder.objects.select_for_update(of=("self",)).order_by("pk")
    rows = rows.exclude(account_index=None)
    return _reindex(
        "protectiveorder", list((rows.filter(pk__gt=after) if after else rows)[:most]), change=change
    )


def _reindex(kind: str, found: Sequence[_Indexed], *, change: bool) -> Batch:
    todo = [each for each in found if bytes(each.account_index or b"") != cases.account_index(each.account)]
    stuck = tuple(f"restrictions.{kind}:{each.pk}" for each in todo if change and not _indexed(each))
    return Batch(last=found[-1].pk if found else None, found=len(todo), stuck=stuck)


def _indexed(row: _Indexed) -> bool:
    row.account_index = cases.account_index(row.account)
    try:
        with transaction.atomic():
            row.save(update_fields=["account_index"])
    except IntegrityError:
        return False
    return True
