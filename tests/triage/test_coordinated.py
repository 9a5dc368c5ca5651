"""Many reports against one person: seen for what they are, and deciding nothing by themselves."""

from datetime import timedelta

import pytest
from django.db import connection

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.ledger.selectors import entries_about
from coordination.triage import selectors
from coordination.triage.models import Decision, Flag
from coordination.triage.services.coordinated import are_alike, words_of
from tests.doors import signed_in
from tests.triage.conftest import Receive, Report, look_for_coordinated


def marked() -> int:
    """Return how many flags are marked."""
    return Flag.objects.exclude(coordinated_at=None).count()


def test_swt_02_coordinated_reports_are_marked_and_nothing_follows_of_itself(report: Report) -> None:
    flags = [report() for _ in range(30)]
    assert marked() == 30
    assert all(selectors.looks_coordinated(Flag.objects.get(pk=each.pk)) for each in flags)
    assert not Decision.objects.exists()
    assert not Case.objects.exists()
    assert set(Task.objects.values_list("kind", flat=True)) == {"triage_tier_1"}
    actions = [each.action for each in entries_about(flags[0].origin)]
    assert actions == ["triage.flag_received", "triage.reports_coordinated"]


def test_reports_are_compared_once_they_are_in_and_one_that_does_not_open_keeps_none_out(
    receive: Receive, report: Report
) -> None:
    said = {"source": "user_report", "category": "other", "reporter": "u-1", "identifiers": []}
    flags = [receive(**said, external_id=f"s-{number}", content="Ban her.") for number in range(4)]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE triage_flag SET content = '\\x00', context = '\\x00' WHERE id = %s", [flags[0].pk]
        )
    receive(**said, external_id="s-4", content="Ban her.")
    assert marked() == 0
    look_for_coordinated()
    assert marked() == 0, "four of the same words are left that can be compared"
    report(reporter="u-1", content="Ban her!")
    assert marked() == 6


def test_four_reports_are_not_many_and_the_fifth_marks_them_all(report: Report) -> None:
    for _ in range(4):
        report()
    assert marked() == 0
    report()
    assert marked() == 5


def test_one_reporter_who_is_not_heard_is_not_coordinated_but_the_same_words_are(report: Report) -> None:
    for number in range(8):
        report(reporter="u-1", content=f"He wrote again on day {number}, about {number * 7} other things.")
    assert marked() == 0
    for number in range(5):
        report(
            account="acct-2",
            reporter="u-1",
            content=f"This JOURNALIST must be\u200b banned, now{'!' * number}",
        )
    assert marked() == 5


def test_reports_of_another_week_another_account_or_a_classifier_do_not_count(report: Report) -> None:
    with clock.frozen(clock.now() - timedelta(days=8)):
        for _ in range(4):
            report(content_at=clock.now())
    report(account="acct-2")
    report(source="classifier")
    report()
    assert marked() == 0


def test_the_case_and_the_page_say_so(report: Report, senior_reviewer: User) -> None:
    flags = [report(category="imminent_threat") for _ in range(5)]
    assert flags[0].case is not None
    assert any(each.kind == "triage.coordinated" for each in cases.timeline(flags[0].case))
    shown = signed_in(senior_reviewer).get(f"/admin/triage/flag/{flags[0].pk}/change/").content.decode()
    assert "coordinated reports" in shown
    assert selectors.related(senior_reviewer, flags[0]).count() == 4


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Ban this woman now!", "BAN this  woman, now", True),
        ("Ban this woman now please or I will leave", "Ban this woman now please or I will go", True),
        ("Ban this woman", "She threatened my sister", False),
        ("", "", True),
    ],
)
def test_nearly_the_same_words(one: str, other: str, alike: bool) -> None:
    assert are_alike(words_of(one), words_of(other)) is alike
