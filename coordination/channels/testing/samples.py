"""One message of every kind, about nobody: fictional people on a fictional platform."""

from datetime import UTC, datetime

from coordination.channels.messages import (
    AnswerBody,
    Attempt,
    Body,
    CorrectionBody,
    DisclosedItem,
    Fact,
    LetterBody,
    Message,
    MessageKind,
    PlatformActionBody,
    PlatformVerb,
    Priority,
    Provenance,
    Recipient,
    RecipientClass,
    ReferralBody,
    Sender,
    TestBody,
)

MOMENT = datetime(2026, 3, 6, 23, 12, 5, tzinfo=UTC)

ITEM = DisclosedItem(
    title="Message of 23:12",
    category="content",
    content="“I will be at her work on Monday.” Grüße, 東京",
    occurred_at=MOMENT,
    provenance=Provenance.OBSERVED,
    legal_basis="18 USC 2702(b)(8)",
    reason="States place and time.",
    occurred_zone="America/Denver",
    occurred_local="2026-03-06T16:12:05-07:00",
)

BODIES: dict[MessageKind, Body] = {
    MessageKind.REFERRAL: ReferralBody(
        danger_to_life=True,
        danger_reason="Names a person, a place and a day.",
        feared="An attack on a former partner at her work.",
        feared_when="Monday morning",
        why_suspicious="Asked for her shifts three times.",
        subject=(Fact(label="user name", value="quiet_harbour", provenance=Provenance.OBSERVED),),
        target=(
            Fact(label="name", value="M. Example", provenance=Provenance.CLAIMED, confidence="low"),
            Fact(label="town", value="Harrow", provenance=Provenance.INFERRED),
        ),
        items=(ITEM,),
        intended_recipients=("Harrow County Sheriff",),
        prior_reports="R-1111-AAAA",
        reporter="a classifier",
    ),
    MessageKind.CORRECTION: CorrectionBody(
        corrects="R-7F3K-9QWD",
        what_was_wrong="The town was inferred from a claimed address.",
        what_is_true="The town is not known.",
        please="Do not act on the address.",
    ),
    MessageKind.ANSWER: AnswerBody(question="Which time zone?", answer="UTC.", items=(ITEM,)),
    MessageKind.LETTER: LetterBody(
        subject_line="Notice of a legal hold",
        salutation="Dear Counsel,",
        paragraphs=("We hold what we have.", "Please confirm."),
        signed_by="Duty counsel",
    ),
    MessageKind.PLATFORM_ACTION: PlatformActionBody(
        action=PlatformVerb.IMPOSE,
        account="quiet_harbour",
        step="limit_features",
        reason_code="automatic_on_intake",
        reference="K-7F3K-9QWD",
        sequence=7,
        expires_at=MOMENT,
        statement="Your account is limited. You may complain within six months.",
    ),
    MessageKind.TEST: TestBody(note="This is a test and is about nobody."),
}


def message(kind: MessageKind, *, id: str = "msg_01sample", body: Body | None = None) -> Message:  # noqa: A002
    """Return the sample of a kind."""
    return Message(
        id=id,
        kind=kind,
        reference="R-7F3K-9QWD",
        priority=Priority.P0 if kind is MessageKind.REFERRAL else Priority.NORMAL,
        created_at=MOMENT,
        sender=Sender(
            platform="Lanternchat",
            domain="lanternchat.example",
            contact_name="Duty officer",
            contact_phone="+1 555 0100",
            contact_email="desk@lanternchat.example",
        ),
        recipient=Recipient(
            name="Harrow County Sheriff",
            identifier="XX0010000",
            country="US",
            recipient_class=RecipientClass.US_GOVERNMENT,
        ),
        body=body or BODIES[kind],
    )


def messages() -> tuple[Message, ...]:
    """Return one message of every kind."""
    return tuple(message(kind) for kind in MessageKind)


def attempt(of: Message, number: int = 1) -> Attempt:
    """Return a try at the message, now: signatures carry the time."""
    return Attempt(
        message_id=of.id,
        number=number,
        started_at=datetime.now(UTC),
        kind=of.kind,
        reference=of.reference,
        priority=of.priority,
    )
