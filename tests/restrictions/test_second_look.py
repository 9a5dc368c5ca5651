"""Commands leave without a person's approval, so that two look at where they go."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.core.errors import Conflict, Refused
from coordination.partners import selectors as partners_of
from coordination.partners import services as partners
from coordination.partners.services import Destination
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Restriction
from tests.doors import signed_in
from tests.people import Cast
from tests.restrictions.platform import connect

THEIRS = {"endpoint": "http://127.0.0.1:8/theirs", "signing_secret": "secret:TEST_SIGNING"}
HOW = "Compared with those who run the platform."


@dataclass
class Look:
    """What one person does about the address."""

    destination: Destination

    def move(self, by: User, **changes: Any) -> Destination:
        given = {"config": THEIRS, "how_known": "They wrote.", **changes}
        return partners.change_destination(self.destination, by=by, **given)

    def confirm(self, by: User) -> Destination:
        seen = partners.destination_fingerprint(partners_of.destination(self.destination.pk))
        return partners.confirm_destination(self.destination, by=by, fingerprint=seen, how_confirmed=HOW)


@pytest.fixture
def look() -> Look:
    return Look(connect())


@pytest.fixture
def second(cast: Cast) -> User:
    return cast("administrator", username="second_administrator")


def _waiting(user: User) -> list[Any]:
    return [each for each in cases_of.waiting_for(user) if each.kind == "confirm_destination"]


def test_what_one_administrator_moves_takes_no_command_until_another_confirms_it(
    look: Look, automatic: Restriction, administrator: User, second: User
) -> None:
    look.move(administrator)
    assert selectors.platform_destination() is None
    assert services.send_due("P0") + services.send_due("normal") == 0
    assert {each.state for each in Command.objects.all()} == {"queued"}
    (task,) = _waiting(second)
    with pytest.raises(Refused):
        cases.complete_task(task, by=second, outcome="I think so.")
    with pytest.raises(Refused) as refused:
        look.confirm(administrator)
    assert refused.value.rule == "separation-of-duties"
    look.confirm(second)
    assert selectors.platform_destination() == look.destination
    assert not _waiting(second)
    with pytest.raises(Refused):
        look.confirm(second)


def test_a_new_destination_is_looked_at_twice_too(look: Look, administrator: User, second: User) -> None:
    partners.change_destination(look.destination, by=second, enabled=False)
    made = partners.add_destination(
        look.destination.agency,
        by=administrator,
        title="Another",
        channel="platform_actions",
        config=THEIRS,
        how_known="They wrote.",
    )
    assert selectors.platform_destination() is None
    Look(made).confirm(second)
    assert selectors.platform_destination() == made


def test_a_message_that_was_prepared_is_not_let_out_by_order_to_an_unconfirmed_address(
    look: Look, automatic: Restriction, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = look.move(administrator)
    monkeypatch.setattr(selectors, "platform_destination", lambda: moved)
    services.send_due("normal")
    services.send_due("P0")
    assert {each.state for each in Command.objects.all()} == {"queued"}


def test_only_what_was_seen_is_confirmed(look: Look, administrator: User, second: User) -> None:
    before = partners.destination_fingerprint(look.move(administrator))
    look.move(administrator, config={**THEIRS, "endpoint": "http://127.0.0.1:8/elsewhere"})
    with pytest.raises(Conflict):
        partners.confirm_destination(look.destination, by=second, fingerprint=before, how_confirmed=HOW)


def test_who_waits_for_a_second_look_does_not_get_it_by_somebody_elses_change(
    look: Look, administrator: User, second: User
) -> None:
    look.move(administrator)
    with pytest.raises(Refused):
        look.move(second, config={**THEIRS, "endpoint": "http://127.0.0.1:8/elsewhere"})
    look.move(second, config=None, title="Actions, new")
    with pytest.raises(Refused):
        look.confirm(administrator)


def test_closing_it_ends_the_task_and_opening_it_asks_again(
    look: Look, administrator: User, second: User
) -> None:
    look.move(administrator)
    look.move(second, config=None, enabled=False)
    assert not _waiting(second)
    look.move(administrator, config=None, enabled=True)
    assert _waiting(second)
    assert selectors.platform_destination() is None


def test_the_database_takes_no_confirmation_by_who_wrote_it(look: Look, administrator: User) -> None:
    look.move(administrator)
    with pytest.raises(IntegrityError), transaction.atomic():
        Destination.objects.filter(pk=look.destination.pk).update(confirmed_by=administrator)


def test_it_is_confirmed_on_its_page(look: Look, administrator: User, second: User, client: Client) -> None:
    look.move(administrator)
    page = f"/admin/partners/destination/{look.destination.pk}/"
    signed_in(administrator, client)
    assert "do/confirm/" not in client.get(f"{page}change/").content.decode()
    signed_in(second, client)
    shown = client.get(f"{page}change/")
    assert "do/confirm/" in shown.content.decode()
    seen = shown.context["fingerprint"]
    client.post(f"{page}do/confirm/", {"fingerprint": seen, "how_confirmed": HOW})
    assert selectors.platform_destination() == look.destination


def test_what_stood_before_a_second_look_was_asked_for_says_that_it_waits(
    look: Look, administrator: User, second: User
) -> None:
    from coordination.partners import jobs
    from coordination.partners.models import Destination as Row

    Row.objects.update(confirmed_fingerprint="")  # as an upgrade finds it
    assert selectors.platform_destination() is None
    for _ in range(2):
        jobs.ask_about_waiting(0)
    (task,) = [each for each in cases_of.waiting_for(second) if each.kind == "confirm_destination"]
    assert (task.priority, "nobody whom the records name" in task.instructions) == ("P0", True)
    look.confirm(administrator)
    task.refresh_from_db()
    assert task.state == "done"
    assert partners.ask_about_waiting() == 0
