"""Restrictions, what was imposed step by step, preservations, and the commands that carry both out."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.policy.workflow import Step
from coordination.restrictions.workflow import (
    LEVEL,
    Action,
    CommandState,
    PreservationState,
    RestrictionState,
)

STEPS = [(step.value, step.value.replace("_", " ")) for step in Step]
LANES = [("P0", "P0: danger to life"), ("normal", "normal")]


def _person() -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )


def _steps_have_levels(name: str) -> models.CheckConstraint:
    pairs = [Q(step=step, level=level) for step, level in LEVEL.items()]
    condition = pairs[0]
    for each in pairs[1:]:
        condition |= each
    return models.CheckConstraint(condition=condition, name=name)


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
        max_length=20,
        choices=[(s.value, s.value) for s in RestrictionState],
        default=RestrictionState.ORDERED,
    )
    imposed_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    review_at = models.DateTimeField(null=True, blank=True, help_text="Then a person looks; it does not end.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    reported_step = models.CharField(
        max_length=40,
        default="",
        blank=True,
        help_text="What the platform last said is in force.",
    )
    reported_at = models.DateTimeField(null=True, blank=True)
    drifted = models.BooleanField(default=False, help_text="The platform last said something else.")

    class Meta:
        ordering = ["-imposed_at"]
        default_permissions = ()
        permissions = [
            ("view_restriction", "See restrictions and preservations"),
            ("impose_restriction", "Restrict an account, or step up"),
            ("preserve_account", "Preserve an account, extend it or let it go"),
            ("report_in_force", "Say what is in force on the platform"),
        ]
        constraints = [
            states_constraint("restriction", RestrictionState),
            _steps_have_levels("restriction_step_has_level"),
            models.UniqueConstraint(
                fields=["case", "account_index"], condition=~Q(state="lifted"), name="restriction_stands_once"
            ),
        ]
        indexes = [
            models.Index(fields=["review_at"], condition=~Q(state="lifted"), name="restriction_review"),
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
        max_length=20,
        choices=[(s.value, s.value) for s in PreservationState],
        default=PreservationState.RUNNING,
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
    action = models.CharField(max_length=10, choices=[(a.value, a.value) for a in Action])
    step = models.CharField(max_length=30, default="", blank=True)
    reason_code = models.CharField(max_length=40)
    authority = models.CharField(max_length=200)
    lane = models.CharField(max_length=10, choices=LANES, default="normal")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in CommandState], default=CommandState.QUEUED
    )
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
                condition=Q(restriction__isnull=True) ^ Q(preservation__isnull=True), name="command_about_one"
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
