"""Receiving flags: once each, and a human paged at once where the criteria say so.

One flag is a batch of one. A batch is one transaction: all of its good flags, or where the database fails
nothing; a flag that is refused leaves no trace and takes no other with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases.services import Case
from coordination.core import bulk, clock
from coordination.core.errors import Conflict, CoordinationError
from coordination.core.sealing import blind_index
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.triage.models import Flag
from coordination.triage.services import matching, placing
from coordination.triage.services.asking import DECIDE_CLOCK, SENIOR, TIER_1, ask, ask_all
from coordination.triage.services.coordinated import look_for_coordinated
from coordination.triage.services.intake import Intake, check
from coordination.triage.services.limiting import limit
from coordination.triage.services.reindexing import index

__all__ = [
    "DECIDE_CLOCK",
    "MOST",
    "SENIOR",
    "TIER_1",
    "Taken",
    "ask",
    "open_or_join",
    "receive",
    "receive_many",
]

# Flags in one batch: about as long as a P0 flag may have to wait for the same subject's case.
MOST = 500
# Two flags that could meet wait for each other by locks. A server has a few thousand for all transactions, so
# that they are shared: those of a batch take all, those of one flag a few.
_LOCKS = 256


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of one flag of a batch: the flag, new or the same as before, or why it was refused."""

    flag: Flag | None = None
    created: bool = False
    refused: CoordinationError | None = None


def receive(
    *,
    by: User,
    external_id: str,
    source: str,
    category: str,
    content: str,
    content_at: datetime,
    content_zone: str,
    account: str,
    provenance: str,
    score: float | None = None,
    classifier: str = "",
    classifier_version: str = "",
    context: str = "",
    identifiers: Sequence[dict[str, str]] = (),
    apparent_target: str = "",
    files: Sequence[dict[str, str]] = (),
    minor: bool = False,
    reporter: str = "",
) -> tuple[Flag, bool]:
    """Take in a flag and return it with True, or the one that this sender gave the same id with False.

    It joins the case of its subject (matching). A category of high severity under the criteria in force opens
    a case where there is none, with a P0 task for a senior reviewer, in the same transaction. Others wait
    their turn. Raises InvalidInput naming the field, and Conflict where the same id came with other content.
    """
    values = {name: value for name, value in locals().items() if name != "by"}
    (taken,) = receive_many([values], by=by)
    if taken.flag is None:
        raise taken.refused or RuntimeError("A flag is taken or refused.")
    return taken.flag, taken.created


def receive_many(flags: Sequence[Mapping[str, Any]], *, by: User) -> list[Taken]:
    """Take in flags, each a map of the parameters of `receive`; return what became of each, in order."""
    access.require(by, "triage.receive_flag")
    checked = [_checked(each) for each in flags]
    intakes = [each for each in checked if isinstance(each, Intake)]
    taken = iter(_take(intakes, by))
    return [next(taken) if isinstance(each, Intake) else Taken(refused=each) for each in checked]


def _checked(values: Mapping[str, Any]) -> Intake | CoordinationError:
    try:
        return check(values)
    except CoordinationError as error:
        return error


@transaction.atomic
def _take(intakes: Sequence[Intake], by: User) -> list[Taken]:
    if not intakes:
        return []
    flags = _rows(intakes, by)
    _one_at_a_time(flags)
    standing = _standing(intakes, by)
    taken: list[Taken] = []
    new: dict[str, Flag] = {}
    for intake, flag in zip(intakes, flags, strict=True):
        same = standing.get(intake.external_id) or new.get(intake.external_id)
        if same is None:
            new[intake.external_id] = flag
            taken.append(Taken(flag=flag, created=True))
        elif any(getattr(same, name) != value for name, value in vars(intake).items()):
            refused = Conflict("A flag with this external_id came before, with other content.")
            taken.append(Taken(refused=refused))
        else:
            taken.append(Taken(flag=same))
    _insert(list(new.values()), by)
    return taken


def _rows(intakes: Sequence[Intake], by: User) -> list[Flag]:
    criteria, rule = policy.criteria_in_force(), policy.intake_rule()
    now = clock.now()
    flags = [
        Flag(
            **vars(intake),
            high_severity=intake.category in criteria.high_severity_categories,
            unknown_classifier=bool(rule and intake.classifier and intake.classifier not in rule.classifiers),
            received_at=now,
            received_from=by,
        )
        for intake in intakes
    ]
    for each in flags:
        index(each)
    return flags


def _standing(intakes: Sequence[Intake], by: User) -> dict[str, Flag]:
    ids = [each.external_id for each in intakes]
    rows = Flag.objects.filter(received_from=by, external_id__in=ids).select_related("case")
    return {each.external_id: each for each in rows}


def _insert(flags: Sequence[Flag], by: User) -> None:
    placing.settle(matching.place(flags))
    bulk.insert(flags)
    ledger.append(
        ledger.entry(
            "triage.flag_received",
            subject=flag.origin,
            by=by,
            details={
                "category": flag.category,
                "source": flag.source,
                "high_severity": flag.high_severity,
                "content_digest": ledger.digest(flag.content),
                "case": flag.case.reference if flag.case else "",
            },
        )
        for flag in flags
    )
    ask_all(flags)
    limit([each for each in flags if each.high_severity])
    look_for_coordinated(flags)


@transaction.atomic
def open_or_join(flag: Flag) -> Case:
    """Give a flag its case: the one of its subject, opened again where it was closed, or a new one."""
    _one_at_a_time([flag])
    (placed,) = matching.place([flag], open_all=True)
    placing.settle([placed])
    flag.save(update_fields=["case"])
    return placed.home.standing  # type: ignore[union-attr]  # each has one with open_all


def _one_at_a_time(flags: Sequence[Flag]) -> None:
    """Let flags that could be about the same wait for each other: their cases and ids would not be seen."""
    keys = {known.alike for flag in flags for known in matching.known_of(flag)}
    keys |= {blind_index("flag", f"{flag.received_from_id} {flag.external_id}", as_is=True) for flag in flags}
    locks = sorted({key[0] % _LOCKS for key in keys})
    with connection.cursor() as cursor:
        # In one order, so that two batches wait and do not deadlock.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('triage.flags'), key)"
            " FROM (SELECT unnest(%s::int[]) AS key ORDER BY 1) AS locks",
            [locks],
        )
