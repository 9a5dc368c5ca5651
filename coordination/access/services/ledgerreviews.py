"""The weekly look through the ledger by an auditor: opened by the clock, recorded by a person."""

from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from coordination.access import signals
from coordination.access.models import LedgerReview, User
from coordination.access.services.rights import require
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import selectors as ledger_of
from coordination.ledger import services as ledger

WEEK = timedelta(days=7)
REVIEW = "access.view_ledgerreview"
_LONGEST = 2_000


@transaction.atomic
def open_ledger_reviews(at: datetime) -> list[LedgerReview]:
    """Open the review of each week that is over and has none; the first is the week before `at`.

    A week begins on Monday, 00:00 UTC. Called each day, so that no week is passed over where nothing ran.
    """
    this = at.astimezone(UTC).date()
    last = this - timedelta(days=this.weekday()) - WEEK
    known = LedgerReview.objects.order_by("-week").values_list("week", flat=True).first()
    opened = []
    week = known + WEEK if known else last
    while week <= last:
        review, new = LedgerReview.objects.get_or_create(
            week=week, defaults={"opened_at": at, "due_at": _moment(week) + 2 * WEEK}
        )
        if new:
            ledger.record("access.ledger_review_opened", subject=review.subject, by=None)
            signals.ledger_review_opened.send(sender=LedgerReview, review=review)
            opened.append(review)
        week += WEEK
    return opened


@transaction.atomic
def record_ledger_review(review: LedgerReview, *, by: User, findings: str) -> LedgerReview:
    """Write down what an auditor found in a week's entries. Raises Conflict where somebody did."""
    require(by, REVIEW)
    said = findings.strip()
    if not said or len(said) > _LONGEST:
        raise InvalidInput("findings", f"Say what you looked at and found, in up to {_LONGEST:,} characters.")
    locked = LedgerReview.objects.select_for_update(of=("self",)).get(pk=review.pk)
    if locked.reviewed_at is not None:
        raise Conflict("This week was reviewed already.")
    if clock.now() < locked.until:
        raise Refused("The week is not over.", rule="access.week-not-over")
    entries = sum(number for _, number in ledger_of.counts_between(locked.since, locked.until))
    locked.reviewed_by, locked.reviewed_at = by, clock.now()
    locked.findings, locked.entries = said, entries
    locked.save(update_fields=["reviewed_by", "reviewed_at", "findings", "entries"])
    details: dict[str, ledger.Value] = {"entries_count": entries, "findings_digest": ledger.digest(said)}
    ledger.record("access.ledger_reviewed", subject=locked.subject, by=by, details=details)
    signals.ledger_reviewed.send(sender=LedgerReview, review=locked, by=by)
    return locked


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
