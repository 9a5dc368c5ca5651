"""Reading referrals. What a person sees follows from the cases they see."""

from uuid import UUID

from django.db.models import Q, QuerySet

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.core.errors import NotFound
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency
from coordination.referrals.models import Addressee, Fact, Item, Question, Referral
from coordination.referrals.workflow import ReferralState

# No attempt was made, or it was stopped: nobody can have it.
NEVER_TRIED = frozenset({"queued", "held", "void"})


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


def drafts_of(case: Case) -> QuerySet[Referral]:
    """Return a case's referrals that are still drafts, newest first; corrections are begun by themselves."""
    return of_case(case).filter(state=ReferralState.DRAFT, corrects=None)


def items_of(referral: Referral) -> QuerySet[Item]:
    """Return what may be disclosed, chosen or not."""
    return Item.objects.filter(referral=referral)


def facts_of(referral: Referral) -> QuerySet[Fact]:
    """Return what is said about subject and target."""
    return Fact.objects.filter(referral=referral)


def addressees_of(referral: Referral) -> QuerySet[Addressee]:
    """Return the recipients with destination, agency and frozen message."""
    return Addressee.objects.filter(referral=referral).select_related("destination__agency", "message")


def recipient_classes(referral: Referral) -> list[str]:
    """Return to which classes of recipient, to the law, a referral goes."""
    return sorted({each.destination.agency.recipient_class for each in addressees_of(referral)})


def zones_of(referral: Referral) -> list[str]:
    """Return the time zones of a referral's recipients, in their order."""
    return [each.destination.agency.time_zone for each in addressees_of(referral)]


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


def question_of_message(message_id: UUID) -> Question | None:
    """Return the question that a message answers; None where another answer took its place."""
    asked = Question.objects.select_related("referral__case", "addressee__destination__agency")
    return asked.filter(message=message_id).first()


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


def lineage(original: Referral) -> str:
    """Name what is corrected; of a correction, the referral that it began with too."""
    first = original
    while first.corrects is not None:
        first = first.corrects
    if first.pk == original.pk:
        return original.reference
    return f"{original.reference}, a correction of {first.reference}"


def may_break_glass(referral: Referral, user: User) -> bool:
    """Tell whether `user` is one who may approve it alone: an author with the role, for a danger to life.

    They open break-glass first (access.services.open_break_glass).
    """
    if referral.state != ReferralState.IN_REVIEW or not referral.danger_to_life:
        return False
    return user.pk in authors_of(referral) and access.has(user, "referrals.break_glass_referral")


def digests_of(referral: Referral) -> dict[int, str]:
    """Return what `services.approve` is given by somebody who saw what is frozen for each recipient."""
    return {each.pk: each.message.digest for each in addressees_of(referral) if each.message}


def reached(referral: Referral) -> bool:
    """Tell whether anybody has it, or may: a delivery was tried, or somebody heard of it by telephone."""
    if outbox.deliveries_of(referral.origin).exclude(state__in=NEVER_TRIED).exists():
        return True
    return holding(referral)


def holding(referral: Referral) -> bool:
    """Tell whether a recipient has it for certain: it left, or they acknowledged."""
    return referral.addressees.exclude(acknowledged_at=None, left_at=None).exists()


def approvers_of(referral: Referral) -> list[User]:
    """Return who may approve: with the permission and the case, and not one of its authors."""
    involved = authors_of(referral)
    return [
        person
        for person in people.holders("referrals.approve_referral")
        if person.pk not in involved and cases.may(person, referral.case, "work_case")
    ]
