"""Finding flags by their account under another blind-index key."""

from django.db import transaction

from coordination.cases import selectors as cases
from coordination.core.rotation import Batch
from coordination.triage.models import Flag


@transaction.atomic
def reindex_flags(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of flags."""
    rows = Flag.objects.select_for_update(of=("self",)).order_by("pk")
    flags = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in flags if bytes(each.account_index) != cases.account_index(each.account)]
    for flag in todo if change else ():
        flag.account_index = cases.account_index(flag.account)
        flag.save(update_fields=["account_index"])
    return Batch(last=flags[-1].pk if flags else None, found=len(todo))
