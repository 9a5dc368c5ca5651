"""By what flags are found again, under today's blind-index key."""

from django.db import transaction

from coordination.cases import selectors as cases
from coordination.core.rotation import Batch
from coordination.core.sealing import blind_index
from coordination.triage.models import Flag, TargetAccount
from coordination.triage.services.matching import known_of


def index(flag: Flag) -> None:
    """Write by what a flag is found: its account, who reported it, the identifiers of its subject."""
    flag.account_index = cases.account_index(flag.account)
    flag.reporter_index = blind_index("reporter", flag.reporter, as_is=True) if flag.reporter else None
    flag.marks = [known.index for known in known_of(flag)]


@transaction.atomic
def reindex_flags(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of flags."""
    rows = Flag.objects.select_for_update(of=("self",)).order_by("pk")
    flags = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in flags if bytes(each.account_index) != cases.account_index(each.account)]
    for flag in todo if change else ():
        index(flag)
        flag.save(update_fields=["account_index", "reporter_index", "marks"])
    return Batch(last=flags[-1].pk if flags else None, found=len(todo))


@transaction.atomic
def reindex_targets(*, after: object, most: int, change: bool) -> Batch:
    """Index anew the accounts of targets."""
    rows = TargetAccount.objects.select_for_update(of=("self",)).order_by("pk")
    found = list((rows.filter(pk__gt=after) if after else rows)[:most])
    todo = [each for each in found if bytes(each.account_index) != cases.account_index(each.account)]
    for row in todo if change else ():
        row.account_index = cases.account_index(row.account)
        row.save(update_fields=["account_index"])
    return Batch(last=found[-1].pk if found else None, found=len(todo))
