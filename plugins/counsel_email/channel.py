"""The channel: a letter as PDF, frozen at render, mailed at send."""

import hashlib
import re
from email.message import Message as MimeMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from django.core.mail import EmailMessage

from coordination.channels import (
    Attempt,
    Channel,
    ChannelInfo,
    LetterBody,
    Message,
    MessageKind,
    PermanentFailure,
    Receipt,
    ReceiptLevel,
    Rendered,
    TestBody,
    UnsupportedFeature,
    current,
    render_pdf,
)
from plugins.counsel_email.forms import ONE, CounselEmailForm
from plugins.counsel_email.submission import submit

TEMPLATES = Path(__file__).parent / "templates"
HEADER_BREAK = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
TEXT = "A letter is attached as a PDF.\n\nReference: {reference}\n\nPlease answer to the contact it names.\n"


class CounselEmail(Channel):
    """Mails one letter to one mailbox.

    Mail drops no second copy, so a doubtful outcome is never retried alone.
    """

    info = ChannelInfo(
        slug="counsel_email",
        title="Letter to counsel by e-mail",
        kinds=frozenset({MessageKind.LETTER, MessageKind.TEST}),
        deduplicates=False,
        max_concurrency=4,
        deadline_seconds=60.0,
        sends_mail=True,
    )
    config_form = CounselEmailForm

    def render(self, message: Message) -> Rendered:
        """Return the letter as a PDF."""
        letter = _letter(message)
        text = [letter.subject_line, letter.salutation, *letter.paragraphs, letter.signed_by]
        context = {
            "created_at": message.created_at,
            "message": message,
            "title": letter.subject_line,
            "salutation": letter.salutation,
            "paragraphs": letter.paragraphs,
            "signed_by": letter.signed_by,
        }
        return Rendered(
            content=render_pdf("counsel_email/letter.html", context, roots=[TEMPLATES]),
            media_type="application/pdf",
            filename=f"{message.reference}.pdf",
            preview="\n\n".join(each for each in text if each),
        )

    def deliver(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        """Hand the letter to the mail server, under a subject that says nothing about anybody."""
        mail = _Mail(self.config["recipient"], rendered, attempt)
        submit(mail)
        return Receipt(
            message_id=attempt.message_id,
            level=ReceiptLevel.ACCEPTED,
            occurred_at=attempt.started_at,
            detail="the mail server took it",
            wire_digest="sha256:" + hashlib.sha256(mail.wire()).hexdigest(),
        )


def _letter(message: Message) -> LetterBody:
    """Return the body as a letter: a letter is one, a test says that it is a test."""
    if isinstance(message.body, LetterBody):
        return message.body
    if isinstance(message.body, TestBody):
        paragraphs = ("This is a test of the way to you. It is about nobody.", message.body.note)
        return LetterBody(subject_line="Test", salutation="", paragraphs=paragraphs, signed_by="")
    raise UnsupportedFeature(f"a letter to counsel carries no {message.kind}")


class _Mail(EmailMessage):
    """The mail, built once: what is digested is what is sent."""

    def __init__(self, recipient: str, rendered: Rendered, attempt: Attempt) -> None:
        kit = current()
        domain = kit.platform_domain or "localhost"
        sender = kit.mail.sender if kit.mail else ""
        for value in (recipient, sender, domain, rendered.filename, attempt.reference, attempt.message_id):
            if HEADER_BREAK.search(value):
                raise PermanentFailure("a line break or control character in a header is refused")
        super().__init__(
            subject=f"A letter for you, reference {attempt.reference}",
            body=TEXT.format(reference=attempt.reference),
            from_email=sender,
            to=[recipient],
            headers={
                "Message-ID": f"<{attempt.message_id}@{domain}>",
                "Date": format_datetime(attempt.started_at),
            },
        )
        self.attach(rendered.filename, rendered.content, rendered.media_type)
        self._built: Any = None
        if self.recipients() != [recipient] or not ONE.fullmatch(recipient):
            raise PermanentFailure("a letter goes to exactly one recipient")

    def message(self) -> MimeMessage:  # type: ignore[override]
        """Return the same MIME message each time: a boundary is drawn at random when one is built."""
        if self._built is None:
            self._built = super().message()
        return self._built  # type: ignore[no-any-return]

    def wire(self) -> bytes:
        """Return the bytes that Django's SMTP backend hands over."""
        built: Any = self.message()
        return bytes(built.as_bytes(linesep="\r\n"))
