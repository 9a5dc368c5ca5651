"""Collecting what goes out, item by item through the gate; handing it in as one package with one digest."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.datarequests.models import DataRequest, NamedAccount, Production, ProductionItem
from coordination.datarequests.services import calling, clocks, gate, naming, packing, requesters, voiding
from coordination.datarequests.services.records import lock_account, move, permitted, trace
from coordination.datarequests.workflow import RequestState, RequestVerb
from coordination.evidence.services import Exhibit
from coordination.policy.workflow import ProcessData

COLLECT = "collect_datarequest"


@transaction.atomic
def collect(request: DataRequest, *, by: User) -> Production:
    """Begin to collect: once the notice window is over, or silence was decided. Returns the production."""
    locked = permitted(request, by=by, permission=COLLECT, verb=RequestVerb.COLLECT)
    _require_good(locked)
    if locked.state == RequestState.NOTICE_WINDOW and (
        locked.notice_until is None or clock.now() <= locked.notice_until
    ):
        raise Refused("The user's window to object is not over.", rule="datarequests.notice-window")
    production = Production.objects.create(request=locked, begun_by=by, begun_at=clock.now())
    move(locked, RequestVerb.COLLECT)
    calling.done(locked, calling.COLLECT, calling.NOTICE, by=by, outcome="Being collected.")
    trace(locked, "collecting", "is being collected", by=by)
    return production


@transaction.atomic
def add_item(
    request: DataRequest,
    *,
    by: User,
    account: NamedAccount,
    category: str,
    exhibit: Exhibit,
    earliest: datetime | None = None,
    latest: datetime | None = None,
    relates: str = "",
    redactions: int = 0,
    nobody_elses: bool = False,
) -> ProductionItem:
    """Put an exhibit of the case into the production, tagged by account, category and time.

    Content is a redacted copy, or `by` says that nobody else's words are in it (`nobody_elses`). Raises
    Refused by the gate, with the reason; the database refuses the same from anywhere.
    """
    locked = permitted(request, by=by, permission=COLLECT, verb=RequestVerb.ADD_ITEM)
    _require_good(locked)
    if (earliest is None) != (latest is None):
        raise InvalidInput("latest", "From when and to when, or neither.")
    span = (earliest, latest) if earliest is not None and latest is not None else None
    named = lock_account(account)
    gate.check(locked, named, category, span, relates=relates)
    if exhibit.case_reference != locked.case.reference:
        raise Refused("This exhibit is of another case.", rule="datarequests.of-another-case")
    if category == ProcessData.CONTENT and exhibit.kind != "redacted" and not nobody_elses:
        raise Refused(
            "What others wrote is redacted first: put in a redacted copy, or say that nobody else's words "
            "are in it.",
            rule="datarequests.third-parties",
        )
    production = _production(locked)
    if production.items.filter(exhibit=exhibit).exists():
        raise Conflict("It is in the production already.")
    item = ProductionItem.objects.create(
        production=production,
        account=named,
        category=category,
        exhibit=exhibit,
        earliest=earliest,
        latest=latest,
        relates=relates.strip() or None,
        redactions=redactions,
        nobody_elses_by=by if nobody_elses else None,
        added_by=by,
        added_at=clock.now(),
    )
    production.collectors.add(by)
    _trace_item(locked, "item_added", by, item)
    return item


@transaction.atomic
def remove_item(item: ProductionItem, *, by: User) -> None:
    """Take an item out of what is being collected."""
    locked = permitted(item.production.request, by=by, permission=COLLECT, verb=RequestVerb.ADD_ITEM)
    _trace_item(locked, "item_removed", by, item)
    item.delete()


def hand_in(request: DataRequest, *, by: User) -> Production:
    """Close the collection: all of it becomes one package, an exhibit whose SHA-256 is what others check.

    Raises Refused where nothing was collected, Conflict where somebody changed it while it was packed. Not
    for the inside of a transaction: the package is written first.
    """
    fresh, items = _ready(request, by=by)
    package = packing.pack(fresh, items, by=by)
    return _hand_in(fresh, by=by, package=package, items={each.pk for each in items})


@transaction.atomic
def _ready(request: DataRequest, *, by: User) -> tuple[DataRequest, list[ProductionItem]]:
    locked = permitted(request, by=by, permission=COLLECT, verb=RequestVerb.HAND_IN)
    _require_good(locked)
    items = list(_production(locked).items.select_related("account", "exhibit"))
    if not items:
        raise Refused("Nothing was collected: close it as no data.", rule="datarequests.nothing-collected")
    return locked, items


@transaction.atomic
def _hand_in(request: DataRequest, *, by: User, package: Exhibit, items: Collection[int]) -> Production:
    locked = permitted(request, by=by, permission=COLLECT, verb=RequestVerb.HAND_IN)
    production = _production(locked)
    if set(production.items.values_list("pk", flat=True)) != set(items):
        raise Conflict("Somebody changed what is collected while it was packed.")
    production.collectors.add(by)
    production.handed_in_by, production.handed_in_at = by, clock.now()
    production.package, production.digest = package, package.sha256
    production.save(update_fields=["handed_in_by", "handed_in_at", "package", "digest"])
    move(locked, RequestVerb.HAND_IN)
    calling.ask(
        locked,
        calling.QUALITY,
        "Check what was collected for",
        words="Another person than collected it looks at each item: account, category, time, redactions.",
    )
    trace(
        locked,
        "handed_in",
        f"{len(items)} items were handed in as {package.reference}",
        by=by,
        details={"package": package.reference, "package_sha256": package.sha256, "item_count": len(items)},
    )
    return production


def _require_good(request: DataRequest) -> None:
    clocks.require_in_force(request)
    requesters.require_standing(request)
    naming.require_cleared(request)


def _production(request: DataRequest) -> Production:
    production = voiding.standing_production(request)
    if production is None:
        raise Conflict("Nothing is being collected: begin again.")
    return production


def _trace_item(request: DataRequest, action: str, by: User, item: ProductionItem) -> None:
    trace(
        request,
        action,
        f"{action.replace('_', ' ')}, {item.category}",
        by=by,
        details={
            "item_id": item.pk,
            "account_id": item.account_id,
            "category": item.category,
            "exhibit": item.exhibit.reference,
            "redaction_count": item.redactions,
        },
    )
