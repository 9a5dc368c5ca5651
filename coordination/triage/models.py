"""Safety flags and decisions. A decision not to refer is a record like any other."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from coordination.core.fields import SealedJSONField, SealedTextField
from coordination.core.identifiers import uuid7
from coordination.core.models import states_constraint
from coordination.triage.workflow import Category, FlagState, Source


class Flag(models.Model):
    """A safety flag as it came in. `external_id` is the sender's own: the same one twice is one flag."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    external_id = models.CharField(max_length=120)
    source = models.CharField(max_length=20, choices=[(s.value, s.value) for s in Source])
    category = models.CharField(
        max_length=30, choices=[(c.value, c.value.replace("_", " ")) for c in Category]
    )
    classifier = models.CharField(max_length=100, default="", blank=True)
    classifier_version = models.CharField(max_length=40, default="", blank=True)
    score = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    content = SealedTextField()
    content_at = models.DateTimeField()
    content_zone = models.CharField(max_length=60)
    context = SealedTextField(default="", blank=True, help_text="What stands around the content.")
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    identifiers = SealedJSONField(default=list)
    apparent_target = SealedTextField(default="", blank=True)
    files = SealedJSONField(default=list)
    provenance = models.CharField(max_length=20)
    minor = models.BooleanField(default=False)
    high_severity = models.BooleanField()
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in FlagState], default=FlagState.RECEIVED
    )
    case = models.ForeignKey("cases.Case", models.PROTECT, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-received_at"]
        default_permissions = ()
        permissions = [
            ("view_flag", "See flags"),
            ("receive_flag", "Post or enter a flag"),
            ("decide_flag", "Decide about a flag"),
        ]
        constraints = [
            states_constraint("flag", FlagState),
            states_constraint("flag", Category, field="category"),
            models.UniqueConstraint(fields=["received_from", "external_id"], name="flag_once"),
        ]
        indexes = [
            models.Index(
                fields=["high_severity", "received_at"],
                condition=~models.Q(state="decided"),
                name="flag_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.external_id}"

    @property
    def origin(self) -> str:
        """How tasks and ledger entries name this flag."""
        return f"triage.flag:{self.pk}"


class Decision(models.Model):
    """Who decided what about a flag, why, under which criteria. Inserted once, never changed."""

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="decisions")
    outcomes = ArrayField(models.CharField(max_length=20))
    reasons = SealedTextField()
    criteria = models.CharField(
        max_length=60, help_text="Pack and version of the criteria, such as us-federal 2026.1."
    )
    reopens_when = SealedTextField()
    monitor_until = models.DateField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "triage_decision"
        ordering = ["decided_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return ", ".join(self.outcomes)
