"""Handing one mail to the server, with every way it can fail told in the kit's words."""

import contextlib
import smtplib
import ssl
from typing import Any

from django.core.mail import EmailMessage, get_connection

from coordination.channels import DeliveryError, OutcomeUnknown, PermanentFailure, TemporaryFailure


def submit(mail: EmailMessage) -> None:
    """Send through Django's mail backend. Raises TemporaryFailure, PermanentFailure or OutcomeUnknown."""
    backend: Any = get_connection()
    data = _Data()
    try:
        backend.open()
        data.watch(backend)
        if backend.send_messages([mail]) != 1:
            raise OutcomeUnknown("the mail backend does not say that it sent the letter")
    except (smtplib.SMTPException, OSError) as error:
        raise _failure(error, begun=data.begun) from error
    finally:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            backend.close()


class _Data:
    """Sees the moment after which the server may have the letter."""

    begun = False

    def watch(self, backend: Any) -> None:
        session: Any = getattr(backend, "connection", None)
        send = getattr(session, "data", None)
        if send is None:
            return

        def noted(message: Any) -> Any:
            self.begun = True
            return send(message)

        session.data = noted


def _failure(error: Exception, *, begun: bool) -> DeliveryError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _by_code(next((code for code, _ in error.recipients.values()), 550))
    if isinstance(error, smtplib.SMTPResponseException):
        return _by_code(error.smtp_code)
    if begun:
        return OutcomeUnknown("the connection to the mail server was lost after the letter was sent")
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return PermanentFailure(f"the mail server cannot be used: {type(error).__name__}")
    return TemporaryFailure(f"no mail server: {type(error).__name__}")


def _by_code(code: int) -> DeliveryError:
    """Return what a reply code means (RFC 5321, section 4.2.1): 4yz try again, 5yz do not."""
    kind = PermanentFailure if code // 100 == 5 else TemporaryFailure  # noqa: PLR2004 - 5yz
    return kind(f"the mail server answered {code}")
