"""A task that belongs to no case, in a browser: from home to its end, accessible, not cut off when narrow."""

from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import services
from coordination.cases.models import Task
from coordination.cases.services import alarms
from tests.browser.conftest import Desk
from tests.browser.test_narrow import CUT
from tests.browser.test_pages import SERIOUS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _looked_at(page: Any, axe: Any) -> None:
    found = [each["id"] for each in axe.run(page).response["violations"] if each["impact"] in SERIOUS]
    assert not found, page.url
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400, page.url
    assert page.evaluate(CUT) == [], page.url
    page.set_viewport_size({"width": 1360, "height": 900})


def test_an_administrator_is_led_from_home_to_the_end_of_a_task(desk: Desk, administrator: User) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = desk(administrator)
    page.click("text=Tasks")
    assert "Nothing waits here." in page.text_content("#content")
    _looked_at(page, axe)
    services.alarm(alarms.STORE, "no space left on the device that /srv/coordination/evidence/objects is on")
    page.goto("/admin/")
    page.click("#waiting a")
    _looked_at(page, axe)
    page.click("button:text-is('Take this task')")
    page.click("summary:text-is('Complete')")
    page.fill("[name=outcome]", "80 GB were added to the volume; a test exhibit came in.")
    page.click("button:text-is('Complete')")
    page.wait_for_selector("text=The task is done.")
    _looked_at(page, axe)
    page.goto("/admin/cases/task/")
    assert "done" in page.text_content("#result_list")
    _looked_at(page, axe)
    task = Task.objects.get()
    assert (task.state, task.assignee, task.ended_by) == ("done", administrator, administrator)
