"""Finding accounts under another blind-index key."""

from django.db import IntegrityError, transaction

from coordination.cases import selectors
from coordination.cases.models import Subject
from coordination.core.rotation import Batch


@transaction.atomic
def reindex_accounts(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of subjects. Where a case has one twice, the second is left and named."""
    rows = Subject.objects.select_for_update().order_by("pk")
    subjects = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in subjects if bytes(each.account_index) != selectors.account_index(each.account)]
    stuck = tuple(f"cases_subject:{each.pk}" for each in todo if change and not _indexed(each))
    return Batch(last=subjects[-1].pk if subjects else None, found=len(todo), stuck=stuck)


def _indexed(subject: Subject) -> bool:
    subject.account_index = selectors.account_index(subject.account)
    try:
        with transaction.atomic():
            subject.save(update_fields=["account_index"])
    except IntegrityError:
        return False
    return True
