"""The partners that integrators test with do what they say."""

import smtplib
import socket
import threading
import urllib.request
from email.message import EmailMessage

import pytest

from coordination.channels import HttpClient, MessageKind, PermanentFailure, TemporaryFailure
from coordination.channels.testing import Answer, FakeMailbox, FakePartner, Situation, message, messages


def test_a_partner_records_what_came(partner: FakePartner) -> None:
    with urllib.request.urlopen(partner.url) as answer:
        assert answer.status == 200
    assert [(each.method, each.path) for each in partner.requests] == [("GET", "/in")]


def test_a_partner_acts_once_on_an_id(partner: FakePartner) -> None:
    client = HttpClient()
    for message_id in ("a", "b", "a"):
        client.post(partner.url, b"{}", headers={"webhook-id": message_id})
    assert partner.effects == ["a", "b"]
    assert partner.contacts == 3


def test_a_partner_fails_as_often_as_it_is_told_and_has_no_effect_then(partner: FakePartner) -> None:
    partner.fail(2, status=503)
    client = HttpClient()
    for _ in range(2):
        with pytest.raises(TemporaryFailure, match="503"):
            client.post(partner.url, b"{}", headers={"webhook-id": "a"})
    assert partner.effects == []
    client.post(partner.url, b"{}", headers={"webhook-id": "a"})
    assert partner.effects == ["a"]


def test_hko_04_a_partner_flaps(partner: FakePartner) -> None:
    partner.flap(4)
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(HttpClient().post(partner.url, b"{}").status)
        except TemporaryFailure:
            outcomes.append(503)
    assert outcomes == [503, 200, 503, 200]


def test_a_partner_answers_in_the_order_it_is_told(partner: FakePartner) -> None:
    partner.will(Answer(status=202), Answer(status=403, takes=False))
    assert HttpClient().post(partner.url, b"{}").status == 202
    with pytest.raises(PermanentFailure):
        HttpClient().post(partner.url, b"{}")
    assert HttpClient().post(partner.url, b"{}").status == 200


def test_a_hanging_request_is_let_go_when_the_partner_stops(loopback: None) -> None:
    before = threading.active_count()
    with FakePartner() as partner:
        partner.be(Situation.HANGS)
        with socket.create_connection(("127.0.0.1", partner.port)) as held:
            held.sendall(b"POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            while not partner.contacts:
                threading.Event().wait(0.01)
    threading.Event().wait(0.1)
    assert threading.active_count() <= before + 1


def test_a_mailbox_keeps_mails_and_refuses_on_order() -> None:
    mail = EmailMessage()
    mail["To"], mail["Message-ID"] = "counsel@firm.example", "<m1@platform.example>"
    mail.set_content("A letter.")
    with FakeMailbox() as mailbox, smtplib.SMTP("127.0.0.1", mailbox.port) as session:
        session.send_message(mail, from_addr="desk@platform.example")
        assert mailbox.effects == ["m1"]
        assert mailbox.envelopes == [("desk@platform.example", ["counsel@firm.example"])]
        mailbox.be(Situation.REFUSES)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            session.send_message(mail, from_addr="desk@platform.example")


def test_there_is_a_sample_of_every_kind_and_its_body_is_of_that_kind() -> None:
    assert {each.kind for each in messages()} == set(MessageKind)
    with pytest.raises(ValueError, match="has no"):
        message(MessageKind.TEST, body=message(MessageKind.LETTER).body)
