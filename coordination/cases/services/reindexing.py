"""Finding accounts under another blind-index key."""

from django.db import IntegrityError, transaction

from coordination.cases import selectors
from coordination.cases.identities import ACCOUNT, Identity, account_identity, identity
from coordination.cases.models import Identifier, Subject
from coordination.core import clock
from coordination.core.rotation import Batch


@transaction.atomic
def reindex_accounts(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of subjects. Where a case has one twice, the second is left and named."""
    rows = Subject.objects.select_for_update().order_by("pk")
    subjects = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in subjects if bytes(each.account_index) != selectors.account_index(each.account)]
    stuck = tuple(f"cases_subject:{each.pk}" for each in todo if change and not _indexed(each))
    return Batch(last=subjects[-1].pk if subjects else None, found=len(todo), stuck=stuck)


@transaction.atomic
def reindex_identifiers(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the identifiers of cases. One that a case has under today's key already is retired."""
    rows = Identifier.objects.select_for_update().filter(retired_at=None).order_by("pk")
    found = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [(each, now) for each in found if (now := _known_by(each)) and bytes(each.alike) != now.alike]
    for row, now in todo if change else ():
        _keep(row, now)
    return Batch(last=found[-1].pk if found else None, found=len(todo))


def _known_by(row: Identifier) -> Identity | None:
    if row.kind == ACCOUNT:
        return account_identity(row.value)
    return identity(row.kind, row.value, provenance=row.provenance, verified=row.verified)


def _keep(row: Identifier, now: Identity) -> None:
    row.index, row.alike = now.index, now.alike
    try:
        with transaction.atomic():
            row.save(update_fields=["index", "alike"])
    except IntegrityError:  # it came again under today's key
        Identifier.objects.filter(pk=row.pk).update(retired_at=clock.now())
        if row.strong:
            Identifier.objects.filter(case=row.case_id, index=now.index).update(strong=True, verified=True)


def _indexed(subject: Subject) -> bool:
    subject.account_index = selectors.account_index(subject.account)
    try:
        with transaction.atomic():
            subject.save(update_fields=["account_index"])
    except IntegrityError:
        return False
    return True
