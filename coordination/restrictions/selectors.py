"""Reading restrictions, preservations and commands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case as Choose
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.services import Case
from coordination.channels import registry
from coordination.channels.messages import MessageKind
from coordination.core import clock
from coordination.core.errors import NotFound
from coordination.partners import selectors as partners
from coordination.partners.services import Destination
from coordination.policy import selectors as policy
from coordination.restrictions.models import (
    Appeal,
    AssessmentSignature,
    Command,
    Imposition,
    Preservation,
    ProtectiveOrder,
    Restriction,
    RiskAssessment,
    Statement,
)
from coordination.restrictions.workflow import (
    STANDING,
    Action,
    AssessmentState,
    CommandState,
    PreservationState,
    RestrictionState,
)

# What a preservation is about that an authority bade: it ends by its own term, and not by a review.
BIDDEN = "datarequests."


class OnIntake(NamedTuple):
    """The step that policy gives for a flag of high severity, and the policy row that says so."""

    step: str
    authority: str


class Times(NamedTuple):
    """When a restriction was first ordered, and when the platform confirmed it; None while it has not."""

    imposed_at: datetime
    confirmed_at: datetime | None


def visible_to(user: User) -> QuerySet[Restriction]:
    """Return the restrictions of the cases that `user` sees; none without `view_restriction`."""
    if not access.has(user, "restrictions.view_restriction"):
        return Restriction.objects.none()
    return Restriction.objects.filter(case__in=cases.visible_to(user))


def preservations_visible_to(user: User) -> QuerySet[Preservation]:
    """Return the preservations of the cases that `user` sees; none without `view_restriction`."""
    if not access.has(user, "restrictions.view_restriction"):
        return Preservation.objects.none()
    return Preservation.objects.filter(case__in=cases.visible_to(user))


def restriction_for(user: User, pk: int) -> Restriction:
    """Return one restriction, or raise NotFound for a missing and a foreign one alike."""
    found = visible_to(user).select_related("case").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def in_force(case: Case) -> QuerySet[Restriction]:
    """Return what stands against accounts of a case, ordered or confirmed, whoever asks."""
    return Restriction.objects.filter(case=case, state__in=STANDING).order_by("-level", "pk")


def of_case(case: Case) -> QuerySet[Restriction]:
    """Return every restriction of a case, lifted ones too, the newest first, whoever asks."""
    return Restriction.objects.filter(case=case).order_by("-imposed_at", "-pk")


def not_lifted(case_ids: Iterable[int], indexes: Iterable[bytes]) -> QuerySet[Restriction]:
    """Return what is not lifted in these cases on accounts of these blind indexes, whoever asks."""
    rows = Restriction.objects.filter(case__in=list(case_ids), account_index__in=list(indexes))
    return rows.exclude(state=RestrictionState.LIFTED)


def preservations_of(case: Case) -> QuerySet[Preservation]:
    """Return the preservations of a case, the newest first, whoever asks."""
    return Preservation.objects.filter(case=case).order_by("-started_at", "-pk")


def running_preservations(case_ids: Iterable[int], indexes: Iterable[bytes]) -> QuerySet[Preservation]:
    """Return the preservations that have not ended in these cases on these accounts, whoever asks."""
    rows = Preservation.objects.filter(case__in=list(case_ids), account_index__in=list(indexes))
    return rows.exclude(state=PreservationState.ENDED)


def kept(account: str) -> QuerySet[Preservation]:
    """Return the preservations of an account that have not ended, in whatever case, the longest first."""
    rows = Preservation.objects.filter(account_index__in=cases.account_indexes(account))
    rows = rows.exclude(state=PreservationState.ENDED)
    return rows.select_related("case").order_by("-until", "pk")


def impositions_of(restriction: Restriction) -> QuerySet[Imposition]:
    """Return the steps of a restriction, the first one first."""
    return Imposition.objects.filter(restriction=restriction).select_related("by").order_by("pk")


def commands_of(restriction: Restriction) -> QuerySet[Command]:
    """Return what the platform was told about a restriction, the first one first."""
    return Command.objects.filter(restriction=restriction).select_related("message").order_by("pk")


def of_account(indexes: Iterable[bytes]) -> QuerySet[Restriction]:
    """Return every restriction of an account in any case, what stands first: for the system's own work."""
    lifted_last = Choose(When(state=RestrictionState.LIFTED, then=Value(1)), default=Value(0))
    return Restriction.objects.filter(account_index__in=list(indexes)).order_by(lifted_last, "-level", "-pk")


def expected_step(account: str) -> str:
    """Return the heaviest step that stands against an account, in whatever case; "" for none."""
    indexes = cases.account_indexes(account)
    standing = Restriction.objects.filter(account_index__in=indexes, state__in=STANDING)
    return standing.order_by("-level").values_list("step", flat=True).first() or ""


def in_force_by_account() -> dict[str, str]:
    """Return the heaviest step that the platform confirmed on each account, whoever asks."""
    rows = Restriction.objects.filter(state=RestrictionState.IN_FORCE).order_by("level")
    return {each.account: each.step for each in rows}


def platform_destination() -> Destination | None:
    """Return where commands go: the platform's own open destination; None where there is none."""
    carrying = [
        slug
        for slug, channel in registry.channels().items()
        if MessageKind.PLATFORM_ACTION in channel.info.kinds
    ]
    return partners.platforms_own(carrying)


def due_commands(lane: str, now: datetime) -> QuerySet[Command]:
    """Return the commands of a lane that wait and are due, the oldest first."""
    return Command.objects.filter(state=CommandState.QUEUED, lane=lane, due_at__lte=now).order_by("pk")


def oldest_due(lane: str, now: datetime) -> datetime | None:
    """Return since when the oldest command of a lane that should have been sent is due."""
    oldest = due_commands(lane, now).order_by("due_at").values_list("due_at", flat=True)
    return oldest.first()


def to_void(lane: str) -> QuerySet[Command]:
    """Return the commands that a later one took the place of, and of which something waits to leave."""
    stopped = Command.objects.filter(state=CommandState.SUPERSEDED, lane=lane)
    return stopped.filter(message__delivery__state__in=("queued", "held", "failed")).order_by("pk")


def open_commands(now: datetime) -> QuerySet[Command]:
    """Return the commands not confirmed that nobody was asked to do by hand, the oldest first."""
    unconfirmed = (CommandState.QUEUED, CommandState.SENT, CommandState.FAILED)
    rows = Command.objects.filter(state__in=unconfirmed, asked_at=None, created_at__lt=now)
    return rows.exclude(action=Action.REPORT).order_by("created_at")


def has_open_command(account: str) -> bool:
    """Tell whether the platform was told something about an account that it has not confirmed."""
    unconfirmed = (CommandState.QUEUED, CommandState.SENT, CommandState.FAILED)
    indexes = cases.account_indexes(account)
    rows = Command.objects.filter(restriction__account_index__in=indexes, state__in=unconfirmed)
    return rows.exclude(action=Action.REPORT).exists()


def waits_for_report(restriction: Restriction) -> bool:
    """Tell whether the platform was asked what is in force, and has not said."""
    asked = Command.objects.filter(restriction=restriction, action=Action.REPORT)
    return asked.filter(state__in=(CommandState.QUEUED, CommandState.SENT)).exists()


def reported_before(moment: datetime) -> QuerySet[Restriction]:
    """Return what the platform confirmed and has not spoken of since `moment`, the longest ago first."""
    confirmed = Restriction.objects.filter(state=RestrictionState.IN_FORCE, confirmed_at__lt=moment)
    silent = confirmed.filter(Q(reported_at=None) | Q(reported_at__lt=moment)).select_related("case")
    return silent.order_by(F("reported_at").asc(nulls_first=True), "pk")


def command_of_message(message_id: UUID) -> Command | None:
    """Return the command that a message carries, whoever asks: for the system's own work."""
    return Command.objects.filter(message=message_id).first()


def command_of_task(about: str) -> Command | None:
    """Return the command that a task's `about` names, whoever asks: for the system's own work."""
    return Command.objects.filter(pk=about.partition(":")[2]).first()


def command_for(user: User, pk: int) -> Command:
    """Return one command of a case that `user` sees, or raise NotFound."""
    seen = Command.objects.filter(case__in=cases.visible_to(user)).select_related("case").filter(pk=pk)
    found = seen.first() if access.has(user, "restrictions.view_restriction") else None
    if found is None:
        raise NotFound
    return found


def on_intake(at: datetime | None = None) -> OnIntake | None:
    """Return the step that a flag of high severity brings, and the row that says so; None where none does."""
    row = policy.ladder(at).filter(on_intake=True).first()
    return OnIntake(row.step, f"{row.pack} {row.code}") if row else None


def step_on_intake(at: datetime | None = None) -> str | None:
    """Return the step that a flag of high severity brings, or None where policy gives none."""
    found = on_intake(at)
    return found.step if found else None


def timings(case_ids: Iterable[int]) -> dict[int, Times]:
    """Return, by case, when its first restriction was imposed and confirmed: for statistics."""
    rows = Imposition.objects.filter(restriction__case__in=list(case_ids)).order_by("-at")
    found = rows.values_list("restriction__case_id", "at", "restriction__confirmed_at")
    return {case: Times(at, confirmed) for case, at, confirmed in found}


def latest_imposition(restriction: Restriction) -> Imposition:
    """Return the last step that was taken."""
    return Imposition.objects.filter(restriction=restriction).latest("pk")


def open_assessment(restriction: Restriction) -> RiskAssessment | None:
    """Return the risk assessment that is asked for or completed, and not used or declined; None without."""
    waiting = (AssessmentState.ASKED, AssessmentState.COMPLETED)
    rows = RiskAssessment.objects.filter(restriction=restriction, state__in=waiting)
    return rows.select_related("restriction__case", "asked_by", "assessed_by").first()


def assessments_of(restriction: Restriction) -> QuerySet[RiskAssessment]:
    """Return the risk assessments of a restriction, the newest first."""
    rows = RiskAssessment.objects.filter(restriction=restriction).order_by("-pk")
    return rows.select_related("asked_by", "assessed_by", "ended_by")


def restriction_of_task(about: str) -> Restriction | None:
    """Return the restriction that a task's `about` names, whoever asks: for the system's own work."""
    return Restriction.objects.filter(pk=about.partition(":")[2]).first()


def assessment_of_task(about: str) -> RiskAssessment | None:
    """Return the assessment that a task's `about` names, whoever asks: for the system's own work."""
    return RiskAssessment.objects.filter(pk=about.partition(":")[2]).first()


def signatures_of(assessment: RiskAssessment) -> QuerySet[AssessmentSignature]:
    """Return who signed, the first one first."""
    return AssessmentSignature.objects.filter(assessment=assessment).select_related("signed_by")


def barred_from_signing(assessment: RiskAssessment) -> set[int]:
    """Return who imposed a step of the restriction, or asked to lift it."""
    taken = Imposition.objects.filter(restriction=assessment.restriction_id, by__isnull=False)
    return {assessment.asked_by_id, *taken.values_list("by_id", flat=True)}


def orders_of(case: Case) -> QuerySet[ProtectiveOrder]:
    """Return the protective orders of a case, the newest first, ended ones too."""
    return ProtectiveOrder.objects.filter(case=case).select_related("recorded_by", "ended_by")


def order_in_force(restriction: Restriction) -> ProtectiveOrder | None:
    """Return a protective order that is in force against the account, one of its own case first; or None.

    In whatever case: against this account, or against every account of a case that has it.
    """
    now = clock.now()
    own = Q(case=restriction.case_id)
    whole = Q(account_index=None) & (own | Q(case__in=cases.with_account(restriction.account)))
    against = Q(account_index__in=cases.account_indexes(restriction.account)) | whole
    lasting = Q(valid_until=None) | Q(valid_until__gt=now)
    standing = ProtectiveOrder.objects.filter(against, lasting, ended_at=None, valid_from__lte=now)
    own_first = Choose(When(own, then=Value(0)), default=Value(1))
    return standing.select_related("case").order_by(own_first, "pk").first()


def touched_by(case: Case, accounts: Iterable[str], *, whole: bool) -> QuerySet[Restriction]:
    """Return the restrictions that a protective order against these accounts, or a `whole` case, guards."""
    guarded = Q(account_index__in=[index for each in accounts for index in cases.account_indexes(each)])
    return Restriction.objects.filter(guarded | Q(case=case) if whole else guarded).order_by("pk")


def to_review() -> QuerySet[Restriction]:
    """Return what stands, came to its date and is not in review, the longest ago first."""
    due = Restriction.objects.filter(state__in=STANDING, in_review=False, review_at__lte=clock.now())
    return due.order_by("review_at", "pk")


def link_unknown() -> QuerySet[Restriction]:
    """Return what stands, was imposed by itself, and of whose link to the Union nobody knows or was asked."""
    rows = Restriction.objects.filter(state__in=STANDING, eu_link=None, link_asked_at=None)
    by_itself = Imposition.objects.filter(restriction=OuterRef("pk"), by=None)
    return rows.filter(Exists(by_itself)).select_related("case").order_by("imposed_at", "pk")


def expired() -> QuerySet[Preservation]:
    """Return our own preservations whose time is over and that nobody was asked about."""
    running = Preservation.objects.filter(state=PreservationState.RUNNING, until__lte=clock.now())
    return running.exclude(about__startswith=BIDDEN).order_by("until", "pk")


def appeals_of(restriction: Restriction) -> QuerySet[Appeal]:
    """Return the appeals against a restriction, the newest first."""
    rows = Appeal.objects.filter(restriction=restriction).order_by("-pk")
    return rows.select_related("received_by", "answered_by")


def appeal_said_before(by: User, external_id: str) -> Appeal | None:
    """Return the appeal that a sender gave this id before."""
    return Appeal.objects.filter(received_by=by, external_id=external_id.strip()[:120]).first()


def appeal_of_task(about: str) -> Appeal | None:
    """Return the appeal that a task's `about` names, whoever asks: for the system's own work."""
    return Appeal.objects.filter(pk=about.partition(":")[2]).first()


def statements_of(restriction: Restriction) -> QuerySet[Statement]:
    """Return the statements of reasons of a restriction, the first one first."""
    rows = Statement.objects.filter(imposition__restriction=restriction).order_by("pk")
    return rows.select_related("imposition", "decided_by")


def statement_of_task(about: str) -> Statement | None:
    """Return the statement that a task's `about` names, whoever asks: for the system's own work."""
    return Statement.objects.filter(pk=about.partition(":")[2]).first()


def restriction_of(statement: Statement) -> Restriction:
    """Return the restriction that a statement is about, with its case."""
    rows = Restriction.objects.select_related("case")
    return rows.get(impositions__statement=statement)


def impositions(case: Any, *, about: Any) -> QuerySet[Imposition]:
    """Return the steps taken on a case because of a record, the first first; both may be an OuterRef."""
    return Imposition.objects.filter(restriction__case=case, about=about).order_by("at")


def commands_about(preservation: Preservation) -> QuerySet[Command]:
    """Return what the platform was told about a preservation, the first one first."""
    return Command.objects.filter(preservation=preservation).select_related("message").order_by("pk")


def whole_of(part: str, pk: int) -> Restriction | Preservation:
    """Return what a command, an assessment, an appeal or a statement belongs to; raise NotFound."""
    paths = {"riskassessment": "assessments", "appeal": "appeals", "statement": "impositions__statement"}
    if part == "command":
        kept = Preservation.objects.filter(commands=pk).first()
        found = kept or Restriction.objects.filter(commands=pk).first()
    else:
        found = Restriction.objects.filter(**{paths[part]: pk}).first()
    if found is None:
        raise NotFound
    return found
