"""A flag that a person enters: the same as a posted one, with every mistake shown at its field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from coordination.access import kept
from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.models import Case
from coordination.core import clock
from coordination.ledger.selectors import entries_about
from coordination.triage.byhandforms import ROWS
from coordination.triage.models import Flag
from tests.doors import SignIn
from tests.people import Cast
from tests.triage.conftest import Receive

PAGE, LIST = reverse("admin:triage_flag_add"), reverse("admin:triage_flag_changelist")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOLD = {
    "source": "partner",
    "category": "stalking",
    "content": "He said that he\nwaits at her door.",
    "provenance": "claimed_by_user",
    "content_at": "2026-11-19T21:30",
    "content_zone": "America/Denver",
    "account": "acct-7731",
    "apparent_target": "A colleague of his.",
    "context": "The school resource officer of Harrow rang us.",
    "reporter": "Officer Lund",
    "kind_2": "device",
    "value_2": "dev-9",
    "provenance_2": "observed",
}


@pytest.fixture
def browser(liaison: User, sign_in: SignIn) -> Client:
    """The liaison's."""
    return sign_in(liaison)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def at(error: str, field: str, page: str) -> bool:
    """Tell whether an error stands at a field and is tied to it."""
    return error in page.partition(f'id="id_{field}_error"')[2].partition("</p>")[0]


def test_a_flag_told_by_a_partner_is_one_as_posted(browser: Client, liaison: User) -> None:
    answer = browser.post(PAGE, {**TOLD, "minor": "on"}, follow=True)
    flag = Flag.objects.get()
    assert answer.redirect_chain == [(reverse("admin:triage_flag_change", args=[flag.pk]), 302)]
    assert "The flag is in, and waits to be assessed." in text(answer)
    assert (flag.source, flag.category, flag.provenance) == ("partner", "stalking", "claimed_by_user")
    assert flag.content.replace("\r\n", "\n") == TOLD["content"]
    assert (flag.content_at, flag.content_zone) == (
        datetime(2026, 11, 20, 4, 30, tzinfo=UTC),
        "America/Denver",
    )
    assert flag.identifiers == [{"kind": "device", "value": "dev-9", "provenance": "observed"}]
    assert (flag.account, flag.reporter, flag.minor) == ("acct-7731", "Officer Lund", True)
    assert flag.received_from == liaison
    assert cases.open_task("triage_tier_1", flag.origin) is not None
    assert next(entry.action for entry in entries_about(flag.origin)) == "triage.flag_received"
    assert "acct" not in flag.external_id


def test_high_severity_opens_a_p0_case_as_a_posted_one_does(browser: Client) -> None:
    answer = browser.post(PAGE, {**TOLD, "category": "imminent_threat"}, follow=True)
    flag = Flag.objects.get()
    assert "senior reviewers have it now" in text(answer)
    assert flag.case is not None
    assert flag.case.priority == "P0"
    assert cases.open_task("triage_senior", flag.origin) is not None


def test_it_joins_the_case_of_its_account(browser: Client, receive: Receive) -> None:
    posted = receive(account=TOLD["account"])
    browser.post(PAGE, TOLD)
    assert Flag.objects.exclude(pk=posted.pk).get().case == posted.case
    assert Case.objects.count() == 1


def test_sent_twice_it_is_one_flag_and_the_page_says_so(browser: Client) -> None:
    browser.post(PAGE, TOLD)
    answer = browser.post(PAGE, TOLD, follow=True)
    flag = Flag.objects.get()
    assert "The same came before: you entered this flag already. Nothing was added." in text(answer)
    assert answer.redirect_chain[-1][0] == reverse("admin:triage_flag_change", args=[flag.pk])


@pytest.mark.parametrize("name", sorted(TOLD.keys() - {"kind_2", "value_2", "provenance_2"}))
def test_one_word_of_difference_is_another_flag(name: str, browser: Client) -> None:
    others = {"source": "staff", "category": "other", "provenance": "inferred", "content_zone": "UTC"}
    others["content_at"] = "2026-11-19T21:31"
    browser.post(PAGE, TOLD)
    browser.post(PAGE, {**TOLD, name: others.get(name, "Something else.")})
    assert Flag.objects.count() == 2


def test_two_people_who_were_told_the_same_enter_two_flags(
    browser: Client, sign_in: SignIn, reviewer: User
) -> None:
    browser.post(PAGE, TOLD)
    sign_in(reviewer).post(PAGE, TOLD)
    assert Flag.objects.count() == 2


NEEDED = "This field is required."
WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"source": ""}, "source", NEEDED),
    ({"source": "classifier"}, "source", "Select a valid choice."),
    ({"category": "weather"}, "category", "Select a valid choice."),
    ({"content": ""}, "content", NEEDED),
    ({"content": " \n "}, "content", "This is needed."),
    ({"content": "x" * 200_001}, "content", "at most 200000 characters"),
    ({"content": "a\x00b"}, "content", "Null characters are not allowed."),
    ({"provenance": ""}, "provenance", NEEDED),
    ({"content_at": ""}, "content_at", NEEDED),
    ({"content_at": "yesterday"}, "content_at", "Enter a valid date/time."),
    ({"content_at": "1989-01-01T00:00"}, "content_at", "This is before 1990."),
    ({"content_at": "2026-11-20T05:06"}, "content_at", "This is in the future."),
    ({"content_at": "2026-03-08T02:30"}, "content_at", "this time did not exist"),
    ({"content_zone": ""}, "content_zone", NEEDED),
    ({"content_zone": "Mars/Olympus"}, "content_zone", "Select a valid choice."),
    ({"account": "\u200b"}, "account", "This is needed."),
    ({"value_2": ""}, "value_2", "This row was begun: all three, or none."),
    ({"kind_4": "email"}, "value_4", "This row was begun: all three, or none."),
    ({"kind_2": "shoe"}, "kind_2", "Select a valid choice."),
]


@pytest.mark.parametrize(("changes", "field", "error"), WRONG)
def test_what_is_wrong_stands_at_its_field_and_no_word_is_lost(
    changes: dict[str, str], field: str, error: str, browser: Client
) -> None:
    with clock.frozen(NOW):
        answer = browser.post(PAGE, {**TOLD, "minor": "on", **changes})
    assert answer.status_code == 200
    page = text(answer)
    assert at(error, field, page)
    assert not Flag.objects.exists()
    assert "Nothing was saved" in page
    for name, value in TOLD.items():
        if name not in changes and "_zone" not in name:
            assert all(line in page for line in value.split("\n")), name
    assert answer.context["form"]["minor"].value()


def test_the_acts_of_a_flag_are_still_on_its_page(browser: Client, receive: Receive) -> None:
    page = text(browser.get(reverse("admin:triage_flag_change", args=[receive().pk])))
    assert "/do/record_event/" in page
    assert "/do/dissent/" not in page  # nothing is decided


def test_who_may_not_raise_flags_finds_neither_button_nor_page(cast: Cast, sign_in: SignIn) -> None:
    for role in (Role.COUNSEL, Role.AUDITOR):
        browser = sign_in(cast(role))
        assert PAGE not in text(browser.get(LIST))
        assert browser.get(PAGE).status_code == 403
        assert browser.post(PAGE, TOLD).status_code == 403
    assert not Flag.objects.exists()


def test_the_list_leads_to_the_page_and_nobody_keeps_it(browser: Client) -> None:
    assert f'href="{PAGE}' in text(browser.get(LIST))
    answer = browser.get(PAGE)
    assert answer["Cache-Control"] == "no-store"
    refused = browser.post(PAGE, {**TOLD, "source": ""})
    assert refused["Cache-Control"] == "no-store"


def test_the_zone_of_the_desk_comes_first_and_none_is_taken_for_granted(
    browser: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "America/Denver"
    page = text(browser.get(PAGE)).partition('id="id_content_zone"')[2]
    assert (
        page.index('<option value="" selected>') < page.index('value="America/Denver"') < page.index('"UTC"')
    )


def test_a_case_that_the_person_was_not_let_into_keeps_the_flag(
    browser: Client, liaison: User, receive: Receive, senior_reviewer: User
) -> None:
    case = receive(account=TOLD["account"]).case
    assert case is not None
    case_services.grant(case, principal=senior_reviewer, by=None)
    for group in liaison.groups.all():
        case_services.revoke(case, principal=group, by=None)
    answer = browser.post(PAGE, TOLD, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "a case that you were not let into" in text(answer)
    assert case.reference not in text(answer)
    assert Flag.objects.filter(case=case).count() == 2


def test_what_was_written_when_the_session_ended_is_kept(browser: Client, liaison: User) -> None:
    with clock.frozen(clock.now() + timedelta(hours=13)):
        answer = browser.post(PAGE, {**TOLD, kept.PERSON: kept.mark(liaison)})
    assert answer["Location"] == f"/account/login/?next={PAGE}"
    assert not Flag.objects.exists()
    assert ["content", TOLD["content"]] in browser.session[kept.KEY]["fields"]


def test_there_are_rows_enough_and_all_of_them_count(browser: Client) -> None:
    rows = {
        f"{part}_{row}": value
        for row in range(1, ROWS + 1)
        for part, value in {"kind": "device", "value": f"dev-{row}", "provenance": "observed"}.items()
    }
    browser.post(PAGE, {**TOLD, **rows})
    assert [each["value"] for each in Flag.objects.get().identifiers] == [
        f"dev-{row}" for row in range(1, ROWS + 1)
    ]
