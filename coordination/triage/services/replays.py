"""Holding past decisions to criteria: who did it, with which, and what came of it is on the ledger."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from coordination.access import services as access
from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.ledger import services as ledger
from coordination.policy.criteria import rules_of
from coordination.policy.services import CriteriaVersion
from coordination.triage import selectors
from coordination.triage.models import Decision
from coordination.triage.replaying import Kind, Replayed, replay

REPLAY = "triage.view_replay"


def replay_decisions(
    criteria: CriteriaVersion, *, by: User | None, since: datetime | None = None
) -> Iterator[Replayed]:
    """Return the decisions since `since`, the newest first, each beside what these criteria ask for.

    Those on cases that `by` sees; None is the command line, which sees all. Raises NotPermitted, and Refused
    where the version has no rules. Who looks through them calls `record_replay`.
    """
    if by is not None:
        access.require(by, REPLAY)
    if not criteria.rules:
        raise Refused(f"Criteria {criteria.label} have no rules to replay.", rule="triage.no-rules")
    return replay(_decisions(by, since), rules_of(criteria.rules))


@transaction.atomic
def record_replay(
    criteria: CriteriaVersion,
    *,
    by: User | None,
    since: datetime | None,
    way: str,
    counts: Mapping[Kind, int] | None = None,
) -> None:
    """Write down that somebody held decisions to these criteria; `way` is page, file or command.

    For a file that is before its first line: one that is broken off was read too. It has the counts itself.
    """
    ledger.record(
        "triage.criteria_replayed",
        subject=f"criteria:{criteria.version}",
        by=by,
        details={
            "criteria": criteria.label,
            "since": ledger.timestamp(since) if since else "",
            "way": way,
            **({} if counts is None else {"counts": {kind.value: counts.get(kind, 0) for kind in Kind}}),
        },
    )


def _decisions(by: User | None, since: datetime | None) -> QuerySet[Decision]:
    rows = Decision.objects.all()
    if by is not None:
        rows = rows.filter(flag__in=selectors.visible_to(by))
    return rows.filter(decided_at__gte=since) if since else rows
