"""The contract, and what is this channel's own."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from coordination.channels import (
    KitSettings,
    LetterBody,
    MailSettings,
    Message,
    MessageKind,
    PermanentFailure,
    Rendered,
    configure,
    current,
)
from coordination.channels.testing import ChannelContract, FakeMailbox, Situation, attempt, message
from plugins.counsel_email.channel import CounselEmail, _Mail
from plugins.counsel_email.forms import CounselEmailForm

LETTER = message(MessageKind.LETTER)


class TestCounselEmail(ChannelContract):
    channel_class = CounselEmail
    config = {"recipient": "{partner}"}
    partner_class = FakeMailbox

    def test_one_letter_to_one_mailbox_under_a_neutral_subject(
        self, channel: CounselEmail, partner: FakeMailbox
    ) -> None:
        rendered = channel.render(LETTER)
        channel.deliver(rendered, attempt(LETTER))
        (mail,) = partner.messages
        assert partner.envelopes == [("desk@platform.example", [partner.address])]
        assert mail["To"] == partner.address
        assert mail["Cc"] is mail["Bcc"] is None
        assert mail["Subject"] == f"A letter for you, reference {LETTER.reference}"
        assert mail["Message-ID"] == f"<{LETTER.id}@lanternchat.example>"
        (attachment,) = mail.iter_attachments()
        assert attachment.get_content_type() == "application/pdf"
        assert attachment.get_filename() == f"{LETTER.reference}.pdf"
        assert attachment.get_content() == rendered.content, "what leaves is what was approved"
        text = mail.get_body(("plain",)).get_content()
        assert isinstance(LETTER.body, LetterBody)
        assert LETTER.body.subject_line not in text + mail["Subject"]

    def test_the_wire_digest_is_of_the_mail_that_was_sent(
        self, channel: CounselEmail, partner: FakeMailbox
    ) -> None:
        raw: list[bytes] = []
        keep = partner.handle_DATA

        async def handle(server: Any, session: Any, envelope: Any) -> str:
            raw.append(envelope.original_content)
            return await keep(server, session, envelope)

        partner.handle_DATA = handle  # type: ignore[method-assign]
        receipt = channel.deliver(channel.render(LETTER), attempt(LETTER))
        assert receipt.wire_digest == "sha256:" + hashlib.sha256(raw[0]).hexdigest()

    @pytest.mark.parametrize("situation", [Situation.HANGS, Situation.RESETS])
    def test_a_doubtful_letter_is_sent_once(
        self, situation: Situation, channel: CounselEmail, partner: FakeMailbox
    ) -> None:
        partner.be(situation)
        with pytest.raises(Exception, match="lost after"):
            channel.deliver(channel.render(LETTER), attempt(LETTER))
        assert partner.contacts == 1


@pytest.fixture(autouse=True)
def _mail() -> Any:
    before = current()
    configure(
        KitSettings(
            platform_domain="lanternchat.example", mail=MailSettings(sender="desk@lanternchat.example")
        )
    )
    yield
    configure(before)


RENDERED = Rendered(content=b"%PDF-", media_type="application/pdf", filename="R-1.pdf", preview="")
BREAKS = ["a\r\nBcc: other@firm.example", "a\nBcc: other", "a\rb", "a\0b", "a\u2028b", "a\x85b"]


@pytest.mark.parametrize("text", BREAKS)
def test_rec_03_a_line_break_in_any_header_is_refused(text: str) -> None:
    for recipient, rendered, reference in (
        (text, RENDERED, "R-1"),
        ("counsel@firm.example", dataclasses.replace(RENDERED, filename=text), "R-1"),
        ("counsel@firm.example", RENDERED, text),
    ):
        with pytest.raises(PermanentFailure):
            _Mail(recipient, rendered, dataclasses.replace(attempt(LETTER), reference=reference))


@pytest.mark.parametrize(
    "recipient",
    [
        "a@firm.example, b@firm.example",
        "a@firm.example;b@firm.example",
        "a@firm.example\nb@firm.example",
        "a@firm.example; b@firm.example",
        "a@firm.example b@firm.example",
        "a@firm.example\n",
        "\na@firm.example",
        '"a,b"@firm.example',
        '"a;b@other.example"@firm.example',
        '"a\\\nb"@firm.example',
        "Counsel <a@firm.example>",
        "a@firm.example(b@firm.example)",
        "a@@firm.example",
        *BREAKS,
        "",
    ],
)
def test_rec_03_a_second_recipient_cannot_be_configured(recipient: str) -> None:
    assert not CounselEmailForm({"recipient": recipient}).is_valid()


def test_one_plain_address_can_be_configured() -> None:
    form = CounselEmailForm({"recipient": "o'neill.clara+desk@firm.example"})
    assert form.is_valid()
    assert form.cleaned_data == {"recipient": "o'neill.clara+desk@firm.example"}


@pytest.mark.parametrize(
    "recipient", ["a@firm.example, b@firm.example", "a@firm.example;b@firm.example", '"a;b"@firm.example']
)
def test_rec_03_a_second_recipient_is_refused_again_at_send(recipient: str) -> None:
    with pytest.raises(PermanentFailure, match="one recipient"):
        _Mail(recipient, RENDERED, attempt(LETTER))


def test_the_letter_can_be_read_and_markup_in_it_is_text(tmp_path: Any) -> None:
    body = LetterBody(
        subject_line="<script>alert(1)</script>",
        salutation="Dear <b>Counsel</b>,",
        paragraphs=('<img src="file:///etc/passwd">', "Grüße & {{ settings.SECRET_KEY }}"),
        signed_by="Duty counsel",
    )
    content = (
        CounselEmail({"recipient": "a@firm.example"}).render(message(MessageKind.LETTER, body=body)).content
    )
    path = tmp_path / "letter.pdf"
    path.write_bytes(content)
    text = " ".join(PdfReader(path).pages[0].extract_text().split())
    for each in (
        "<script>alert(1)</script>",
        "<b>Counsel</b>",
        "/etc/passwd",
        "{{ settings.SECRET_KEY }}",
        "Grüße",
    ):
        assert each in text


@pytest.mark.parametrize("kind", sorted(CounselEmail.info.kinds))
def test_the_words_are_what_was_recorded(kind: MessageKind) -> None:
    """The words, not the bytes: those change with the fonts of the machine that renders."""
    recorded = Path(__file__).parent.parent / "recordings" / f"{kind}.txt"
    assert CounselEmail({}).render(message(kind)).preview == recorded.read_text().rstrip("\n")


def test_every_page_of_a_letter_says_whose_it_is_and_which_page_of_how_many(tmp_path: Path) -> None:
    body = LetterBody(
        subject_line="Notice",
        salutation="Dear counsel,",
        paragraphs=("A paragraph that fills a line or two of the page, and then another one.",) * 60,
        signed_by="The desk",
    )
    letter = dataclasses.replace(LETTER, body=body)
    path = tmp_path / "letter.pdf"
    path.write_bytes(CounselEmail({"recipient": "counsel@firm.example"}).render(letter).content)
    pages = [page.extract_text() for page in PdfReader(path).pages]
    assert len(pages) > 1
    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert letter.reference in text
        assert "Confidential: for the recipient alone" in text
    assert letter.recipient.name in pages[0]
    assert "UTC" in pages[0]
    assert "If it has reached you in error" in pages[-1]


def _lines(letter: Message, tmp_path: Path) -> list[str]:
    """Return the lines of a letter of one page as they are read, the footer too."""
    path = tmp_path / "letter.pdf"
    path.write_bytes(CounselEmail({"recipient": "counsel@firm.example"}).render(letter).content)
    (page,) = PdfReader(path).pages
    return [line.strip() for line in page.extract_text().splitlines()]


def test_the_foot_of_the_only_page_carries_the_reference_too(tmp_path: Path) -> None:
    foot = f"Reference {LETTER.reference} · Confidential: for the recipient alone"
    assert foot in " ".join(_lines(LETTER, tmp_path))


def test_who_signs_has_one_title_and_the_contact_stands_apart(tmp_path: Path) -> None:
    assert isinstance(LETTER.body, LetterBody)
    lines = _lines(LETTER, tmp_path)
    signed = lines.index(LETTER.body.signed_by)
    assert lines[signed + 1] == LETTER.sender.platform
    (contact,) = (line for line in lines if LETTER.sender.contact_name in line)
    assert contact.startswith("Answer to")
    assert LETTER.sender.contact_phone in contact
    assert lines.index(contact) < signed


def test_a_letter_that_nobody_signs_has_no_place_for_a_name(tmp_path: Path) -> None:
    lines = _lines(message(MessageKind.TEST), tmp_path)
    assert lines.count(LETTER.sender.platform) == 1, "the letterhead alone"
