"""The main pages with the demo's cases on them: no serious axe violation, and the pictures in docs/."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from coordination.cases import selectors as cases
from coordination.desk.demo import cast as demo_cast
from coordination.desk.demo import loading
from coordination.outbox import selectors as outbox
from coordination.referrals import selectors as referrals
from coordination.triage import selectors as triage
from tests.browser.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = Path(django_settings.BASE_DIR) / "docs" / "pictures"
SERIOUS = {"serious", "critical"}
BEFORE_APPROVAL = ("submit",)
TALLEST = 1500


@pytest.fixture
def told(demo_files: Path, packs: None) -> demo_cast.Cast:
    """The demo's cast, its past cases, and its main case up to the moment of the review."""
    cast = demo_cast.assemble(portal="http://127.0.0.1:9", platform="http://127.0.0.1:9")
    loading.load(cast)
    live = loading.live()
    live["steps"] = [step for step in live["steps"] if step["do"] in BEFORE_APPROVAL]
    live["began"] = {"hours_ago": 1, "zone": "America/Denver"}
    loading.Telling(live, cast).tell()
    return cast


def test_the_main_pages_are_accessible_in_light_and_dark(desk: Desk, told: demo_cast.Cast) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    pages = addresses(told)
    for scheme in ("light", "dark"):
        for key in ("duty_officer", "liaison"):
            user = told.people[key]
            page = desk(user, scheme=scheme, password=told.passwords[user.username])
            for name, address in pages.items():
                answer = page.goto(address)
                assert answer.status == 200, address
                found = [
                    f"{each['id']} on {name}, {scheme}: {[node['html'][:160] for node in each['nodes'][:3]]}"
                    for each in axe.run(page).response["violations"]
                    if each["impact"] in SERIOUS
                ]
                assert not found
                _picture(page, key, name, scheme)


def test_the_sign_in_page_is_accessible(chromium: Any, live_server: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = chromium.new_page()
    page.goto(f"{live_server.url}/admin/")
    violations = axe.run(page).response["violations"]
    page.close()
    assert not [each["id"] for each in violations if each["impact"] in SERIOUS]


def addresses(told: demo_cast.Cast) -> dict[str, str]:
    user = told.people["duty_officer"]
    seen = {each.title: each for each in referrals.visible_to(user)}
    case = {each.title: each for each in cases.visible_to(user)}["Threat against a former employer"]
    live = seen["Threat to kill a former partner and two colleagues at their workplace"]
    asked = seen["Threat against a supervisor at a freight company"]
    flag = triage.visible_to(user).filter(state="received").first()
    delivery = outbox.deliveries_of(asked.origin).first()
    assert flag is not None
    assert delivery is not None
    return {
        "home": "/admin/",
        "case": f"/admin/cases/case/{case.reference}/change/",
        "referral": f"/admin/referrals/referral/{asked.reference}/change/",
        "review": f"/admin/referrals/referral/{live.reference}/review/",
        "flag": f"/admin/triage/flag/{flag.pk}/change/",
        "delivery": f"/admin/outbox/delivery/{delivery.pk}/change/",
        "cases": "/admin/cases/case/",
        "referrals": "/admin/referrals/referral/",
        "deliveries": "/admin/outbox/delivery/",
        "inbox": "/admin/inbox/inboundmessage/",
        "file": f"/admin/referrals/referral/add/?case={case.reference}",
    }


def _picture(page: Any, key: str, name: str, scheme: str) -> None:
    """Take the pictures for docs/ (make pictures); each page by the person whose page it is."""
    whose = {"home": "liaison", "case": "liaison", "referral": "liaison", "review": "duty_officer"}
    if os.environ.get("COORDINATION_PICTURES") == "1" and whose.get(name) == key:
        PICTURES.mkdir(parents=True, exist_ok=True)
        height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        clip = {"x": 0, "y": 0, "width": 1360, "height": height}
        page.screenshot(path=str(PICTURES / f"{name}-{scheme}.png"), full_page=True, clip=clip)
