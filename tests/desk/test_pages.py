"""Each page of the desk for each role: who is shown it, and what who is not sees instead."""

import pytest
from django.test import Client
from django.urls import reverse

from coordination.access import sessiondata
from coordination.access.roles import ROLES, Role
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import sealing
from coordination.desk.templatetags.desk import record_url
from coordination.outbox import selectors as outbox
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)

DESK = [role for role, rights in ROLES.items() if rights.staff]
REFERRALS = {
    Role.SAFETY_LIAISON,
    Role.REVIEWER,
    Role.SENIOR_REVIEWER,
    Role.DUTY_OFFICER,
    Role.COUNSEL,
    Role.DUTY_COUNSEL,
    Role.AUDITOR,
}
# Which roles are shown a page about a case that was given to the default teams.
SHOWN = {
    "case": REFERRALS,
    "referral": REFERRALS,
    "review": REFERRALS,
    "delivery": REFERRALS,
    "flag": REFERRALS,
}


def addresses(things: Things) -> dict[str, str]:
    delivery = outbox.deliveries_of(things.approved.origin).get()
    return {
        "case": reverse("admin:cases_case_change", args=[things.case.reference]),
        "referral": reverse("admin:referrals_referral_change", args=[things.draft.reference]),
        "review": reverse("admin:referrals_referral_review", args=[things.in_review.reference]),
        "delivery": reverse("admin:outbox_delivery_change", args=[delivery.pk]),
        "flag": reverse("admin:triage_flag_change", args=[things.flag.pk]),
    }


def test_each_role_is_shown_what_its_role_and_grants_allow(
    things: Things, cast: Cast, sign_in: SignIn
) -> None:
    for role in DESK:
        browser = sign_in(cast(role, username=f"another_{role}"))
        assert browser.get("/admin/").status_code == 200
        for page, address in addresses(things).items():
            shown = role in SHOWN[page] or (page == "delivery" and role == Role.ADMINISTRATOR)
            assert browser.get(address).status_code == (200 if shown else 404), f"{page} for {role}"


def test_a_case_of_others_and_a_missing_one_answer_alike(things: Things, cast: Cast, sign_in: SignIn) -> None:
    custodian = sign_in(cast(Role.CUSTODIAN))
    foreign = custodian.get(reverse("admin:cases_case_change", args=[things.case.reference]))
    missing = custodian.get(reverse("admin:cases_case_change", args=["C-0000-0000"]))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_a_revoked_team_sees_neither_case_nor_what_hangs_on_it(
    things: Things, liaison: User, counsel: User, sign_in: SignIn
) -> None:
    group = liaison.groups.get()
    cases.revoke(things.case, principal=group, by=counsel)
    browser = sign_in(liaison)
    for page in ("case", "referral", "review", "delivery"):
        assert browser.get(addresses(things)[page]).status_code == 404, page
    assert things.draft.reference not in browser.get("/admin/referrals/referral/").content.decode()


def test_nobody_is_let_in_without_signing_in(things: Things) -> None:
    for address in ["/admin/", *addresses(things).values()]:
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/admin/login/"), address


def test_a_police_officer_cannot_open_the_desk(police_officer: User, sign_in: SignIn) -> None:
    assert sign_in(police_officer).get("/admin/").status_code == 302


def test_the_home_page_shows_what_waits_and_says_so_where_nothing_does(
    things: Things, senior_reviewer: User, outsider: User, sign_in: SignIn
) -> None:
    waiting = sign_in(senior_reviewer).get("/admin/").content.decode()
    assert things.case.reference in waiting
    assert "Nothing waits for you" in sign_in(outsider).get("/admin/").content.decode()


def test_frozen_bytes_are_served_locked_to_who_sees_the_case(
    things: Things, senior_reviewer: User, cast: Cast, sign_in: SignIn
) -> None:
    message = outbox.messages_of(things.in_review.origin).get()
    address = reverse("admin:outbox_message_frozen", args=[message.pk])
    answer = sign_in(senior_reviewer).get(address)
    assert answer.content == bytes(message.content)
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Content-Disposition"].startswith("attachment")
    assert sign_in(cast(Role.CUSTODIAN)).get(address).status_code == 404


def test_no_page_allows_inline_scripts_or_styles(
    things: Things, senior_reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(senior_reviewer)
    for address in ["/admin/", *addresses(things).values()]:
        answer = browser.get(address)
        assert "unsafe" not in answer["Content-Security-Policy"], address
        text = answer.content.decode()
        assert "<style" not in text, address
        assert " style=" not in text, address
        assert "<script>" not in text, address


def test_a_task_leads_to_what_it_is_about_and_a_foreign_one_nowhere(
    things: Things, senior_reviewer: User, cast: Cast, sign_in: SignIn
) -> None:
    browser = sign_in(senior_reviewer)
    for record in (things.draft, things.flag):
        address = record_url(record.origin)
        assert browser.get(address).status_code == 302, address
        assert sign_in(cast(Role.CUSTODIAN, username=f"k{record.pk}")).get(address).status_code == 404
    assert browser.get(record_url(things.draft.addressees.get().origin)).status_code == 302
    assert browser.get(record_url("triage.flag:no-such")).status_code == 404
    assert record_url("nowhere.at-all:1") == ""
    assert record_url("") == ""


def test_lists_read_no_sealed_column(
    things: Things, senior_reviewer: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    ring = type(sealing.ring())
    unseal = ring.open

    def noted(self: sealing.KeyRing, sealed: bytes, *, context: str) -> bytes:
        if context != sessiondata.CONTEXT:  # who asks is known from a sealed session
            opened.append(context)
        return unseal(self, sealed, context=context)

    monkeypatch.setattr(ring, "open", noted)
    browser = sign_in(senior_reviewer)
    for section in (
        "cases/case",
        "referrals/referral",
        "triage/flag",
        "outbox/delivery",
        "inbox/inboundmessage",
    ):
        assert browser.get(f"/admin/{section}/").status_code == 200
        assert not opened, f"{section} read {set(opened)}"
