"""What stands first for somebody who has ten minutes: number, words, and the right button."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.access.structure import structured
from coordination.cases import selectors as cases
from coordination.cases import services
from coordination.core import clock
from coordination.desk.templatetags.desk import telephones
from coordination.outbox import causes
from coordination.outbox import selectors as outbox
from coordination.outbox.models import Delivery
from tests.desk.conftest import Things
from tests.desk.test_clear import page, text
from tests.doors import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_number_can_be_dialled_is_not_broken_and_nothing_else_becomes_markup() -> None:
    assert telephones("Call +1 970 555 0112 <b>now</b>, R-7F3K-9QWD.") == (
        'Call <a class="tel" href="tel:+19705550112">+1 970 555 0112</a> &lt;b&gt;now&lt;/b&gt;, R-7F3K-9QWD.'
    )
    assert telephones("+1 (970) 555-0112 or +44 20 7946 0018").count("<a ") == 2
    assert "<a" not in telephones("checked 2026-09-14; score +12; 911 and 112")


def test_what_to_do_about_a_danger_to_life_is_open_and_begins_with_the_number(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    task = cases.open_task("phone_now", things.approved.origin)
    assert task is not None
    shown = page(sign_in(liaison), reverse("admin:cases_case_change", args=[things.case.reference]))
    row = shown.partition(f'id="task-{task.pk}"')[2].partition("</li>")[0]
    assert '<details class="act" open><summary>What to do' in row
    assert row.index('href="tel:+19705550112"') < row.index("No call centre is on record")


def test_a_late_task_and_the_clock_that_hurries_it_are_one_line_of_late(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    task = cases.open_task("phone_now", things.approved.origin)
    assert task is not None
    assert task.due_at is not None
    with clock.frozen(task.due_at + timedelta(minutes=1)):
        services.miss_deadlines()
        shown = sign_in(liaison).get("/admin/").context
    about = [each.about for each in [*shown["late_tasks"], *shown["missed"]]]
    assert about.count(things.approved.origin) == 1
    assert shown["late_count"] == len(about)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "HTTP 401",
            "They refused our credentials (HTTP 401). It did not arrive. Telephone them now. Have an",
        ),
        ("HTTP 403", "They refused our credentials (HTTP 403)."),
        ("HTTP 404", "Nothing takes messages at their address any more (HTTP 404)."),
        ("HTTP 410", "Nothing takes messages at their address any more (HTTP 410)."),
        ("HTTP 422", "Their system would not take the message (HTTP 422)."),
        ("redirect: HTTP 302, not followed", "Their address sends us on to another one"),
        ("the certificate does not hold: certificate has expired", "Their system could not prove"),
        ("something else", ""),
    ],
)
def test_a_failed_delivery_says_in_one_sentence_what_happened_and_what_to_do(error: str, said: str) -> None:
    words = causes.in_words(Delivery(state="failed", lane="P0", last_error=error))
    assert words.startswith(said)
    assert bool(words) is bool(said)
    if said:
        assert "It did not arrive. Telephone them now." in words
        assert words.endswith("then Send again.")
    assert causes.in_words(Delivery(state="queued", lane="P0", last_error=error)) == ""


def test_the_page_of_a_failed_delivery_has_the_sentence_the_number_and_no_bare_code(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    delivery.state, delivery.last_error, delivery.finished_at = "failed", "HTTP 401", delivery.created_at
    delivery.save()
    moment = delivery.created_at
    delivery.attempts.create(number=1, started_at=moment, finished_at=moment, outcome="permanent")
    shown = page(sign_in(liaison), reverse("admin:outbox_delivery_change", args=[delivery.pk]))
    read = text(shown)
    assert "They refused our credentials (HTTP 401). It did not arrive. Telephone them now." in read
    assert "Did not arrive; trying again will not help" in read
    assert "permanent" not in read.lower()
    assert 'href="tel:+19705550112"' in shown


def test_the_button_that_approves_is_named_so_and_filled_and_counsels_mark_is_explained_once(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    things.in_review.facts.update(basis="us.2702c6")
    address = reverse("admin:referrals_referral_review", args=[things.in_review.reference])
    shown = page(sign_in(senior_reviewer), address)
    decide = shown.partition('id="decide"')[2]
    assert "<h3>Approve</h3>" in decide
    button = re.search(r'<button type="submit" class="([^"]*)">Approve and send to ([^<]*)</button>', decide)
    assert button is not None
    assert button[1] == "button main"
    assert button[2] == "Harrow County Sheriff (CO0000000, US) by Signed webhook"
    assert shown.count("your counsel has not confirmed it yet") == 1


def test_a_message_is_shown_without_fractions_of_seconds_and_without_times_that_nobody_knows() -> None:
    shown = structured(
        '{"items": [{"occurred_at": "2026-11-29T10:31:22.513739Z", "occurred_local": "", "content": "1.5Z"}]}'
    )
    assert "2026-11-29T10:31:22Z" in shown
    assert "by the clock there" not in shown
    assert "1.5Z" in shown


def test_a_score_reads_the_same_in_the_list_and_on_its_page(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    things.flag.score = "0.88"
    things.flag.save()
    browser = sign_in(liaison)
    assert "0.8800" not in page(browser, "/admin/triage/flag/")
    for address in ("/admin/triage/flag/", reverse("admin:triage_flag_change", args=[things.flag.pk])):
        assert "0.88" in text(page(browser, address)), address
