"""Restrictions, what was imposed step by step, preservations, and the commands that carry both out."""

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.policy.workflow import Step
from coordination.restrictions.workflow import (
    KEEPING,
    LEVEL,
    RESTRICTING,
    Action,
    AppealState,
    AssessmentState,
    CommandState,
    NoticeState,
    PreservationState,
    RestrictionState,
)

STEPS = [(step.value, step.value.replace("_", " ")) for step in Step]
_TO_REVIEW = ~Q(state="lifted") & Q(in_review=False)
_LINK_UNKNOWN = Q(eu_link=None, link_asked_at=None, state__in=["ordered", "in_force"])
LANES = [("P0", "P0: danger to life"), ("normal", "normal")]


def _words(of: type[StrEnum]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in of]


def _person(*, null: bool = True) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, blank=null, related_name="+"
    )


def _steps_have_levels(name: str) -> models.CheckConstraint:
    pairs = [Q(step=step, level=level) for step, level in LEVEL.items()]
    return models.CheckConstraint(condition=reduce(or_, pairs), name=name)


class Restriction(models.Model):
    """What one account of a case may not do. The account is sealed and found again by its blind index.

    `level` counts the ladder from 1; both only rise, but by a signed risk assessment.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    step = models.CharField(max_length=30, choices=STEPS)
    level = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=20, choices=_words(RestrictionState), default=RestrictionState.ORDERED
    )
    imposed_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    review_at = models.DateTimeField(null=True, blank=True, help_text="Then a person looks; it does not end.")
    in_review = models.BooleanField(default=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    reported_step = models.CharField(
        max_length=40, default="", blank=True, help_text="What the platform last said is in force."
    )
    reported_at = models.DateTimeField(null=True, blank=True)
    drifted = models.BooleanField(default=False, help_text="The platform last said something else.")
    eu_link = models.BooleanField(null=True, blank=True, help_text="A link to the Union; empty: unknown.")
    link_asked_at = models.DateTimeField(null=True, blank=True, help_text="When a person was asked that.")

    class Meta:
        ordering = ["-imposed_at"]
        default_permissions = ()
        permissions = [
            ("view_restriction", "See restrictions and preservations"),
            ("impose_restriction", "Restrict an account, or step up"),
            ("preserve_account", "Preserve an account, extend it or let it go"),
            ("report_in_force", "Say what is in force on the platform"),
            ("ask_lift", "Ask to lift a restriction, or to step down"),
            ("sign_assessment", "Assess whether to lift, and sign that"),
            ("lift_restriction", "Lift a restriction with a signed assessment, or decline to"),
            ("receive_appeal", "Write down an appeal"),
            ("answer_appeal", "Answer an appeal"),
            ("keep_order", "Keep protective orders"),
            ("decide_notice", "Decide whether somebody is told why they are restricted"),
        ]
        constraints = [
            states_constraint("restriction", RestrictionState),
            _steps_have_levels("restriction_step_has_level"),
            models.UniqueConstraint(
                fields=["case", "account_index"], condition=~Q(state="lifted"), name="restriction_stands_once"
            ),
        ]
        indexes = [
            models.Index(fields=["review_at"], condition=_TO_REVIEW, name="restriction_review"),
            models.Index(fields=["imposed_at"], condition=_LINK_UNKNOWN, name="restriction_link_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.state})"

    @property
    def origin(self) -> str:
        """How tasks and timeline name this record."""
        return f"restrictions.restriction:{self.pk}"


class Imposition(models.Model):
    """One step of a restriction: who took it, why and by which authority. Inserted once, never changed."""

    restriction = models.ForeignKey(Restriction, models.PROTECT, related_name="impositions")
    step = models.CharField(max_length=30, choices=STEPS)
    level = models.PositiveSmallIntegerField()
    reason = SealedTextField()
    authority = models.CharField(max_length=200, help_text="A policy row with its version, or a rule.")
    about = models.CharField(max_length=80, default="", blank=True)
    by = _person()
    at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "restrictions_imposition"
        ordering = ["pk"]
        default_permissions = ()
        constraints = [_steps_have_levels("imposition_step_has_level")]

    def __str__(self) -> str:
        return f"{self.step} at {self.at:%Y-%m-%d %H:%M}"


class Preservation(models.Model):
    """The platform keeps what an account holds, until a date; then a person looks again."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    state = models.CharField(
        max_length=20, choices=_words(PreservationState), default=PreservationState.RUNNING
    )
    reason = SealedTextField()
    authority = models.CharField(max_length=200)
    about = models.CharField(max_length=80, default="", blank=True)
    by = _person()
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = _person()
    end_reason = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-started_at"]
        default_permissions = ()
        constraints = [
            states_constraint("preservation", PreservationState),
            models.UniqueConstraint(
                fields=["case", "account_index"], condition=~Q(state="ended"), name="preservation_runs_once"
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(state="running"), name="preservation_until")]

    def __str__(self) -> str:
        return f"preservation until {self.until:%Y-%m-%d}"

    @property
    def origin(self) -> str:
        """How tasks and timeline name this record."""
        return f"restrictions.preservation:{self.pk}"


class Command(models.Model):
    """What the platform is to do, inserted in the transaction of the deed; a job sends it after commit."""

    reference = models.CharField(max_length=20, unique=True, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    restriction = models.ForeignKey(
        Restriction, models.PROTECT, null=True, blank=True, related_name="commands"
    )
    preservation = models.ForeignKey(
        Preservation, models.PROTECT, null=True, blank=True, related_name="commands"
    )
    action = models.CharField(max_length=10, choices=_words(Action))
    step = models.CharField(max_length=30, default="", blank=True)
    reason_code = models.CharField(max_length=40)
    authority = models.CharField(max_length=200)
    lane = models.CharField(max_length=10, choices=LANES, default="normal")
    state = models.CharField(max_length=20, choices=_words(CommandState), default=CommandState.QUEUED)
    expires_at = models.DateTimeField(null=True, blank=True)
    statement = SealedTextField(null=True, blank=True, help_text="What the account's user is told.")
    message = models.OneToOneField("outbox.Message", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When it is tried (again).")
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a person was asked to do it by hand."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            states_constraint("command", CommandState),
            states_constraint("command", Action, field="action"),
            models.CheckConstraint(
                condition=Q(action__in=RESTRICTING, restriction__isnull=False, preservation__isnull=True)
                | Q(action__in=KEEPING, restriction__isnull=True, preservation__isnull=False),
                name="command_about_what_it_acts_on",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="command_due"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["queued", "sent", "failed"]),
                name="command_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.reference}"

    @property
    def origin(self) -> str:
        """How tasks and messages name this record."""
        return f"restrictions.command:{self.pk}"


class RiskAssessment(models.Model):
    """Whether a restriction may be lifted, or go down to `to_step`: asked by one, signed by two others.

    Complete, it has a digest and never changes; it counts until anything is imposed after `imposition`, and
    once. `to_level` is 0 for a whole lift.
    """

    restriction = models.ForeignKey(Restriction, models.PROTECT, related_name="assessments")
    imposition = models.ForeignKey(Imposition, models.PROTECT, related_name="+")
    to_step = models.CharField(max_length=30, choices=STEPS, default="", blank=True)
    to_level = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=_words(AssessmentState), default=AssessmentState.ASKED)
    asked_by = _person(null=False)
    asked_at = models.DateTimeField()
    asked_reason = SealedTextField()
    findings = SealedTextField(default="", blank=True)
    protective_factors = SealedTextField(default="", blank=True)
    reasons = SealedTextField(default="", blank=True)
    reopens_when = SealedTextField(default="", blank=True)
    assessed_by = _person()
    completed_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(
        max_length=71, default="", blank=True, help_text="sha256: of what was assessed."
    )
    ended_by = _person()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-asked_at"]
        default_permissions = ()
        constraints = [
            states_constraint("riskassessment", AssessmentState),
            models.UniqueConstraint(
                fields=["restriction"],
                condition=Q(state__in=["asked", "completed"]),
                name="assessment_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "declined"])
                | (Q(completed_at__isnull=False, assessed_by__isnull=False) & ~Q(digest="")),
                name="assessment_complete_has_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"risk assessment of {self.asked_at:%Y-%m-%d}"

    @property
    def origin(self) -> str:
        """How tasks and commands name this record."""
        return f"restrictions.riskassessment:{self.pk}"


class AssessmentSignature(models.Model):
    """One person's word for exactly what was assessed. Inserted once, never changed."""

    assessment = models.ForeignKey(RiskAssessment, models.PROTECT, related_name="signatures")
    signed_by = _person(null=False)
    digest = models.CharField(max_length=71)
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "restrictions_assessmentsignature"
        ordering = ["signed_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["assessment", "signed_by"], name="assessment_signed_once_each"),
        ]

    def __str__(self) -> str:
        return f"signature of {self.signed_by_id}"


class ProtectiveOrder(models.Model):
    """A court's order to protect somebody from an account of a case; from all of them without an account."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    account = SealedTextField(default="", blank=True)
    account_index = models.BinaryField(max_length=32, null=True, blank=True, db_index=True)
    court = models.CharField(max_length=200)
    number = models.CharField(max_length=100)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Empty: until a court ends it.")
    exhibit = models.CharField(max_length=80, default="", blank=True, help_text="The exhibit's reference.")
    recorded_by = _person(null=False)
    recorded_at = models.DateTimeField()
    ended_by = _person()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-recorded_at"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="protective_order_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="protective_order_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.court}, {self.number}"


class Appeal(models.Model):
    """What the user of an account says against its restriction. It is answered, and lifts nothing."""

    restriction = models.ForeignKey(Restriction, models.PROTECT, related_name="appeals")
    external_id = models.CharField(max_length=120, default="", blank=True, help_text="The sender's own id.")
    text = SealedTextField()
    state = models.CharField(max_length=20, choices=_words(AppealState), default=AppealState.RECEIVED)
    received_at = models.DateTimeField()
    received_by = _person()
    in_time = models.BooleanField(help_text="Within the time that policy gives for a complaint.")
    answer = SealedTextField(default="", blank=True)
    answered_by = _person()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-received_at"]
        default_permissions = ()
        constraints = [
            states_constraint("appeal", AppealState),
            models.UniqueConstraint(
                fields=["received_by", "external_id"], condition=~Q(external_id=""), name="appeal_once"
            ),
        ]

    def __str__(self) -> str:
        return f"appeal of {self.received_at:%Y-%m-%d}"

    @property
    def origin(self) -> str:
        """How tasks name this record."""
        return f"restrictions.appeal:{self.pk}"


class Statement(models.Model):
    """A statement of reasons (Regulation (EU) 2022/2065 Art. 17), made when the step was imposed."""

    imposition = models.OneToOneField(Imposition, models.PROTECT, related_name="statement")
    facts = SealedTextField()
    ground = SealedTextField()
    automated = models.BooleanField()
    redress = models.TextField()
    citation = models.CharField(max_length=300)
    text = SealedTextField(help_text="As the user reads it.")
    state = models.CharField(max_length=20, choices=_words(NoticeState))
    made_at = models.DateTimeField()
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = SealedTextField(default="", blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]
        default_permissions = ()
        constraints = [states_constraint("statement", NoticeState)]

    def __str__(self) -> str:
        return f"statement of reasons ({self.state})"
