"""What a plugin is given: one frozen message, its body a union of typed dataclasses, one per kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class MessageKind(StrEnum):
    """What a message is for; each kind has its own body."""

    REFERRAL = "referral"
    CORRECTION = "correction"
    ANSWER = "answer"
    LETTER = "letter"
    PLATFORM_ACTION = "platform_action"
    TEST = "test"


class RecipientClass(StrEnum):
    """Who a recipient is to the law (18 USC 2702(b), 2711(4))."""

    US_GOVERNMENT = "us_government"
    FOREIGN_GOVERNMENT = "foreign_government"
    PRIVATE_RESPONDER = "private_responder"
    ADDRESSEE = "addressee"
    OTHER_PRIVATE = "other_private"


class Priority(StrEnum):
    """P0 is danger to life now."""

    P0 = "P0"
    NORMAL = "normal"


class Provenance(StrEnum):
    """How a fact is known. What a user claims is never put where an observed fact belongs."""

    OBSERVED = "observed"
    CLAIMED = "claimed_by_user"
    INFERRED = "inferred"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom the message is for, and the identifier that tells two of the same name apart (an ORI, say)."""

    name: str
    identifier: str
    country: str
    recipient_class: RecipientClass


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The platform, and the person who answers the telephone at any hour."""

    platform: str
    domain: str
    contact_name: str
    contact_phone: str
    contact_email: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing said about the subject or the target, and how it is known."""

    label: str
    value: str
    provenance: Provenance
    confidence: str = ""


@dataclass(frozen=True, kw_only=True)
class DisclosedItem:
    """One thing that leaves: chosen with a reason, allowed by a legal basis (a citation).

    `occurred_local` is `occurred_at` (UTC) as the clock of its place showed it, RFC 3339 with the offset, and
    `occurred_zone` the name of that place's zone; both are "" where nobody said.
    """

    title: str
    category: str
    content: str
    occurred_at: datetime | None
    provenance: Provenance
    legal_basis: str
    reason: str
    occurred_zone: str = ""
    occurred_local: str = ""


@dataclass(frozen=True, kw_only=True)
class ReferralBody:
    """A referral out. Times are aware; texts are plain."""

    danger_to_life: bool
    danger_reason: str
    feared: str
    feared_when: str
    why_suspicious: str
    subject: tuple[Fact, ...]
    target: tuple[Fact, ...]
    items: tuple[DisclosedItem, ...]
    intended_recipients: tuple[str, ...]
    prior_reports: str = ""
    reporter: str = ""


@dataclass(frozen=True, kw_only=True)
class CorrectionBody:
    """What was sent before is wrong in whole or part; goes to every recipient of the original."""

    corrects: str
    what_was_wrong: str
    what_is_true: str
    please: str


@dataclass(frozen=True, kw_only=True)
class AnswerBody:
    """The answer to a recipient's request for information."""

    question: str
    answer: str
    items: tuple[DisclosedItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LetterBody:
    """A letter: to outside counsel, for example."""

    subject_line: str
    salutation: str
    paragraphs: tuple[str, ...]
    signed_by: str


class PlatformVerb(StrEnum):
    """What the platform's own systems are told to do about an account."""

    IMPOSE = "impose"
    LIFT = "lift"
    PRESERVE = "preserve"
    RELEASE = "release"
    REPORT = "report"  # say what is in force


@dataclass(frozen=True, kw_only=True)
class PlatformActionBody:
    """A command to the platform's own systems about one account. It goes to the platform and nowhere else.

    `step` is the step of the ladder that is to be in force, "" for none. `sequence` rises: a command about an
    account is dropped where one with a higher sequence was carried out. `statement` is what the account's
    user is told, "" where nothing is said.
    """

    action: PlatformVerb
    account: str
    step: str
    reason_code: str
    reference: str
    sequence: int
    expires_at: datetime | None = None
    statement: str = ""


@dataclass(frozen=True, kw_only=True)
class TestBody:
    """A message that tests the way and says so. Carries nothing about anybody."""

    __test__ = False

    note: str


Body = ReferralBody | CorrectionBody | AnswerBody | LetterBody | PlatformActionBody | TestBody

BODY_OF: Final[Mapping[MessageKind, type[Body]]] = {
    MessageKind.REFERRAL: ReferralBody,
    MessageKind.CORRECTION: CorrectionBody,
    MessageKind.ANSWER: AnswerBody,
    MessageKind.LETTER: LetterBody,
    MessageKind.PLATFORM_ACTION: PlatformActionBody,
    MessageKind.TEST: TestBody,
}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to one recipient. `id` is stable: a receiver that has seen it must not act twice."""

    id: str
    kind: MessageKind
    reference: str
    priority: Priority
    created_at: datetime
    sender: Sender
    recipient: Recipient
    body: Body

    def __post_init__(self) -> None:
        """Refuse a body that is not the one of its kind."""
        if type(self.body) is not BODY_OF[self.kind]:
            raise ValueError(f"a {self.kind} has no {type(self.body).__name__}")


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The frozen content: `content` is what the approval binds, `preview` is the same for a person's eye."""

    content: bytes
    media_type: str
    filename: str
    preview: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a delivery. `message_id` is the same for every try; `number` starts at 1."""

    message_id: str
    number: int
    started_at: datetime
    kind: MessageKind = MessageKind.REFERRAL
    reference: str = ""
    priority: Priority = Priority.NORMAL
