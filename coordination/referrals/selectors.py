"""Reading referrals. What a person sees follows from the cases they see."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.channels import registry
from coordination.core.errors import InvalidInput, NotFound
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency
from coordination.policy import selectors as policy
from coordination.referrals.models import Addressee, Fact, Item, Question, Referral
from coordination.referrals.workflow import ReferralState


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """One message, exactly as one recipient will get it."""

    addressee: int
    message: str
    digest: str
    preview: str
    media_type: str
    filename: str
    recipient: str
    identifier: str
    country: str
    recipient_class: str
    how_known: str
    checked_on: str
    channel: str
    destination: str
    delivery: str
    objections: tuple[str, ...]
    agency_reference: str
    acknowledged_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """One item or fact with what lets it leave; `chosen` is False for what was withheld."""

    title: str
    category: str
    provenance: str
    basis: str
    citation: str
    counsel_confirm: bool
    needs_counsel: bool
    reason: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Review:
    """All that the review page shows. `why_not` is empty where the reader may approve."""

    reference: str
    state: str
    priority: str
    danger_to_life: bool
    danger_reason: str
    corrects: str
    leaving: tuple[Leaving, ...]
    disclosed: tuple[Disclosed, ...]
    withheld: tuple[Disclosed, ...]
    filed_by: User
    submitted_by: User | None
    written_by: tuple[User, ...]
    approvers: tuple[User, ...]
    may_approve: bool
    may_break_glass: bool
    why_not: str

    @property
    def digests(self) -> dict[int, str]:
        """What `services.approve` is given by somebody who saw this."""
        return {each.addressee: each.digest for each in self.leaving}


def visible_to(user: User) -> QuerySet[Referral]:
    """Return the referrals on the cases that `user` sees; none without the permission to see referrals."""
    if not access.has(user, "referrals.view_referral"):
        return Referral.objects.none()
    return Referral.objects.filter(case__in=cases.visible_to(user)).select_related("case", "filed_by")


def referral_for(user: User, reference: str) -> Referral:
    """Return one referral, or raise NotFound for a missing and a foreign one alike."""
    found = visible_to(user).filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def of_case(case: Case) -> QuerySet[Referral]:
    """Return a case's referrals, newest first; whoever asks has been let into the case."""
    return Referral.objects.filter(case=case).select_related("filed_by")


def items_of(referral: Referral) -> QuerySet[Item]:
    """Return what may be disclosed, chosen or not."""
    return Item.objects.filter(referral=referral)


def facts_of(referral: Referral) -> QuerySet[Fact]:
    """Return what is said about subject and target."""
    return Fact.objects.filter(referral=referral)


def addressees_of(referral: Referral) -> QuerySet[Addressee]:
    """Return the recipients with destination, agency and frozen message."""
    return Addressee.objects.filter(referral=referral).select_related("destination__agency", "message")


def questions_of(referral: Referral) -> QuerySet[Question]:
    """Return what recipients asked, oldest first."""
    return Question.objects.filter(referral=referral).select_related(
        "addressee__destination__agency", "message"
    )


def addressee_of_message(message_id: UUID) -> Addressee | None:
    """Return the recipient for whom a message was frozen, None where it is not a referral's."""
    return Addressee.objects.select_related("referral").filter(message=message_id).first()


def referral_of_task(about: str) -> Referral | None:
    """Return the referral that a task's `about` names, whoever asks: for the system's own work."""
    pk = about.rpartition(":")[2]
    return Referral.objects.filter(pk=pk).first() if pk.isdecimal() else None


def addressee_of_task(about: str) -> Addressee | None:
    """Return the recipient that a task's `about` names, whoever asks: for the system's own work."""
    pk = about.rpartition(":")[2]
    return Addressee.objects.select_related("referral").filter(pk=pk).first() if pk.isdecimal() else None


def addressee_of_answer(message_id: UUID) -> Addressee | None:
    """Return the recipient of an answer's message, None where it is none."""
    found = Question.objects.select_related("addressee__referral").filter(message=message_id).first()
    return found.addressee if found else None


def sent_to(agency: Agency) -> QuerySet[Referral]:
    """Return the referrals that an agency has."""
    return Referral.objects.filter(
        addressees__destination__agency=agency, addressees__left_at__isnull=False
    ).distinct()


def authors_of(referral: Referral) -> set[int]:
    """Return who filed, wrote any of, or submitted the referral, by id: none of them approves it."""
    known = {referral.filed_by_id, referral.submitted_by_id}
    known.update(referral.authors.order_by("pk").values_list("pk", flat=True))
    return {pk for pk in known if pk is not None}


def writers_of(referral: Referral) -> list[User]:
    """Return who wrote any of the referral, as the review names them."""
    return list(referral.authors.order_by("pk"))


def own_part(user: User) -> list[str]:
    """Return what waits for approval and `user` had a part in, as tasks name it: another approves it."""
    part = Q(filed_by=user) | Q(submitted_by=user) | Q(authors=user)
    waiting = Referral.objects.filter(part, state=ReferralState.IN_REVIEW).distinct().only("pk")
    answers = Question.objects.filter(answered_by=user, approved_by__isnull=True).only("pk")
    return [*(each.origin for each in waiting), *(each.origin for each in answers)]


def may_approve(referral: Referral, user: User) -> tuple[bool, str]:
    """Tell whether `user` may approve now, and in words why not."""
    if referral.state != ReferralState.IN_REVIEW:
        return False, f"The referral is {str(referral.state).replace('_', ' ')}, not in review."
    if not access.has(user, "referrals.approve_referral"):
        return False, "Your role does not approve referrals."
    if user.pk in authors_of(referral):
        return False, f"You {_part(referral, user)} this referral: another person approves it."
    if not cases.may(user, referral.case, "work_case"):
        return False, "You are not let into this case."
    return True, ""


def _part(referral: Referral, author: User) -> str:
    if author.pk == referral.filed_by_id:
        return "filed"
    return "submitted" if author.pk == referral.submitted_by_id else "wrote part of"


def review_of(referral: Referral, *, user: User) -> Review:
    """Return exactly what would leave, on what basis, and who may let it."""
    allowed, why_not = may_approve(referral, user)
    own = user.pk in authors_of(referral)
    breaks = own and referral.danger_to_life and referral.state == ReferralState.IN_REVIEW
    shown = [*map(_of_item, items_of(referral)), *map(_of_fact, facts_of(referral))]
    states: dict[UUID | None, str] = dict(
        outbox.deliveries_of(referral.origin).values_list("message", "state")
    )
    return Review(
        reference=referral.reference,
        state=str(referral.state),
        priority=referral.priority,
        danger_to_life=referral.danger_to_life,
        danger_reason=referral.danger_reason,
        corrects=referral.corrects.reference if referral.corrects else "",
        leaving=tuple(
            _leaving(each, str(states[each.message_id]) if each.message_id in states else "")
            for each in addressees_of(referral)
        ),
        disclosed=tuple(each for each in shown if each.chosen),
        withheld=tuple(each for each in shown if not each.chosen),
        filed_by=referral.filed_by,
        submitted_by=referral.submitted_by,
        written_by=tuple(writers_of(referral)),
        approvers=tuple(approvers_of(referral)),
        may_approve=allowed,
        may_break_glass=breaks and access.has(user, "referrals.break_glass_referral"),
        why_not=why_not,
    )


def approvers_of(referral: Referral) -> list[User]:
    """Return who may approve: with the permission and the case, and not one of its authors."""
    involved = authors_of(referral)
    return [
        person
        for person in people.holders("referrals.approve_referral")
        if person.pk not in involved and cases.may(person, referral.case, "work_case")
    ]


def _leaving(addressee: Addressee, delivery: str) -> Leaving:
    destination, message = addressee.destination, addressee.message
    agency = destination.agency
    return Leaving(
        addressee=addressee.pk,
        message=str(message.pk) if message else "",
        digest=message.digest if message else "",
        preview=message.preview if message else "",
        media_type=message.media_type if message else "",
        filename=message.filename if message else "",
        recipient=agency.name,
        identifier=agency.identifier,
        country=agency.country,
        recipient_class=agency.recipient_class,
        how_known=destination.how_known,
        checked_on=destination.checked_on.isoformat() if destination.checked_on else "",
        channel=_channel_title(destination.channel),
        destination=destination.title,
        delivery=delivery,
        objections=tuple(outbox.objections(message)) if message else (),
        agency_reference=addressee.agency_reference,
        acknowledged_at=addressee.acknowledged_at,
    )


def _channel_title(slug: str) -> str:
    try:
        return registry.channel(slug).info.title
    except registry.UnknownChannel:
        return slug


def _of_item(item: Item) -> Disclosed:
    return _disclosed(
        item.title,
        item.category,
        item.get_provenance_display(),
        item.basis,
        reason=item.reason,
        chosen=item.chosen,
    )


def _of_fact(fact: Fact) -> Disclosed:
    title = f"{fact.label} ({fact.about})"
    return _disclosed(title, fact.category, fact.get_provenance_display(), fact.basis, reason="", chosen=True)


def _disclosed(
    title: str, category: str, provenance: str, code: str, *, reason: str, chosen: bool
) -> Disclosed:
    try:
        basis = policy.legal_basis(code)
    except InvalidInput:
        basis = None
    return Disclosed(
        title=title,
        category=category,
        provenance=provenance,
        basis=code,
        citation=basis.citation if basis else "",
        counsel_confirm=bool(basis and basis.counsel_confirm),
        needs_counsel=bool(basis and basis.needs_counsel),
        reason=reason,
        chosen=chosen,
    )
