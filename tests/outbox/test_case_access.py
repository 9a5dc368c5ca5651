"""Who reads what was said about a delivery, and who acts on it: those who were let into its case for it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.channels.testing import FakePartner
from coordination.core.errors import NotFound, NotPermitted
from coordination.outbox import services
from coordination.outbox.models import Delivery
from tests.doors import signed_in
from tests.outbox.factories import a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)

# A verb, what the channel does first, where the delivery then stands, and what the button says.
VERBS = [
    ("void", "", "queued", "Stop it for good"),
    ("release", "permanent", "failed", "Send again"),
    ("resolve", "unknown", "unknown", "Record what became of it"),
]
DATA = {"reason": "Because.", "level": "acknowledged", "reference": ""}


def _standing(note: str, partner: FakePartner, by: User) -> Delivery:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, note or "post", by=by)
    if note:
        drain(destination)
        delivery.refresh_from_db()
    return delivery


def _take(delivery: Delivery, *permissions: str) -> None:
    team = Group.objects.get(name=Role.SAFETY_LIAISON)
    cases.revoke(delivery.case, principal=team, by=None, permissions=permissions)


def _do(verb: str, delivery: Delivery, by: User) -> None:
    if verb == "void":
        services.void(delivery.message, by=by, reason="Because.")
    elif verb == "release":
        services.release(delivery, by=by, reason="Because.")
    else:
        services.resolve(delivery, by=by, level="acknowledged", reason="Because.")


def _page(client: Client, delivery: Delivery) -> str:
    answer = client.get(f"/admin/outbox/delivery/{delivery.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("verb", "note", "state", "label"), VERBS)
def test_who_only_sees_a_case_does_nothing_to_its_deliveries(  # noqa: PLR0917 - fixtures
    verb: str,
    note: str,
    state: str,
    label: str,
    partner: FakePartner,
    liaison: User,
    senior_reviewer: User,
    client: Client,
) -> None:
    delivery = _standing(note, partner, senior_reviewer)
    signed_in(liaison, client)
    assert label in _page(client, delivery)
    _take(delivery, "work_case")
    with pytest.raises(NotPermitted):
        _do(verb, delivery, liaison)
    assert label not in _page(client, delivery)
    client.post(f"/admin/outbox/delivery/{delivery.pk}/do/{verb}/", DATA)
    delivery.refresh_from_db()
    assert delivery.state == state


@pytest.mark.parametrize(("verb", "note", "state", "label"), VERBS)
def test_who_does_not_see_a_case_does_not_find_its_deliveries(  # noqa: PLR0917 - fixtures
    verb: str, note: str, state: str, label: str, partner: FakePartner, liaison: User, senior_reviewer: User
) -> None:
    delivery = _standing(note, partner, senior_reviewer)
    _take(delivery, "view_case")
    with pytest.raises(NotFound):
        _do(verb, delivery, liaison)
    delivery.refresh_from_db()
    assert delivery.state == state


@pytest.mark.parametrize("note", ["fail HC-2026-55, 12 Elm Street", "say HC-2026-55, 12 Elm Street"])
def test_what_was_said_about_a_delivery_is_shown_to_who_sees_the_case_and_not_to_the_administrator(  # noqa: PLR0917
    note: str,
    partner: FakePartner,
    liaison: User,
    administrator: User,
    senior_reviewer: User,
    client: Any,
) -> None:
    delivery = _standing(note, partner, senior_reviewer)
    shown = []
    for user in (liaison, administrator):
        signed_in(user, client)
        page = _page(client, delivery)
        assert "<h2>Attempts" in page
        shown.append("12 Elm Street" in page)
    assert shown == [True, False]
