"""Reports that look coordinated: many about one account in a short time, from many or in the same words.

Marked flags are what people see before they decide; nothing is refused or decided here.
"""

import logging
import unicodedata
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from procrastinate.contrib.django import app

from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.sealing import SealBroken
from coordination.core.unseen import without_unseen
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.triage.models import Flag
from coordination.triage.workflow import Source

logger = logging.getLogger(__name__)

TASK: Final = "triage.mark_coordinated"
# Two reports say nearly the same where they share this part of all their words.
ALIKE = 0.8
# So much of each is compared, in characters: all that most people write.
MOST_COMPARED = 2_000
# So many are read of one account, the newest first: beyond that the number speaks for itself.
MOST_READ = 200


def look_for_coordinated(flags: Sequence[Flag]) -> None:
    """Have the reports about the accounts of these flags looked at, once they are in: in a job.

    Reading and comparing others' reports is slow, and may fail: neither keeps a flag out.
    """
    indexes = {bytes(each.account_index) for each in flags if each.source == Source.USER_REPORT}
    if indexes:
        # In this transaction: a job that is lost is a flag that is lost.
        accounts: list[Any] = sorted(each.hex() for each in indexes)
        app.configure_task(TASK, queue="background").defer(accounts=accounts)


@transaction.atomic
def mark_coordinated(account_index: bytes) -> None:
    """Mark the reports about an account that look coordinated, as the rule in force counts them."""
    rule = policy.intake_rule()
    if rule is None:
        return
    since = clock.now() - timedelta(days=rule.coordinated_days)
    reports = (
        Flag.objects.filter(account_index=account_index, source=Source.USER_REPORT, received_at__gt=since)
        # What is sealed is opened one by one: what does not open is in nobody's way.
        .only("case", "reporter_index")
        .order_by("-received_at")
    )
    enough = rule.coordinated_reports
    if reports.count() < enough:
        return
    if reports.exclude(coordinated_at=None).exists() or _looks_so(list(reports[:MOST_READ]), enough):
        _mark(reports.filter(coordinated_at=None), rule.code)


def _mark(reports: QuerySet[Flag], rule: str) -> None:
    found = list(reports.select_related("case").select_for_update(of=("self",)))
    Flag.objects.filter(pk__in=[each.pk for each in found]).update(coordinated_at=clock.now())
    ledger.append(
        ledger.entry("triage.reports_coordinated", subject=each.origin, by=None, details={"rule": rule})
        for each in found
    )
    last = {each.case: each for each in reversed(found) if each.case is not None}
    title = "Reports about the account look coordinated"
    cases.add_events(
        [
            cases.NewEvent(case=case, kind="triage.coordinated", title=title, about=each.origin)
            for case, each in last.items()
        ]
    )


def _looks_so(reports: Sequence[Flag], enough: int) -> bool:
    """Tell whether they come from many, or say nearly the same. Who is not named is somebody else."""
    named = {bytes(each.reporter_index) for each in reports if each.reporter_index is not None}
    unnamed = sum(each.reporter_index is None for each in reports)
    if len(named) + unnamed >= enough:
        return True
    said = [words for each in reports if (words := _read(each)) is not None]
    return any(sum(are_alike(one, other) for other in said) >= enough for one in said)


def _read(report: Flag) -> frozenset[str] | None:
    try:
        return words_of(report.content[:MOST_COMPARED])
    except SealBroken:
        logger.exception("a report does not open: it is compared with no other")
        return None


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are compared: without case, marks and what nobody sees."""
    plain = without_unseen(unicodedata.normalize("NFKC", text)).casefold()
    return frozenset("".join(each if each.isalnum() else " " for each in plain).split())


def are_alike(one: Collection[str], other: Collection[str]) -> bool:
    """Tell whether two texts share nearly all of their words (by the Jaccard index)."""
    both = set(one) | set(other)
    return not both or len(set(one) & set(other)) / len(both) >= ALIKE
