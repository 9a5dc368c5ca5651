"""What platforms publish of data requests, counted in the database: received, disclosed, and who was told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from coordination.datarequests.models import DataRequest, ProductionItem

_DISCLOSED = {"productions__voided_at": None, "productions__produced_at__isnull": False}


@dataclass(frozen=True, kw_only=True)
class Published:
    """Counts of requests by process and by country, of those disclosed, and of their users.

    Of the disclosed ones, `notified` are those whose user was told first, `gagged` those of which an order
    forbade it; `silent` counts the others by the reason that a person gave.
    """

    received: Mapping[str, int]
    disclosed: Mapping[str, int]
    countries: Mapping[str, int]
    accounts: int
    notified: int
    gagged: int
    silent: Counter[str]


def published(requests: QuerySet[DataRequest]) -> Published:
    """Count these data requests, whoever asks: for reports, never for a page of the desk."""
    disclosed = requests.filter(**_DISCLOSED)
    items = ProductionItem.objects.filter(production__request__in=disclosed, production__voided_at=None)
    untold = disclosed.filter(notice_until=None, non_disclosure=False)
    return Published(
        received=_by(requests, "process"),
        disclosed=_by(disclosed, "process"),
        countries=_by(requests, "agency__country"),
        accounts=items.values("account__account_index").distinct().count(),
        notified=disclosed.filter(notice_until__isnull=False).count(),
        gagged=disclosed.filter(notice_until=None, non_disclosure=True).count(),
        silent=Counter(each.silent_because for each in untold.only("silent_because")),
    )


def _by(requests: QuerySet[DataRequest], name: str) -> Counter[str]:
    rows = requests.order_by().values_list(name).annotate(number=Count("pk", distinct=True))
    return Counter(dict(rows))
