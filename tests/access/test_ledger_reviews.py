"""Each week of the ledger is looked through by an auditor: asked for by the clock, recorded by a person."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from coordination.access import jobs, services
from coordination.access.models import LedgerReview
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from tests.doors import signed_in
from tests.people import Cast

# A Thursday; the week before it began on Monday the 16th.
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
WEEK = date(2026, 11, 16)
FOUND = "Refusals of one officer, called: a script of theirs. Nothing else."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def review(auditor: User) -> LedgerReview:
    (opened,) = services.open_ledger_reviews(NOW)
    return opened


def test_AU_6_the_week_before_waits_for_the_auditors_until_the_end_of_the_next(
    review: LedgerReview, auditor: User, administrator: User
) -> None:
    assert (review.week, review.due_at) == (WEEK, datetime(2026, 11, 30, tzinfo=UTC))
    (task,) = cases.waiting_for(auditor)
    assert (task.kind, task.title) == ("ledger_review", "Review the ledger of the week from 2026-11-16")
    assert not cases.waiting_for(administrator).exists()


def test_a_week_is_opened_once_and_none_is_passed_over(review: LedgerReview) -> None:
    jobs.open_ledger_reviews(0)
    assert LedgerReview.objects.count() == 1
    with clock.frozen(NOW + timedelta(weeks=3)):
        jobs.open_ledger_reviews(0)
    assert [each.week for each in LedgerReview.objects.order_by("week")] == [
        WEEK + timedelta(weeks=number) for number in range(4)
    ]


@pytest.mark.parametrize(
    ("moment", "week"), [("2026-11-23T00:00", WEEK), ("2026-11-22T23:59", date(2026, 11, 9))]
)
def test_a_week_is_over_when_monday_begins_in_utc(moment: str, week: date) -> None:
    (opened,) = services.open_ledger_reviews(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert opened.week == week


def test_AU_6_an_auditor_records_what_was_found_and_the_task_ends(
    review: LedgerReview, auditor: User
) -> None:
    done = services.record_ledger_review(review, by=auditor, findings=f" {FOUND} ")
    assert (done.reviewed_by, done.reviewed_at, done.findings) == (auditor, NOW, FOUND)
    assert not cases.waiting_for(auditor).exists()
    (entry,) = [
        each for each in ledger.entries_about(review.subject) if each.action == "access.ledger_reviewed"
    ]
    assert entry.data["by"] == auditor.pk
    assert "officer" not in bytes(entry.entry).decode()
    assert LedgerReview.objects.get().findings == FOUND


def test_nobody_but_an_auditor_records_it(review: LedgerReview, cast: Cast) -> None:
    for role in ("administrator", "counsel", "duty_officer", "safety_liaison"):
        with pytest.raises(NotPermitted):
            services.record_ledger_review(review, by=cast(role, username=f"no_{role}"), findings=FOUND)


def test_it_is_recorded_once_with_words_and_after_the_week(review: LedgerReview, auditor: User) -> None:
    for findings in ("", "  ", "x" * 2_001):
        with pytest.raises(InvalidInput) as refused:
            services.record_ledger_review(review, by=auditor, findings=findings)
        assert refused.value.field == "findings"
    with clock.frozen(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)), pytest.raises(Refused):
        services.record_ledger_review(review, by=auditor, findings=FOUND)
    services.record_ledger_review(review, by=auditor, findings=FOUND)
    with pytest.raises(Conflict):
        services.record_ledger_review(review, by=auditor, findings="Again.")


def test_the_task_is_not_ticked_off_without_the_review(review: LedgerReview, auditor: User) -> None:
    (task,) = cases.waiting_for(auditor)
    with pytest.raises(Refused):
        case_services.complete_task(task, by=auditor, outcome="Looked.")


def test_the_page_counts_the_week_by_action_and_leads_to_the_entries(
    auditor: User, client: Client, liaison: User
) -> None:
    signed_in(auditor, client)
    with clock.frozen(datetime(2026, 11, 18, 3, 0, tzinfo=UTC)):
        for _ in range(3):
            services.count_failure(liaison.username, kind="password")
    with clock.frozen(datetime(2026, 11, 23, 0, 0, tzinfo=UTC)):
        services.count_failure(liaison.username, kind="password")
    (opened,) = services.open_ledger_reviews(NOW)
    page = client.get(f"/admin/access/ledgerreview/{opened.pk}/change/")
    assert "access.ledgerreview_read" in [leaf.action for leaf in ledger.entries_about(opened.subject)]
    (row,) = page.context["rows"]
    assert (row["action"], row["number"], row["look"]) == ("access.sign_in_failed", 3, True)
    listed = client.get(row["url"])
    assert len(listed.context["cl"].result_list) == 3
    posted = client.post(f"/admin/access/ledgerreview/{opened.pk}/do/record/", {"findings": FOUND})
    assert posted.status_code == 302
    assert LedgerReview.objects.get().entries == 3
    assert FOUND in client.get(f"/admin/access/ledgerreview/{opened.pk}/change/").content.decode()
