"""A way is tried with a message about nobody, before it is needed."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from coordination.channels import registry
from coordination.channels.testing import FakePartner, Situation
from coordination.ledger.selectors import entries_about
from coordination.outbox import hosts
from coordination.outbox.models import Delivery, Message
from coordination.partners import services as partners
from tests.outbox.factories import a_destination

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKY0="


@pytest.fixture
def number(partner: FakePartner, monkeypatch: pytest.MonkeyPatch) -> int:
    """A destination that posts signed webhooks to the partner."""
    monkeypatch.setenv("SECRET_TEST_SIGNING", SECRET)
    config = {"signing_secret": "secret:TEST_SIGNING"}
    return a_destination(partner.url, channel="signed_webhook", **config).pk


def _try(number: int) -> str:
    said = io.StringIO()
    call_command("destination_test", number, stdout=said)
    return said.getvalue()


def test_a_test_arrives_is_about_nobody_and_stands_in_the_ledger(partner: FakePartner, number: int) -> None:
    assert _try(number).startswith("Accepted: HTTP 200")
    [request] = partner.requests
    sent = json.loads(request.body)
    assert sent["kind"] == "test"
    assert "about nobody" in sent["body"]["note"]
    actions = [entry.action for entry in entries_about(f"destination:{number}")]
    assert actions[-1] == "outbox.destination_tested"
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_a_test_stands_in_the_ledger_before_it_leaves(
    partner: FakePartner, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = hosts.Host.deliver

    def die(*args: Any, **options: Any) -> Any:
        deliver(*args, **options)
        raise SystemExit(1)

    monkeypatch.setattr(hosts.Host, "deliver", die)
    with pytest.raises(SystemExit):
        _try(number)
    [request] = partner.requests
    entry = entries_about(f"destination:{number}").order_by("pk").last()
    assert entry is not None
    assert entry.action == "outbox.destination_test_begun"
    assert entry.data["details"]["message"] == request.headers["webhook-id"]


def test_a_test_for_which_no_host_starts_was_not_sent_and_the_ledger_says_so(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts.Pool, "use", _fail)
    monkeypatch.setattr("coordination.outbox.services.preparing.render", lambda *_: None)
    with pytest.raises(CommandError, match="no room"):
        _try(number)
    assert [(each.action, each.data["details"].get("outcome")) for each in _entries(number)[-2:]] == [
        ("outbox.destination_test_begun", None),
        ("outbox.destination_tested", "not sent"),
    ]


def _fail(*_: Any) -> Any:
    raise hosts.HostFailed("no room")


def _entries(number: int) -> list[Any]:
    return list(entries_about(f"destination:{number}").order_by("pk"))


def test_what_did_not_arrive_is_said_with_its_reason(partner: FakePartner, number: int) -> None:
    partner.be(Situation.REFUSES)
    with pytest.raises(CommandError, match="permanent"):
        _try(number)
    assert SECRET not in str(partner.requests[0].body)


def test_a_missing_secret_and_a_closed_destination_are_said(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_TEST_SIGNING")
    with pytest.raises(CommandError, match="secret"):
        _try(number)
    destination = partners.Destination.objects.get(pk=number)
    partners.change_destination(destination, by=None, enabled=False)
    with pytest.raises(CommandError, match="closed"):
        _try(number)
    with pytest.raises(CommandError):
        _try(number + 999)


def test_a_number_that_no_destination_has_is_said() -> None:
    with pytest.raises(CommandError, match="No destination 99"):
        _try(99)


def test_a_channel_that_may_not_be_loaded_is_told_apart_from_one_that_is_missing(
    number: int, settings: Any
) -> None:
    settings.PLUGINS_ALLOWED = ["counsel_email"]
    registry.survey.cache_clear()
    with pytest.raises(CommandError, match="not installed, or not in PLUGINS_ALLOWED"):
        _try(number)
