"""Packs and their rows. A published version never changes: rows come with it and are then only read."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Func

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.policy.workflow import ProposalState, ReportTrigger, Step, Unit


class NameRange(Func):
    """A pack's name as a one-point range, so that GiST compares it without the btree_gist extension."""

    function = "int8range"
    template = "int8range(hashtextextended(%(expressions)s, 0), hashtextextended(%(expressions)s, 0), '[]')"


class Effective(Func):
    """The time a pack is in force: from the first moment, until the last is reached."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class Pack(models.Model):
    """One version of one body of rules, as one file said it."""

    name = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    jurisdiction = models.CharField(max_length=80)
    version = models.CharField(max_length=40)
    time_zone = models.CharField(max_length=64)
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True)
    digest = models.CharField("SHA-256 of the file", max_length=71)
    loaded_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [("view_pack", "See law and policy")]
        ordering = ["name", "-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="policy_pack_version_once"),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gt=models.F("effective_from")),
                name="policy_pack_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="policy_pack_one_in_force",
                expressions=[
                    (NameRange("name"), RangeOperators.OVERLAPS),
                    (Effective("effective_from", "effective_until"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def begins(self) -> datetime:
        """When it comes into force, in its own time zone."""
        return self.effective_from.astimezone(ZoneInfo(self.time_zone))


class Row(models.Model):
    """What every row of a pack has: its id, where the rule stands, and whether counsel must confirm it."""

    code = models.CharField(max_length=80)
    citation = models.CharField(max_length=300)
    counsel_confirm = models.BooleanField("have counsel confirm", default=False)
    note = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class LegalBasis(Row):
    """One statute, the data categories it covers and the recipient classes it reaches."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="legal_bases")
    statute = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    data_categories = ArrayField(models.CharField(max_length=40))
    recipient_classes = ArrayField(models.CharField(max_length=40))
    requires_emergency = models.BooleanField(default=False)
    requires_consent = models.BooleanField(default=False)
    needs_counsel = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "legal bases"
        ordering = ["pack__name", "code"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code"], name="policy_legal_basis_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_legal_basis_cites"),
        ]

    @property
    def conditions(self) -> list[str]:
        """What must be on record before anything leaves under this row."""
        needs = {
            "emergency": self.requires_emergency,
            "consent": self.requires_consent,
            "counsel": self.needs_counsel,
        }
        return [need for need, needed in needs.items() if needed]


class Clock(Row):
    """One period: what starts it, what it applies to, how long it runs and how it is counted."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="clocks")
    trigger = models.CharField(max_length=120)
    applies_to = models.CharField(max_length=200)
    wording = models.CharField(max_length=120, blank=True)
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=20, choices=[(unit.value, unit.value) for unit in Unit])
    calendar = models.CharField(max_length=80, blank=True)
    in_force_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["pack__name", "code"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code"], name="policy_clock_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_clock_cites"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="policy_clock_runs"),
            models.CheckConstraint(
                condition=Q(unit__in=[unit.value for unit in Unit]), name="policy_clock_unit"
            ),
        ]


class Holiday(models.Model):
    """A day on which a calendar does no business. Saturdays and Sundays are none in any calendar."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="holidays")
    calendar = models.CharField(max_length=80)
    day = models.DateField()
    name = models.CharField(max_length=120)

    class Meta:
        default_permissions = ()
        ordering = ["calendar", "day"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "calendar", "day"], name="policy_holiday_once"),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} {self.day}"


class Criteria(models.Model):
    """What a version of the triage criteria says: which categories are severe, prose, and its rules."""

    version = models.CharField(max_length=40)
    high_severity_categories = ArrayField(models.CharField(max_length=40))
    sections = models.JSONField(help_text="A list of {code, heading, text}, in reading order.")
    rules = models.JSONField(
        default=list, help_text="A list of {code, section, outcomes, why, when}: policy/criteria.py."
    )

    class Meta:
        abstract = True


class CriteriaProposal(Criteria):
    """A change of the triage criteria: one person proposes it, another decides, and only then is it one.

    `base` is the version that it was copied from. What it says is not changed after it was proposed: `digest`
    is of that, and approval names it.
    """

    base = models.ForeignKey("CriteriaVersion", models.PROTECT, related_name="+")
    citation = models.CharField(max_length=300)
    effective_on = models.DateField("to be in force from")
    digest = models.CharField("SHA-256 of what it says", max_length=71)
    reason = SealedTextField()
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in ProposalState], default=ProposalState.PROPOSED
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = SealedTextField(default="", blank=True)

    class Meta:
        default_permissions = ()
        permissions = [
            ("propose_criteria", "Propose a change of the triage criteria"),
            ("approve_criteria", "Decide about a change of the triage criteria that another proposed"),
        ]
        ordering = ["-proposed_at"]
        constraints = [
            states_constraint("criteriaproposal", ProposalState),
            models.CheckConstraint(
                name="policy_criteria_take_two",
                condition=~Q(state__in=["approved", "returned", "declined"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=models.F("proposed_by"))),
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(state="proposed"), name="policy_criteria_proposed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"criteria {self.version}"

    @property
    def origin(self) -> str:
        """How tasks and ledger entries name it."""
        return f"criteriaproposal:{self.pk}"


class CriteriaVersion(Criteria, Row):
    """One version of the triage criteria. A decision records the one it was made under.

    It came with a pack file, or from the desk by an approved `proposal`: then `pack` is the one it goes on
    from.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="criteria")
    effective_from = models.DateTimeField()
    proposal = models.OneToOneField(CriteriaProposal, models.PROTECT, null=True, related_name="made")

    class Meta:
        default_permissions = ()
        ordering = ["-effective_from", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "version"], name="policy_criteria_once"),
        ]

    def __str__(self) -> str:
        return f"criteria {self.version} ({self.pack})"

    @property
    def label(self) -> str:
        """How a decision names the criteria it was made under."""
        return f"{self.pack} ({self.version})"


class Routing(Row):
    """The places by which a referral is routed, in order, and who decides when none is known."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="routing")
    order = ArrayField(models.CharField(max_length=40))
    fallback = models.TextField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "routing"
        constraints = [models.UniqueConstraint(fields=["pack", "code"], name="policy_routing_once")]


class PhoneRule(Row):
    """A priority at which somebody must also pick up the telephone, by when, and what to say."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="phone_rules")
    priority = models.CharField(max_length=20)
    clock = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    script = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["pack", "priority"], name="policy_phone_rule_once")]


class LadderStep(Row):
    """One step of the ladder of restrictions: what it limits, and when somebody looks at it again."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="ladder")
    step = models.CharField(max_length=30, choices=[(step.value, step.value) for step in Step])
    order = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    limits = models.TextField()
    review_clock = models.CharField(max_length=80)
    on_intake = models.BooleanField(
        default=False, help_text="Imposed at once and by itself on a flag of high severity."
    )

    class Meta:
        default_permissions = ()
        ordering = ["pack__name", "order"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "step"], name="policy_ladder_step_once"),
            models.UniqueConstraint(
                fields=["pack"], condition=Q(on_intake=True), name="policy_ladder_one_on_intake"
            ),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_ladder_cites"),
            models.CheckConstraint(
                condition=Q(step__in=[step.value for step in Step]), name="policy_ladder_step_known"
            ),
        ]


class DeskRule(Row):
    """One rule of the desk that services ask for by its code, with what it is about and its figure."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="desk_rules")
    title = models.CharField(max_length=200)
    outcomes = ArrayField(models.CharField(max_length=40), default=list)
    amount = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["pack", "code"], name="policy_desk_rule_once")]


class MandatedReport(Row):
    """A report to an authority that hangs on a decision: what makes it due, and its clock.

    Nothing else is decided before one that comes `first`.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="mandated_reports")
    title = models.CharField(max_length=200)
    trigger = models.CharField(max_length=40, choices=[(each.value, each.value) for each in ReportTrigger])
    clock = models.CharField(max_length=80)
    first = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["pack", "code"], name="policy_mandated_report_once")]


class Escalation(Row):
    """Who is paged for tasks of a priority, after how many minutes each, until somebody answers.

    `steps` is a list of {after_minutes, whom, ways}; after the last one it is repeated.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="escalation")
    title = models.CharField(max_length=200)
    priority = models.CharField(max_length=20)
    task_kinds = ArrayField(models.CharField(max_length=60))
    steps = models.JSONField()
    repeat_minutes = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "escalation"
        ordering = ["pack__name", "code"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code"], name="policy_escalation_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_escalation_cites"),
            models.CheckConstraint(condition=Q(repeat_minutes__gt=0), name="policy_escalation_repeats"),
        ]


class IntakeRule(Row):
    """Which classifiers are known, and how many reports in how many days look coordinated (triage)."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="intake")
    classifiers = ArrayField(models.CharField(max_length=100))
    coordinated_reports = models.PositiveIntegerField()
    coordinated_days = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["pack", "code"], name="policy_intake_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_intake_cites"),
        ]


class EmergencyNumber(models.Model):
    """The full number of the emergency call centre for a place: 911 and 112 route by the caller's place."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="emergency_numbers")
    place = models.CharField(max_length=120)
    number = models.CharField(max_length=40)
    source = models.CharField(max_length=300)
    checked_on = models.DateField()

    class Meta:
        default_permissions = ()
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["pack", "place"], name="policy_emergency_number_once")]

    def __str__(self) -> str:
        return f"{self.place} {self.number}"


# The rows about process, which need Row and Pack from above.
import coordination.policy.processmodels  # noqa: E402, F401
