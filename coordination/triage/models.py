"""Safety flags and decisions. A decision not to refer is a record like any other."""

from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from coordination.core.fields import SealedJSONField, SealedTextField
from coordination.core.identifiers import uuid7
from coordination.core.models import states_constraint
from coordination.triage.workflow import (
    Category,
    EventKind,
    Finding,
    FlagState,
    Framing,
    Level,
    ReportState,
    Source,
    ThreatType,
)


def _person() -> Any:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")


def _word(words: type[StrEnum]) -> Any:
    return models.CharField(max_length=20, choices=[(w.value, w.value.replace("_", " ")) for w in words])


def _provenance() -> Any:
    return models.CharField(max_length=20, default="", blank=True)


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
    account_index = models.BinaryField(max_length=32)
    identifiers = SealedJSONField(default=list)
    apparent_target = SealedTextField(default="", blank=True)
    files = SealedJSONField(default=list)
    provenance = models.CharField(max_length=20)
    minor = models.BooleanField(default=False)
    reporter = SealedTextField(null=True, blank=True, help_text="The account of who reported it.")
    reporter_index = models.BinaryField(max_length=32, null=True, editable=False)
    marks = ArrayField(
        models.BinaryField(max_length=32),
        default=list,
        editable=False,
        help_text="The indexes of the identifiers by which flags of one subject are seen together.",
    )
    unknown_classifier = models.BooleanField(default=False, editable=False)
    coordinated_at = models.DateTimeField(null=True, blank=True, editable=False)
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
            ("assess_flag", "Assess a flag, as the first tier"),
            ("decide_flag", "Decide about a flag"),
            ("view_replay", "Hold past decisions to criteria"),
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
            ),
            models.Index(fields=["received_at"], name="flag_received"),
            models.Index(fields=["account_index", "received_at"], name="flag_of_account"),
            GinIndex(fields=["marks"], name="flag_marks"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.external_id}"

    @property
    def origin(self) -> str:
        """How tasks and ledger entries name this flag."""
        return f"triage.flag:{self.pk}"


class Assessment(models.Model):
    """What one person found in a flag: target, means and timing one by one, each with how it is known.

    Inserted once, never changed: who sees it otherwise later assesses anew. `direct` is one that the second
    tier made with its own decision, for high severity only.
    """

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="assessments")
    level = _word(Level)
    threat_type = _word(ThreatType)
    target = _word(Finding)
    target_note = SealedTextField(default="", blank=True)
    target_provenance = _provenance()
    means = _word(Finding)
    means_note = SealedTextField(default="", blank=True)
    means_provenance = _provenance()
    timing = _word(Finding)
    timing_note = SealedTextField(default="", blank=True)
    timing_provenance = _provenance()
    behaviours = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    weapons = SealedTextField(default="", blank=True, help_text="Access to weapons; empty: not known.")
    protective = SealedTextField(default="", blank=True, help_text="What protects; empty: not known.")
    framing = _word(Framing)
    context = SealedTextField(default="", blank=True, help_text="The context window, where none came.")
    language = models.CharField(max_length=35, default="", blank=True)
    danger_to_self = models.BooleanField(default=False)
    danger_to_others = models.BooleanField(default=False)
    minor = models.BooleanField(default=False)
    enticement = models.BooleanField(default=False, help_text="Enticement or abuse of a minor.")
    eu_threat_to_life = models.BooleanField(
        default=False, help_text="EU nexus, and the suspicion of an offence threatening life or safety."
    )
    note = SealedTextField(default="", blank=True)
    direct = models.BooleanField(default=False)
    assessed_by = _person()
    assessed_at = models.DateTimeField()

    class Meta:
        ordering = ["assessed_at", "pk"]
        default_permissions = ()
        constraints = [
            states_constraint("assessment", Level, field="level"),
            states_constraint("assessment", ThreatType, field="threat_type"),
            states_constraint("assessment", Finding, field="target"),
            states_constraint("assessment", Finding, field="means"),
            states_constraint("assessment", Finding, field="timing"),
            states_constraint("assessment", Framing, field="framing"),
        ]

    def __str__(self) -> str:
        return f"assessment {self.pk}"


class KeptApart(models.Model):
    """That the account of a flag is not the person of a case, as somebody found. Never changed.

    It holds for what the flag and the case had in common then.
    """

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="kept_apart")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    reason = SealedTextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.flag_id} apart from {self.case_id}"


class Decision(models.Model):
    """Who decided what about a flag, why, under which criteria. Inserted once, never changed.

    It rests on an assessment by another person, or for high severity on its own: a trigger of the database
    says so too. `rules` are the rules that it departs from, and `departure` says why.
    """

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="decisions")
    assessment = models.ForeignKey(Assessment, models.PROTECT, null=True, related_name="+")
    outcomes = ArrayField(models.CharField(max_length=20))
    reasons = SealedTextField()
    rules = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    departure = SealedTextField(null=True, blank=True)
    criteria = models.CharField(
        max_length=60, help_text="Pack and version of the criteria, such as us-federal 2026.1."
    )
    reopens_when = SealedTextField()
    monitor_until = models.DateField(null=True, blank=True)
    decided_by = _person()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "triage_decision"
        ordering = ["decided_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return ", ".join(self.outcomes)


class Dissent(models.Model):
    """Somebody who sees a flag holds its decision to be wrong. It stands for good, beside the decision."""

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="dissents")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="dissents")
    reasons = SealedTextField()
    dissented_by = _person()
    dissented_at = models.DateTimeField()

    class Meta:
        ordering = ["dissented_at", "pk"]
        default_permissions = ()
        permissions = [("dissent_flag", "Dissent from the decision about a flag")]
        constraints = [
            models.UniqueConstraint(fields=["decision", "dissented_by"], name="triage_dissent_once"),
        ]

    def __str__(self) -> str:
        return f"dissent {self.pk}"


class MandatedReport(models.Model):
    """A report to an authority that hangs on a decision or comes before it: due until filed."""

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="reports")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="reports")
    code = models.CharField(max_length=80, help_text="The row of the policy that makes it due.")
    title = models.CharField(max_length=200)
    citation = models.CharField(max_length=300)
    clock = models.CharField(max_length=80)
    first = models.BooleanField(default=False, help_text="Nothing else is decided before it.")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in ReportState], default=ReportState.DUE
    )
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    number = SealedTextField(null=True, blank=True, help_text="The authority's own number of the report.")
    filed_at = models.DateTimeField(null=True, blank=True)
    reason = SealedTextField(null=True, blank=True, help_text="Why it need not be filed: counsel's.")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["opened_at", "pk"]
        default_permissions = ()
        permissions = [("file_report", "Record that a mandated report was filed")]
        constraints = [
            states_constraint("mandated_report", ReportState),
            models.UniqueConstraint(fields=["flag", "code"], name="triage_report_once"),
            models.CheckConstraint(
                condition=~models.Q(state="filed")
                | models.Q(number__isnull=False, filed_at__isnull=False, ended_by__isnull=False),
                name="triage_report_filed_with_number",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="excused") | models.Q(reason__isnull=False, ended_by__isnull=False),
                name="triage_report_excused_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def origin(self) -> str:
        """How its task and its clock name it: the flag, and which report."""
        return f"{self.flag.origin}@{self.code}"


class CounselAssessment(models.Model):
    """What counsel found about a flag: without one, "no action" with an EU nexus is not decided."""

    flag = models.ForeignKey(Flag, models.PROTECT, related_name="counsel_assessments")
    reasons = SealedTextField()
    assessed_by = _person()
    assessed_at = models.DateTimeField()

    class Meta:
        ordering = ["assessed_at", "pk"]
        default_permissions = ()
        permissions = [("counsel_flag", "Assess a flag as counsel; record that police ask to wait")]

    def __str__(self) -> str:
        return f"counsel's assessment {self.pk}"


class Deconfliction(models.Model):
    """Police ask not to act yet: recorded by counsel, for a time, and never where life is in danger."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    asked_by = SealedTextField(help_text="Who asked: agency, name, number that was called back.")
    reason = SealedTextField()
    until = models.DateTimeField()
    recorded_by = _person()
    recorded_at = models.DateTimeField()
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = SealedTextField(null=True, blank=True)

    class Meta:
        ordering = ["recorded_at", "pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("recorded_at")), name="triage_deconfliction_is_boxed"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(ended_at=None), name="triage_deconfliction_once"
            ),
        ]

    def __str__(self) -> str:
        return f"deconfliction {self.pk}"

    @property
    def origin(self) -> str:
        """How its task names it."""
        return f"cases.case:{self.case_id}@deconfliction-{self.pk}"


class ExternalEvent(models.Model):
    """Something that happened outside: who told us, when it was, and where that stands."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    kind = _word(EventKind)
    happened_at = models.DateTimeField()
    told_by = SealedTextField()
    source = SealedTextField()
    note = SealedTextField(default="", blank=True)
    recorded_by = _person()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["happened_at", "pk"]
        default_permissions = ()
        permissions = [("record_event", "Record an arrest, a charge, a court order or a release")]
        constraints = [states_constraint("external_event", EventKind, field="kind")]

    def __str__(self) -> str:
        return str(self.kind)


class TargetAccount(models.Model):
    """The threatened person's own account, where it is known: found again by its blind index alone."""

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    recorded_by = _person()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "account_index"], name="triage_target_account_once")
        ]

    def __str__(self) -> str:
        return f"target's account {self.pk}"
