"""What the pages of a referral show. Reads only; who may see the referral was asked before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.urls import NoReverseMatch, reverse

from coordination.cases import selectors as cases
from coordination.channels import registry
from coordination.core import clock, identifiers
from coordination.core.errors import InvalidInput, NotFound
from coordination.outbox import selectors as outbox
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.referrals import selectors
from coordination.referrals.models import Addressee, Fact, Item, Question, Referral
from coordination.referrals.services import places
from coordination.referrals.workflow import REFERRAL, ReferralState, ReferralVerb

# What the page offers, and the verb of the workflow behind it. What a draft alone allows has no verb.
VERBS = {
    "submit": ReferralVerb.SUBMIT,
    "approve": ReferralVerb.APPROVE,
    "break_glass": ReferralVerb.APPROVE,
    "return": ReferralVerb.RETURN,
    "decline": ReferralVerb.DECLINE,
    "withdraw": ReferralVerb.WITHDRAW,
    "record_outcome": ReferralVerb.REPORT_OUTCOME,
    "review": ReferralVerb.REVIEW,
    "close": ReferralVerb.CLOSE,
    "correct": ReferralVerb.CORRECT,
    "recall": ReferralVerb.RECALL,
}
ANSWERS = frozenset({"answer", "approve_answer"})
REVIEW_CLOCK = "policy.break-glass-review"
NOT_FOR_CORRECTIONS = frozenset(
    {"revise", "add_item", "remove_item", "add_fact", "remove_fact", "add_addressee", "remove_addressee"}
)


@dataclass(kw_only=True)
class Recipient:
    """One recipient as the pages show it: whom, which way, what is frozen, and what became of it."""

    addressee: Addressee
    channel: str
    message: Any = None
    delivery: Any = None
    receipts: list[Any] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    frozen_url: str = ""

    @property
    def destination(self) -> Any:
        """Where it goes."""
        return self.addressee.destination

    @property
    def agency(self) -> Any:
        """Whose it is."""
        return self.addressee.destination.agency

    @property
    def size(self) -> int:
        """How many bytes are frozen."""
        return len(self.message.content) if self.message else 0


@dataclass(kw_only=True)
class Shown:
    """An item or a fact with its legal basis in words."""

    pk: int
    title: str
    category: str
    content: str
    provenance: str
    chosen: bool
    reason: str = ""
    confidence: str = ""
    occurred_at: Any = None
    occurred_there: str = ""
    citation: str = ""
    basis_title: str = ""
    counsel_confirm: bool = False


@dataclass(kw_only=True)
class Asked:
    """A recipient's question, and the frozen answer to it."""

    question: Question
    agency: Any
    message: Any
    state: str
    may_approve: bool


def allows(record: Referral, name: str) -> bool:
    """Tell whether the referral's state, and whether it is a correction, allow what the page calls `name`."""
    if name == "correct" and record.state == ReferralState.WITHDRAWN and not selectors.reached(record):
        return False
    if name == "recall" and not selectors.holding(record):
        return False
    if name in VERBS:
        return VERBS[name] in REFERRAL.allowed(record.state)
    if name in ANSWERS:
        return ReferralVerb.ANSWER in REFERRAL.allowed(record.state)
    if record.state != ReferralState.DRAFT:
        return False
    return name not in NOT_FOR_CORRECTIONS if record.corrects_id else name != "revise_correction"


def referral(record: Referral, user: Any) -> dict[str, Any]:
    """Return what the referral's own page shows."""
    recipients = _recipients(record)
    questions = selectors.questions_of(record).select_related("answered_by", "approved_by")
    return {
        **_disclosed(record),
        "recipients": recipients,
        "questions": [_asked(question, user) for question in questions],
        "corrections": list(record.corrections.all()),
        "timeline": list(cases.timeline(record.case).filter(about__in=_abouts(record))),
        "deadlines": list(cases.deadlines_of(record.case).filter(about__in=_abouts(record))),
        "approvers": _approvers(record),
        "oversight": _oversight(record),
        "nothing_to_do": _nothing_to_do(record),
    }


def review(record: Referral) -> dict[str, Any]:
    """Return what the review shows: what will leave, to whom, on which basis, and what was held back."""
    known = _recipients(record)
    recipients = [each for each in known if each.message]
    for each in recipients:
        each.objections = list(outbox.objections(each.message))
        if each.message.media_type == "application/pdf":
            each.frozen_url = _frozen_url(each.message)
    return {
        **_disclosed(record),
        "recipients": recipients,
        "writers": [str(person) for person in selectors.writers_of(record)],
        "approvers": _approvers(record),
        "send_label": send_label(recipients),
        "phoned": [each.agency for each in known if record.corrects_id and not each.message],
        **_if_alone(),
    }


def _if_alone() -> dict[str, Any]:
    """Return by when an approval by one person would be reviewed, and under which rule."""
    try:
        due, citation = engine.deadline(REVIEW_CLOCK, clock.now())
    except InvalidInput:
        return {}
    return {"alone_review_due": due, "alone_citation": citation}


def _oversight(record: Referral) -> list[Any]:
    """Return what of the oversight of an emergency approval still waits."""
    if not record.break_glass:
        return []
    waiting = cases.tasks_of(record.case).filter(about=record.origin, state="open")
    return list(waiting.filter(kind__startswith="break_glass_"))


def send_label(recipients: Iterable[Recipient]) -> str:
    """Say what the button does: whom it sends to, by which channel; nobody, where only calls are left."""
    ways = [f"{each.agency} by {each.channel}" for each in recipients]
    return "Approve and send to " + " and to ".join(ways) if ways else "Approve for telephone calls alone"


def question_of(record: Referral, pk: str) -> Question:
    """Return one question of this referral, or raise NotFound."""
    found = record.questions.filter(pk=pk).first() if identifiers.is_row(str(pk)) else None
    if found is None:
        raise NotFound
    return found


def _abouts(record: Referral) -> list[str]:
    return [
        record.origin,
        *(each.origin for each in record.addressees.all()),
        *(each.origin for each in record.questions.all()),
    ]


def _recipients(record: Referral) -> list[Recipient]:
    addressees = selectors.addressees_of(record)
    deliveries = {delivery.message_id: delivery for delivery in outbox.deliveries_of(record.origin)}
    return [
        _recipient(each, deliveries.get(each.message_id) if each.message_id else None) for each in addressees
    ]


def _recipient(addressee: Addressee, delivery: Any) -> Recipient:
    return Recipient(
        addressee=addressee,
        channel=channel_title(addressee.destination.channel),
        message=addressee.message,
        delivery=delivery,
        receipts=list(delivery.receipts.all()) if delivery else [],
    )


def channel_title(slug: str) -> str:
    """Return what people call a channel; its slug where its plugin is gone."""
    try:
        return registry.channel(slug).info.title
    except registry.UnknownChannel:
        return slug


def _disclosed(record: Referral) -> dict[str, Any]:
    items = [_item(item) for item in record.items.all()]
    facts = [_fact(fact) for fact in record.facts.all()]
    return {
        "unconfirmed": any(each.counsel_confirm for each in [*items, *facts]),
        "chosen": [item for item in items if item.chosen],
        "withheld": [item for item in items if not item.chosen],
        "facts": facts,
    }


def _item(item: Item) -> Shown:
    return Shown(
        pk=item.pk,
        title=item.title,
        category=item.category,
        content=item.content,
        provenance=item.get_provenance_display(),
        chosen=item.chosen,
        reason=item.reason,
        occurred_at=item.occurred_at,
        occurred_there=_there(item),
        **_basis(item.basis),
    )


def _there(item: Item) -> str:
    """Return when it occurred as the clock of its place showed it, with the zone's name."""
    moment = item.occurred_there
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname()} ({item.occurred_zone})" if moment else ""


def _fact(fact: Fact) -> Shown:
    return Shown(
        pk=fact.pk,
        title=f"{fact.label} ({fact.about})",
        category=fact.category,
        content=fact.value,
        provenance=fact.get_provenance_display(),
        chosen=True,
        confidence=places.in_words(fact),
        **_basis(fact.basis),
    )


def _basis(code: str) -> dict[str, Any]:
    if not code:
        return {}
    try:
        row = policy.legal_basis(code)
    except InvalidInput:
        return {"citation": code, "basis_title": "no longer in force", "counsel_confirm": True}
    return {"citation": row.citation, "basis_title": row.title, "counsel_confirm": row.counsel_confirm}


def _approvers(record: Referral) -> list[str]:
    return [str(person) for person in selectors.approvers_of(record)]


def _asked(question: Question, user: Any) -> Asked:
    message = question.message
    return Asked(
        question=question,
        agency=question.addressee.destination.agency,
        message=message,
        state=message.state if message else "",
        may_approve=bool(message) and user.pk != question.answered_by_id,
    )


def _nothing_to_do(record: Referral) -> str:
    if record.state in REFERRAL.terminal or record.state == ReferralState.WITHDRAWN:
        return "Nothing more can be done to this referral: it has ended."
    if record.state in (ReferralState.APPROVED, ReferralState.SENT):
        return "It is on its way. The recipient's acknowledgement appears here by itself."
    return ""


def _frozen_url(message: Any) -> str:
    try:
        return reverse("admin:outbox_message_frozen", args=(message.pk,))
    except NoReverseMatch:
        return ""
