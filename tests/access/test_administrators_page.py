"""docs/administrators.md: somebody new gets in by its steps, and its buttons are those of the desk."""

import re

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.contrib import admin
from django.test import Client

from coordination.access import selectors
from coordination.access.models import User
from coordination.access.recordadmin import RecordAdmin
from coordination.desk.site import NAVIGATION
from tests.doors import SignIn
from tests.people import PASSWORD, Cast

PAGE = (settings.BASE_DIR / "docs" / "administrators.md").read_text()
PEOPLE, CHANGES = "/admin/access/user/", "/admin/access/rolechange/"

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_new_gets_in_by_the_steps_of_the_page(
    administrator: User, cast: Cast, sign_in: SignIn
) -> None:
    you, another = sign_in(administrator), sign_in(cast("administrator", username="another"))
    given = {"username": "n.ovak", "first_name": "Nina", "roles": ["reviewer"], "reason": "Starts on Monday."}
    created = you.post(f"{PEOPLE}add/", given, follow=True).content.decode()
    assert "cannot sign in yet" in created
    person = User.objects.get(username="n.ovak")
    assert "Propose a way in" not in _acts(created), "it is offered once they have a role"
    change = selectors.waiting_change_of(person)
    assert change is not None
    another.post(f"{CHANGES}{change.pk}/do/approve/")
    page = f"{PEOPLE}{person.pk}/"
    assert "Propose a way in" in _acts(you.get(f"{page}change/").content.decode())
    you.post(f"{page}do/give_way_in/", {"reason": "Her manager, in person."})
    waiting = selectors.waiting_for(person).get()
    shown = another.post(
        f"{CHANGES}{waiting.pk}/do/approve_way_in/", {"reason": "I saw her."}
    ).content.decode()
    link = re.search(r"/account/enrol/#([^<\s]+)", shown)
    assert link is not None
    new = Client()
    new.post("/account/enrol/", {"way_in": link[1], "password": PASSWORD, "again": PASSWORD})
    new.post("/account/login/", {"login": "n.ovak", "password": PASSWORD})
    new.get("/account/mfa/totp/activate/")
    secret = new.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    new.post("/account/mfa/totp/activate/", {"code": code})
    assert new.get("/admin/").status_code == 200
    assert selectors.has_factor(person)


def test_the_buttons_and_places_are_those_of_the_desk() -> None:
    acts = {
        act.label
        for each in admin.site._registry.values()
        if isinstance(each, RecordAdmin)
        for act in each.acts.values()
    }
    places = {title for title, _, _ in NAVIGATION} | {"Add", "Create the person", "Your sign-in"}
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", PAGE))
    assert len(named) > 20
    assert named <= acts | places, named - acts - places


def _acts(page: str) -> str:
    return " ".join(re.findall(r"<summary[^>]*>([^<]+)</summary>", page))
