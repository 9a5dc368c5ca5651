"""Finding named accounts under another blind-index key."""

from django.db import IntegrityError, transaction

from coordination.cases import selectors as cases
from coordination.core.rotation import Batch
from coordination.datarequests.models import NamedAccount
from coordination.datarequests.preservationmodels import RequestedPreservation
from coordination.datarequests.services.naming import index_of


@transaction.atomic
def reindex_named_accounts(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the named accounts of data requests, and which accounts they are."""
    rows = NamedAccount.objects.select_for_update(of=("self",)).order_by("pk")
    found = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in found if not _is_right(each)]
    stuck = tuple(f"datarequests_namedaccount:{each.pk}" for each in todo if change and not _indexed(each))
    return Batch(last=found[-1].pk if found else None, found=len(todo), stuck=stuck)


@transaction.atomic
def reindex_preservations(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts that are kept for authorities."""
    rows = RequestedPreservation.objects.select_for_update(of=("self",)).order_by("pk")
    found = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in found if bytes(each.account_index) != cases.account_index(each.account)]
    for each in todo if change else ():
        each.account_index = cases.account_index(each.account)
        each.save(update_fields=["account_index"])
    return Batch(last=found[-1].pk if found else None, found=len(todo))


def _is_right(row: NamedAccount) -> bool:
    return bytes(row.index) == index_of(row.kind, row.value) and _bytes(row.account_index) == _account(row)


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return bytes(value) if value is not None else None


def _account(row: NamedAccount) -> bytes | None:
    return cases.account_index(row.account) if row.account is not None else None


def _indexed(row: NamedAccount) -> bool:
    row.index, row.account_index = index_of(row.kind, row.value), _account(row)
    try:
        with transaction.atomic():
            row.save(update_fields=["index", "account_index"])
    except IntegrityError:
        return False
    return True
