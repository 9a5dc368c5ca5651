"""The first tier: one person says what they found in a flag, before another decides."""

from collections.abc import Mapping
from typing import Any

import rfc8785
from django.db import transaction

from coordination.access import markup
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.ledger import services as ledger
from coordination.triage.models import Assessment, Flag
from coordination.triage.services import reporting
from coordination.triage.services.judging import check
from coordination.triage.services.receiving import TIER_1, ask, open_or_join
from coordination.triage.services.records import locked_flag
from coordination.triage.workflow import ASPECTS, FLAG, FlagState, FlagVerb, Level


@transaction.atomic
def assess(flag: Flag, *, by: User, **judgement: Any) -> Assessment:
    """Record what `by` found in a flag; the second tier's task opens, by level.

    `judgement` is what `judging.check` takes: level, threat_type, and target, means and timing one by one.
    Raises InvalidInput naming each field that is wrong, IllegalTransition where the flag is decided.
    """
    access.require(by, "triage.assess_flag")
    locked = locked_flag(flag, by)
    after = FLAG.after(locked.state, FlagVerb.ASSESS)
    made = write(locked, by=by, judgement=judgement)
    locked.state = after
    locked.save(update_fields=["state"])
    cases.end_tasks(about=locked.origin, kind=TIER_1, outcome=f"Assessed: {made.level}.", by=by)
    first = reporting.due_first(locked, made)
    if locked.case is None and (first or made.level == Level.HIGH):
        open_or_join(locked)
    reporting.open_reports(locked, first)
    if after == FlagState.ASSESSED:
        ask(locked, assessed=made.level)
    return made


def write(flag: Flag, *, by: User, judgement: Mapping[str, Any], direct: bool = False) -> Assessment:
    """Insert an assessment of a locked flag, with its traces; in the caller's transaction."""
    values = check(judgement)
    made = Assessment.objects.create(
        flag=flag, **values, direct=direct, assessed_by=by, assessed_at=clock.now()
    )
    if flag.case is not None:
        cases.add_event(
            flag.case,
            kind="triage.assessed",
            title=f"Assessed: {made.level}, {markup.words(made.threat_type)}",
            by=by,
            about=flag.origin,
        )
    ledger.record(
        "triage.assessed",
        subject=flag.origin,
        by=by,
        details={
            "assessment": made.pk,
            "level": made.level,
            "findings": [f"{aspect} {getattr(made, aspect)}" for aspect in ASPECTS],
            "direct": direct,
            "digest": _digest(values),
        },
    )
    return made


def _digest(values: Mapping[str, Any]) -> str:
    return ledger.digest(rfc8785.dumps(dict(values)))
