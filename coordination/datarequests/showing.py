"""What the page of a data request shows. Reads only; who may see the request was asked before."""

from dataclasses import dataclass
from typing import Any

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.datarequests import selectors, services
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.services import clocks
from coordination.datarequests.workflow import (
    BEFORE_ACCEPTED,
    PATHS,
    REQUEST,
    Path,
    RequestState,
    RequestVerb,
)
from coordination.policy import processes
from coordination.policy.workflow import Process, ProcessData

_S = RequestState
# What the page offers, and the verb of the workflow behind it.
VERBS = {
    **{verb.value: verb for verb in RequestVerb},
    "return_deficient": RequestVerb.RETURN,
    "quality_check": RequestVerb.PASS_QUALITY,
    "remove_item": RequestVerb.ADD_ITEM,
    "add_extract": RequestVerb.ADD_ITEM,
    "offer_candidates": RequestVerb.ADD_ITEM,
    "choose_account": RequestVerb.ADD_ITEM,
}
ENDED = frozenset(
    {_S.REJECTED, _S.WITHDRAWN, _S.QUASHED, _S.CLOSED, _S.PRODUCED, _S.DELIVERED, _S.ACKNOWLEDGED}
)
# From here on the face is looked at.
FACED = frozenset({_S.DOCKETED, _S.FACIAL_VALIDITY, _S.NARROWED, _S.RETURNED})


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One data category at the gate: whether this process reaches it, and whether it was asked for."""

    category: str
    reached: bool
    asked: bool
    undated: bool


def allows(record: DataRequest, name: str) -> bool:
    """Tell whether the state of a request lets an act be done."""
    state = RequestState(record.state)
    if name == "attach_scan":
        return state in BEFORE_ACCEPTED
    if name in ("protect_account", "clear_account"):
        return state not in ENDED
    if VERBS[name] not in REQUEST.allowed(state):
        return False
    path = PATHS[Process(record.process)]
    if name == "close":
        return bool(closures_of(record))
    if name in ("give_notice", "keep_silent", "collect"):
        return path is not Path.NOTHING_LEAVES
    return not (name == "docket" and path is Path.OUTSIDE_COUNSEL)


def closures_of(record: DataRequest) -> list[Any]:
    """Return the words with which the request can be closed as it stands."""
    return services.closures_of(record)


def page(record: DataRequest, user: User) -> dict[str, Any]:
    """Return the request with its checklist, gate, accounts, production, clocks and timeline."""
    gate = record.gate or processes.gates(record.filed_at).filter(process=record.process).first()
    production = selectors.production_of(record)
    timeline = [each for each in cases.timeline(record.case) if each.about == record.origin]
    looks = services.look(record)
    return {
        "case": record.case,
        "accounts": list(selectors.accounts_of(record)),
        "grounds": selectors.grounds_of(record),
        "deficiencies": list(selectors.deficiencies_of(record)),
        "looks": looks,
        "stops": sum(each.stops for each in looks),
        "is_faced": RequestState(record.state) in FACED,
        "gate": gate,
        "reach": _reach(record, gate),
        "production": production,
        "items": list(production.items.select_related("account", "exhibit", "added_by"))
        if production
        else [],
        "past": [each for each in selectors.productions_of(record) if each.voided_at is not None],
        "deadlines": list(cases.deadlines_of(record.case).filter(about=record.origin)),
        "timeline": timeline,
        "bounds": clocks.bounds(record),
        "silence_ordered": services.silence_is_ordered(record),
        "standing": services.standing(record.officer) if record.officer else None,
        "may_read_exhibits": access.has(user, "evidence.view_exhibit"),
    }


def account_choices(accounts: list[NamedAccount]) -> list[tuple[str, str]]:
    """Return the named accounts as choices, by their identifier."""
    return [(str(each.pk), f"{each.get_kind_display()}: {each.value}") for each in accounts]


def _reach(record: DataRequest, gate: Any) -> list[Reach]:
    reached = set(gate.categories) if gate else set()
    undated = set(gate.undated) if gate else set()
    return [
        Reach(
            category=each.value,
            reached=each.value in reached,
            asked=each.value in record.categories,
            undated=each.value in undated,
        )
        for each in ProcessData
    ]
