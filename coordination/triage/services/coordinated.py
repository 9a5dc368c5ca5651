"""Reports that look coordinated: many about one account in a short time, from many or in the same words.

Marked flags are what people see before they decide; nothing is refused or decided here.
"""

import unicodedata
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db.models import Count, QuerySet

from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.unseen import without_unseen
from coordination.ledger import services as ledger
from coordination.policy import selectors as policy
from coordination.triage.models import Flag
from coordination.triage.workflow import Source

# Two reports say nearly the same where they share this part of all their words.
ALIKE = 0.8
# So many are read of one account, the newest first: beyond that the number speaks for itself.
MOST_READ = 200


def is_coordinated(flag: Flag) -> bool:
    """Tell whether a flag is one of reports that look coordinated."""
    return flag.coordinated_at is not None


def mark_coordinated(flags: Sequence[Flag]) -> None:
    """Mark the reports that look coordinated, earlier ones too, as the rule in force counts them."""
    rule = policy.intake_rule()
    indexes = {bytes(each.account_index) for each in flags if each.source == Source.USER_REPORT}
    if rule is None or not indexes:
        return
    since = clock.now() - timedelta(days=rule.coordinated_days)
    reports = Flag.objects.filter(
        account_index__in=indexes, source=Source.USER_REPORT, received_at__gt=since
    ).order_by()
    enough = rule.coordinated_reports
    many = reports.values("account_index").annotate(number=Count("pk")).filter(number__gte=enough)
    for index in sorted(bytes(row["account_index"]) for row in many):
        of_one = reports.filter(account_index=index).select_related("case").order_by("-received_at")
        if of_one.exclude(coordinated_at=None).exists() or _looks_so(list(of_one[:MOST_READ]), enough):
            _mark(of_one.filter(coordinated_at=None), rule.code)


def _mark(reports: QuerySet[Flag], rule: str) -> None:
    found = list(reports)
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
    said = [words_of(each.content) for each in reports]
    return any(sum(are_alike(one, other) for other in said) >= enough for one in said)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are compared: without case, marks and what nobody sees."""
    plain = without_unseen(unicodedata.normalize("NFKC", text)).casefold()
    return frozenset("".join(each if each.isalnum() else " " for each in plain).split())


def are_alike(one: Collection[str], other: Collection[str]) -> bool:
    """Tell whether two texts share nearly all of their words (by the Jaccard index)."""
    both = set(one) | set(other)
    return not both or len(set(one) & set(other)) / len(both) >= ALIKE
