"""What leaves is what was approved: content, destination, channel, configuration; at approval and at send."""

import uuid
from typing import Any

import psycopg
import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import FakePartner
from coordination.core.errors import Conflict, IllegalTransition, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.outbox import selectors, services
from coordination.outbox.models import Delivery, Message
from coordination.outbox.signals import overruling
from coordination.partners import services as partners
from tests.outbox.factories import a_delivery, a_destination, a_message, drain

pytestmark = pytest.mark.django_db(transaction=True)


def _tamper(owner: psycopg.Connection, what: str, message: Message) -> None:
    """Change one of the four behind the services' back, as somebody at the database might."""
    other = a_destination().pk
    if what == "digest":
        forged = Message._meta.get_field("content").seal(b"post something else", row=message.pk)
        owner.execute("UPDATE outbox_message SET content = %s WHERE id = %s", [forged, message.pk])
    elif what == "destination":
        owner.execute("UPDATE outbox_message SET destination_id = %s WHERE id = %s", [other, message.pk])
    elif what == "channel":
        owner.execute("UPDATE outbox_message SET channel = 'signed_webhook' WHERE id = %s", [message.pk])
    elif what.startswith("recipient"):
        column = what.removeprefix("recipient's ")
        owner.execute(
            f"UPDATE partners_agency SET {column} = 'Another' FROM partners_destination d"
            " WHERE d.agency_id = partners_agency.id AND d.id = %s",
            [message.destination_id],
        )
    else:
        elsewhere = {**message.destination.config, "endpoint": "http://127.0.0.1:7/"}
        forged = (
            type(message.destination)._meta.get_field("config").seal(elsewhere, row=message.destination_id)
        )
        owner.execute(
            "UPDATE partners_destination SET config = %s WHERE id = %s", [forged, message.destination_id]
        )


@pytest.mark.parametrize(
    "what", ["digest", "channel", "fingerprint", "recipient's name", "recipient's identifier"]
)
def test_a_change_after_freezing_stops_the_approval(
    what: str, partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    message = a_message(a_destination(partner.url))
    _tamper(owner, what, message)
    with pytest.raises(Conflict):
        services.approve(message, digest=message.digest, by=senior_reviewer)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "what",
    ["digest", "destination", "channel", "fingerprint", "recipient's name", "recipient's identifier"],
)
def test_a_change_after_approval_holds_the_delivery_with_a_task(
    what: str, partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    _tamper(owner, what, delivery.message)
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "held"
    assert ("fingerprint" if what.startswith("recipient") else what) in delivery.last_error
    assert partner.requests == []
    assert [each.kind for each in cases.tasks_of(delivery.case)] == ["delivery_held"]


def test_another_digest_than_the_approver_saw_is_refused(senior_reviewer: User) -> None:
    message = a_message(a_destination())
    with pytest.raises(Conflict):
        services.approve(message, digest="sha256:" + "0" * 64, by=senior_reviewer)


def test_whoever_prepared_a_message_does_not_approve_it(senior_reviewer: User) -> None:
    message = a_message(a_destination(), by=senior_reviewer)
    with pytest.raises(Refused) as refused:
        services.approve(message, digest=message.digest, by=senior_reviewer)
    assert refused.value.rule == "separation-of-duties"


def test_breaking_glass_lets_one_person_through_and_is_on_record(duty_officer: User) -> None:
    message = a_message(a_destination(), by=duty_officer)
    services.approve(message, digest=message.digest, by=duty_officer, break_glass=True)
    entry = ledger.entries_about(f"message:{message.pk}").get(action="outbox.message_approved")
    assert entry.data["details"]["break_glass"] is True


def test_a_message_is_approved_once(senior_reviewer: User) -> None:
    message = a_message(a_destination())
    services.approve(message, digest=message.digest, by=senior_reviewer)
    with pytest.raises(IllegalTransition):
        services.approve(message, digest=message.digest, by=senior_reviewer)


@pytest.mark.parametrize("note", ["objection", "objection: raise"])
def test_an_objection_holds_the_delivery_with_a_task(
    note: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    message = a_message(destination, note)
    assert selectors.objections(message)
    delivery = services.approve(message, digest=message.digest, by=senior_reviewer)
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "held"
    assert partner.requests == []
    assert cases.tasks_of(delivery.case).get().kind == "delivery_held"


def test_a_held_delivery_leaves_when_a_human_releases_it(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "objection", by=senior_reviewer)
    services.release(delivery, by=senior_reviewer, reason="Looked at.")
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "accepted"
    assert {each.state for each in cases.tasks_of(delivery.case)} == {"done"}


def test_a_suspended_agency_is_sent_nothing_that_was_queued(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    partners.suspend_agency(destination.agency, by=None, reason="A hacked mailbox.")
    drain(destination)
    delivery.refresh_from_db()
    assert delivery.state == "held"
    assert partner.requests == []


def test_a_void_message_never_leaves(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    services.void(delivery.message, by=senior_reviewer, reason="Not needed.")
    assert drain(destination).deliveries == 0
    delivery.refresh_from_db()
    assert delivery.state == "void"


def test_what_a_channel_cannot_carry_is_refused_in_its_own_words() -> None:
    from coordination.channels import LetterBody

    body = LetterBody(subject_line="x", salutation="", paragraphs=(), signed_by="")
    destination = a_destination()
    message = a_message(destination)
    with pytest.raises(Refused, match="a script carries no letter"):
        services.prepare(
            message.case,
            kind="letter",
            reference="T",
            origin="t:1",
            destination=destination,
            body=body,
            by=None,
        )


@pytest.mark.parametrize("note", ["render: raise", "render: hang"])
def test_a_channel_that_breaks_or_hangs_while_rendering_freezes_nothing(note: str) -> None:
    with pytest.raises(Refused) as refused:
        a_message(a_destination(), note)
    assert refused.value.rule == "channel"
    assert "secret" not in str(refused.value)
    assert not Message.objects.exists()


def test_the_id_is_the_same_on_the_wire_and_the_content_is_what_was_frozen(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "post these bytes", by=senior_reviewer)
    drain(destination)
    (request,) = partner.requests
    assert request.body == b"post these bytes" == bytes(delivery.message.content)
    assert uuid.UUID(request.headers["webhook-id"]) == delivery.message_id
    attempt: Any = delivery.attempts.get()
    assert attempt.wire_digest.startswith("sha256:")


def _held(partner: FakePartner, by: User, owner: psycopg.Connection, why: str, filer: User) -> Delivery:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "objection" if why == "objection" else "post", by=by, prepared=filer)
    if why == "change":
        _tamper(owner, "fingerprint", delivery.message)
        drain(destination)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.held_for) == ("held", why)
    return delivery


@pytest.mark.parametrize("why", ["objection", "change"])
def test_who_may_not_approve_does_not_release_what_an_objection_or_a_change_holds(
    why: str, partner: FakePartner, senior_reviewer: User, liaison: User, owner: psycopg.Connection
) -> None:
    delivery = _held(partner, senior_reviewer, owner, why, liaison)
    with pytest.raises(NotPermitted):
        services.release(delivery, by=liaison, reason="It is fine.")
    with pytest.raises(NotPermitted):
        services.release(delivery, by=None, reason="It is fine.")
    delivery.refresh_from_db()
    assert delivery.state == "held"
    services.release(delivery, by=senior_reviewer, reason="Looked at.")


@pytest.mark.parametrize("why", ["objection", "change"])
def test_whoever_prepared_it_does_not_release_what_an_objection_or_a_change_holds(
    why: str, partner: FakePartner, senior_reviewer: User, duty_officer: User, owner: psycopg.Connection
) -> None:
    delivery = _held(partner, senior_reviewer, owner, why, duty_officer)
    with pytest.raises(Refused) as refused:
        services.release(delivery, by=duty_officer, reason="It is fine.")
    assert refused.value.rule == "separation-of-duties"


def test_a_slice_above_keeps_whoever_had_a_part_in_it_from_releasing_it(
    partner: FakePartner, senior_reviewer: User, liaison: User, owner: psycopg.Connection
) -> None:
    delivery = _held(partner, senior_reviewer, owner, "objection", liaison)

    def refuse(sender: Any, *, delivery: Delivery, by: User, **_: Any) -> None:
        raise Refused("No.", rule="theirs")

    overruling.connect(refuse)
    try:
        with pytest.raises(Refused, match=r"No\."):
            services.release(delivery, by=senior_reviewer, reason="It is fine.")
    finally:
        overruling.disconnect(refuse)


def test_what_a_broken_channel_holds_is_released_by_whoever_sends_again(
    partner: FakePartner, senior_reviewer: User, liaison: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "raise", by=senior_reviewer)
    drain(destination)
    released = services.release(delivery, by=liaison, reason="The channel was mended.")
    assert released.state == "queued"
