"""Messages leave by a real mail server and by signed posts to gateways; what fails is said in one word."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from coordination.access.services import User
from coordination.channels.envelopes import verify_webhook
from coordination.channels.testing import FakeMailbox, FakePartner
from coordination.channels.testing.situations import Situation
from coordination.core.errors import InvalidInput, NotPermitted, Unavailable
from coordination.ledger import selectors as ledger
from coordination.oncall import selectors, services, ways
from tests.bus import SECRET

NOTICE = ways.Notice(subject="You are paged: P0", text="You are paged: P0. Open the desk.")


@pytest.fixture
def mailbox(settings: Any) -> Iterator[FakeMailbox]:
    with FakeMailbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def gateway(settings: Any) -> Iterator[FakePartner]:
    with FakePartner() as partner:
        settings.ONCALL_SMS_URL = settings.ONCALL_WEBHOOK_URL = partner.url
        settings.ONCALL_SMS_SECRET = settings.ONCALL_WEBHOOK_SECRET = SECRET
        yield partner


def test_mail_leaves_directly(mailbox: FakeMailbox) -> None:
    ways.send("email", "first@lanternchat.example", NOTICE)
    (mail,) = mailbox.messages
    assert mail["Subject"] == NOTICE.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mailbox.envelopes[0][1] == ["first@lanternchat.example"]


@pytest.mark.parametrize("situation", [Situation.REFUSES, Situation.FAILS, Situation.DOWN])
def test_a_mail_server_that_does_not_take_it_is_told(mailbox: FakeMailbox, situation: Situation) -> None:
    mailbox.be(situation)
    with pytest.raises(ways.NotSent) as told:
        ways.send("email", "first@lanternchat.example", NOTICE)
    assert "@" not in told.value.code


@pytest.mark.parametrize("way", ["sms", "webhook"])
def test_a_gateway_gets_one_signed_post(gateway: FakePartner, way: str) -> None:
    ways.send(way, "+19705550101", NOTICE)
    (request,) = gateway.requests
    assert verify_webhook(request.body, request.headers, SECRET)
    assert json.loads(request.body) == {"to": "+19705550101", "text": NOTICE.text, "kind": "page"}


@pytest.mark.parametrize(
    "situation", sorted(set(Situation) - {Situation.ACCEPTS, Situation.HANGS, Situation.DOWN})
)
def test_a_gateway_that_does_not_take_it_is_told(gateway: FakePartner, situation: Situation) -> None:
    gateway.be(situation)
    with pytest.raises(ways.NotSent):
        ways.send("sms", "+19705550101", NOTICE)


def test_a_gateway_is_reached_as_any_endpoint_is(settings: Any, gateway: FakePartner) -> None:
    """The guard of the kit holds: no address that channels may not reach."""
    settings.ONCALL_SMS_URL = "http://169.254.169.254/latest"
    with pytest.raises(ways.NotSent):
        ways.send("sms", "+19705550101", NOTICE)


@pytest.mark.django_db
class TestOnesOwn:
    """Addresses are one's own, and used once their code came back."""

    def test_a_code_verifies_an_address(self, reviewer: User, mailoutbox: list[Any]) -> None:
        way = services.add_way(reviewer, way="email", address="me@lanternchat.example", by=reviewer)
        assert not selectors.is_reachable(reviewer)
        services.send_code(way, by=reviewer)
        code = mailoutbox[-1].body.partition("address is ")[2][:7]
        services.confirm_way(way, code=code, by=reviewer)
        assert selectors.is_reachable(reviewer)
        actions = [each.action for each in ledger.entries_about(f"user:{reviewer.pk}")]
        assert actions[-2:] == ["oncall.way_added", "oncall.way_verified"]

    def test_five_wrong_codes_and_the_right_one_counts_no_more(
        self, reviewer: User, mailoutbox: list[Any]
    ) -> None:
        way = services.add_way(reviewer, way="email", address="me@lanternchat.example", by=reviewer)
        with pytest.raises(InvalidInput, match="code"):
            services.confirm_way(way, code="", by=reviewer)
        services.send_code(way, by=reviewer)
        code = mailoutbox[-1].body.partition("address is ")[2][:7]
        for _ in range(5):
            with pytest.raises(InvalidInput, match="code"):
                services.confirm_way(way, code="12345", by=reviewer)
        with pytest.raises(InvalidInput, match="code"):
            services.confirm_way(way, code=code, by=reviewer)

    def test_nobody_touches_the_address_of_another(self, reviewer: User, administrator: User) -> None:
        with pytest.raises(NotPermitted):
            services.add_way(reviewer, way="sms", address="+19705550101", by=administrator)
        way = services.add_way(reviewer, way="sms", address="+19705550101", by=reviewer)
        for act in (
            lambda: services.remove_way(way, by=administrator),
            lambda: services.send_code(way, by=administrator),
            lambda: services.confirm_way(way, code="1", by=administrator),
        ):
            with pytest.raises(NotPermitted):
                act()

    @pytest.mark.parametrize(
        ("way", "address", "field"),
        [
            ("email", "nobody", "address"),
            ("sms", "555 0101", "address"),
            ("sms", "+1970555\n0101", "address"),
            ("webhook", "", "address"),
            ("desk", "x", "way"),
            ("pigeon", "x", "way"),
        ],
    )
    def test_what_is_no_address_is_refused(self, reviewer: User, way: str, address: str, field: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            services.add_way(reviewer, way=way, address=address, by=reviewer)
        assert refused.value.field == field

    def test_a_code_that_does_not_leave_is_told(self, reviewer: User) -> None:
        way = services.add_way(reviewer, way="sms", address="+1 (970) 555-0101", by=reviewer)
        assert way.address == "+19705550101"
        with pytest.raises(Unavailable):
            services.send_code(way, by=reviewer)
