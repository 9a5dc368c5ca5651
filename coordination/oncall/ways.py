"""How a message leaves: directly by mail, or by one signed post to a gateway. Not through the bus.

A gateway takes JSON ({"to", "text", "kind"}) at ONCALL_SMS_URL or ONCALL_WEBHOOK_URL, signed with its secret
as Standard Webhooks says (docs/operations.md). What a message says is constant, neutral and about no case.
"""

import json
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formataddr
from functools import cache
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from coordination.channels import DeliveryError
from coordination.channels.envelopes import sign_webhook
from coordination.channels.http import HttpClient
from coordination.core import clock
from coordination.policy.workflow import Way

SECONDS: Final = 10.0
# Settings of each gateway: its address, and the whsec_ key that signs.
GATEWAYS: Final[Mapping[str, tuple[str, str]]] = {
    Way.SMS: ("ONCALL_SMS_URL", "ONCALL_SMS_SECRET"),
    Way.WEBHOOK: ("ONCALL_WEBHOOK_URL", "ONCALL_WEBHOOK_SECRET"),
}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What one person is sent: a subject for mail, and a text of one line or a few."""

    subject: str
    text: str
    kind: str = "page"


class NotSent(Exception):
    """It did not leave, or nobody knows. `code` says why in a word that holds nothing of anybody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_there(way: str) -> bool:
    """Tell whether messages can leave by a way in this installation."""
    if way == Way.EMAIL:
        return bool(settings.EMAIL_HOST)
    return way in GATEWAYS and bool(getattr(settings, GATEWAYS[way][0]))


def can_sign(secret: str) -> bool:
    """Tell whether a gateway's secret is a key that signs."""
    try:
        sign_webhook("check", clock.now(), b"", secret)
    except DeliveryError:
        return False
    return True


def send(way: str, address: str, notice: Notice) -> None:
    """Send a notice, and return once the mail server or the gateway took it. Raises NotSent."""
    if not is_there(way):
        raise NotSent("no-gateway")
    if way == Way.EMAIL:
        _mail(address, notice)
    else:
        _post(way, address, notice)


def _mail(address: str, notice: Notice) -> None:
    sender = formataddr((f"{settings.PLATFORM_NAME} desk", settings.DEFAULT_FROM_EMAIL))
    headers = {"Auto-Submitted": "auto-generated", "Importance": "high"}
    connection = get_connection(timeout=SECONDS)
    message = EmailMessage(
        notice.subject, notice.text, sender, [address], connection=connection, headers=headers
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent("refused") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(type(error).__name__) from error


def _post(way: str, address: str, notice: Notice) -> None:
    url, secret = (getattr(settings, name) for name in GATEWAYS[way])
    body = json.dumps({"to": address, "text": notice.text, "kind": notice.kind}).encode()
    try:
        signed = sign_webhook(str(uuid4()), clock.now(), body, secret)
        client().post(url, body, headers={**signed, "content-type": "application/json"}, timeout=SECONDS)
    except DeliveryError as error:
        raise NotSent(type(error).__name__) from error


@cache
def client() -> HttpClient:
    """Return the one client of the process."""
    return HttpClient(connect_timeout=SECONDS / 2)
