"""A telephone at night: at 400 px nothing of a page is cut off, in a list neither."""

from typing import Any

import pytest

from coordination.desk.demo import cast as demo_cast
from tests.browser.conftest import Desk
from tests.browser.test_pages import addresses, told

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

__all__ = ["told"]
# Whatever reaches beyond the window and is text; what scrolls in a box of its own is reachable.
CUT = """() => [...document.querySelectorAll('#content *, #header *')].filter(each => {
  const box = each.getBoundingClientRect();
  if (box.width < 2 || box.height < 2 || box.right <= innerWidth + 1) return false;
  for (let up = each; up; up = up.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX) && up.tagName !== 'HTML') return false;
  return true;
}).slice(0, 3).map(each => each.outerHTML.slice(0, 160))"""


def test_nothing_is_cut_off_in_a_narrow_window(desk: Desk, told: demo_cast.Cast) -> None:
    user = told.people["duty_officer"]
    page: Any = desk(user, password=told.passwords[user.username])
    page.set_viewport_size({"width": 400, "height": 800})
    pages = {**addresses(told), "flags": "/admin/triage/flag/", "agencies": "/admin/partners/agency/"}
    for name, address in pages.items():
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, name
        assert page.evaluate(CUT) == [], name
        for cell in page.locator("#result_list tbody tr").first.locator("td, th").all():
            box = cell.bounding_box()
            assert box is not None, name
            assert box["x"] + box["width"] <= 400, f"{name}: {cell.inner_text()}"


def test_what_can_be_done_to_an_officer_is_read_at_any_width(desk: Desk, told: demo_cast.Cast) -> None:
    user = told.people["administrator"]
    page: Any = desk(user, password=told.passwords[user.username])
    page.goto("/admin/partners/agency/")
    page.locator("#result_list tbody a").first.click()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for label in ("Issue a token", "Suspend"):
            act = (
                page.locator("table.cards details.act").filter(has=page.get_by_text(label, exact=True)).first
            )
            act.locator("summary").click()
            form = act.locator("form").bounding_box()
            assert form is not None, label
            assert form["x"] >= 0, label
            assert form["x"] + form["width"] <= width, label
            assert form["width"] >= min(width - 80, 480), label
            act.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
