"""LEK-03: every request of the main pages, as Chromium makes them, goes to the desk itself."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from coordination.desk.demo import cast as demo_cast
from tests.browser.conftest import Desk
from tests.browser.test_pages import addresses, told

__all__ = ["told"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_lek_03_the_main_pages_contact_no_foreign_host(
    desk: Desk, told: demo_cast.Cast, live_server: Any
) -> None:
    own = urlsplit(live_server.url).netloc
    asked: list[str] = []
    user = told.people["duty_officer"]
    page = desk(user, password=told.passwords[user.username])
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    for address in addresses(told).values():
        assert page.goto(address, wait_until="networkidle").status == 200
        # What a page would look up before anybody follows it.
        assert (
            page.locator("link[rel~=dns-prefetch], link[rel~=preconnect], link[rel~=prefetch]").count() == 0
        )
    assert len(asked) > len(addresses(told)), "pages, and what they load"
    foreign = {url for url in asked if not url.startswith("data:") and urlsplit(url).netloc != own}
    assert foreign == set()


def test_lek_03_a_page_that_did_would_be_refused_by_the_browser(chromium: Any, live_server: Any) -> None:
    """The policy is the wall behind the pages: Chromium asks no foreign host even where a page says so."""
    page = chromium.new_page()
    sent: list[str] = []
    page.on("requestfinished", lambda request: sent.append(request.url))
    page.goto(f"{live_server.url}/admin/")
    page.evaluate(
        """() => {
            const image = new Image()
            image.src = 'http://tracker.example/1.gif'
            document.body.append(image)
            return fetch('http://tracker.example/').catch(() => null)
        }"""
    )
    page.wait_for_timeout(300)
    page.close()
    assert sent
    assert not [url for url in sent if "tracker.example" in url]
