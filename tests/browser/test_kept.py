"""A page that hides itself hands over what was being written, and the browser keeps none of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from tests.browser.conftest import Desk
from tests.doors import fresh_code_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = "She moved to the second house in Weber Lane."
BROWSER_KEEPS = (
    "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])"
)


def test_what_was_being_written_when_the_page_hid_itself_comes_back(
    desk: Desk, case: Case, liaison: User, settings: Any
) -> None:
    page = desk(liaison)
    page.clock.install()
    page.goto(reverse("admin:cases_case_change", args=[case.reference]))
    page.locator("summary", has_text="Add note").click()
    page.fill("#id_add_note_text", WORDS)
    settings.IDLE_LOCK = timedelta(0)  # as long ago for the server as for the page
    page.clock.fast_forward("31:00")
    page.wait_for_selector("#id_confirm_code")
    assert "Weber" not in page.content()
    assert "Weber" not in page.evaluate(BROWSER_KEEPS)
    settings.IDLE_LOCK = timedelta(minutes=30)
    page.fill("#id_confirm_code", fresh_code_of(liaison))
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.wait_for_selector("text=Not saved yet")
    assert page.input_value("#kept [name=text]").strip() == WORDS
    assert not cases.notes_of(case).exists()
    page.get_by_role("button", name="Send what stands above").click()
    page.wait_for_url(f"**{reverse('admin:cases_case_change', args=[case.reference])}")
    assert [note.text for note in cases.notes_of(case)] == [WORDS]
