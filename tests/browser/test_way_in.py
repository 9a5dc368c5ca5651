"""The one-time way in with a real browser: what opens is in no address that leaves it."""

from typing import Any

import pytest

from coordination.access import services
from coordination.access.services import User
from tests.browser.conftest import Watched
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_V14_2_1_the_browser_hands_a_way_in_over_in_a_form(
    chromium: Any, live_server: Any, liaison: User
) -> None:
    _, plain = services.issue_enrolment(liaison)
    context = chromium.new_context(base_url=live_server.url)
    page, watched, addresses = context.new_page(), Watched(live_server.url), []
    watched.over(page)
    page.on("request", lambda request: addresses.append(request.url.partition("#")[0]))
    page.goto(f"/account/enrol/#{plain}")
    page.wait_for_selector("#id_password")
    assert liaison.username in page.inner_text("main")
    assert plain not in page.url
    page.fill("#id_password", PASSWORD)
    page.fill("#id_again", PASSWORD)
    page.click("text=Set the password")
    page.wait_for_selector("#id_login")
    assert not any(plain in each for each in addresses)
    context.close()
    assert not watched.wrong
    liaison.refresh_from_db()
    assert liaison.check_password(PASSWORD)
