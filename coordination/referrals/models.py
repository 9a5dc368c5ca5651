"""A referral: who is feared to do what, what is disclosed on which basis, and to whom."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.referrals.workflow import Outcome, ReferralState

PROVENANCE = [
    ("observed", "observed"),
    ("claimed_by_user", "claimed by user, unverified"),
    ("inferred", "inferred"),
]


class PlaceSource(models.TextChoices):
    """How a place is known."""

    NETWORK = "network_address", "a network address"
    DEVICE = "device", "a device"
    VERIFIED = "verified", "a verified address or number"
    OTHER = "other", "another source"


def _person(*, null: bool = True) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, blank=null, related_name="+"
    )


class Referral(models.Model):
    """A referral to one or more recipients. The approver is never the filer: the database says so too."""

    reference = models.CharField(max_length=20, unique=True, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=30, choices=[(s.value, s.value) for s in ReferralState], default=ReferralState.DRAFT
    )
    priority = models.CharField(
        max_length=10, choices=[("P0", "P0: danger to life"), ("normal", "normal")], default="normal"
    )
    title = models.CharField(max_length=200)
    danger_to_life = models.BooleanField(default=False)
    danger_reason = SealedTextField(default="", blank=True)
    priority_reason = SealedTextField(
        null=True, blank=True, help_text="Why a danger to life waits its turn at normal priority."
    )
    feared = SealedTextField(help_text="What is feared.")
    feared_when = SealedTextField(default="", blank=True)
    why_suspicious = SealedTextField()
    prior_reports = SealedTextField(default="", blank=True)
    reporter = SealedTextField(default="", blank=True, help_text="The reporting person; an alias is allowed.")
    consent = SealedTextField(
        default="", blank=True, help_text="Whose consent is on record, and when and how it was given."
    )
    place_confirmed = SealedTextField(
        null=True, blank=True, help_text="How a person knows that a doubtful place is the right one."
    )
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    correction_wrong = SealedTextField(default="", blank=True)
    correction_true = SealedTextField(default="", blank=True)
    filed_by = _person(null=False)
    filed_at = models.DateTimeField()
    authors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="+",
        help_text="Everybody who wrote any of it since it was filed: none of them approves it.",
    )
    submitted_by = _person()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = SealedTextField(default="", blank=True)
    break_glass = models.BooleanField(default=False)
    agency_reference = SealedTextField(default="", blank=True)
    outcome = models.CharField(
        max_length=30, choices=[(o.value, o.value) for o in Outcome], default="", blank=True
    )
    outcome_detail = SealedTextField(default="", blank=True)
    review_notes = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-filed_at"]
        default_permissions = ()
        permissions = [
            ("view_referral", "See referrals"),
            ("file_referral", "File a referral"),
            ("submit_referral", "Submit a referral for review"),
            ("approve_referral", "Approve a referral"),
            ("return_referral", "Return a referral"),
            ("decline_referral", "Decline a referral"),
            ("withdraw_referral", "Withdraw a referral"),
            ("correct_referral", "Correct a referral that was sent"),
            ("recall_referral", "Ask recipients to give a referral back"),
            ("close_referral", "Review and close a referral"),
            ("break_glass_referral", "Approve one's own referral in an emergency"),
        ]
        constraints = [
            states_constraint("referral", ReferralState),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "sent"])
                | models.Q(break_glass=True)
                | (
                    ~models.Q(decided_by=models.F("filed_by"))
                    & ~models.Q(decided_by=models.F("submitted_by"))
                ),
                name="referral_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def origin(self) -> str:
        """How messages, tasks and deadlines name this record."""
        return f"referrals.referral:{self.pk}"


class Item(models.Model):
    """One thing that may be disclosed. What is not chosen is not sent; the reason stands either way."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="items")
    title = SealedTextField()
    category = models.CharField(max_length=40, help_text="Data category of the policy in force.")
    content = SealedTextField()
    occurred_at = models.DateTimeField(null=True, blank=True)
    occurred_zone = models.CharField(
        max_length=60, default="", blank=True, help_text="The zone of the clock that showed it there."
    )
    provenance = models.CharField(max_length=20, choices=PROVENANCE)
    chosen = models.BooleanField(default=True)
    basis = models.CharField(max_length=60, default="", blank=True, help_text="Code of the legal basis.")
    reason = SealedTextField()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.title)

    @property
    def occurred_there(self) -> datetime | None:
        """When it occurred as the clock of its place showed it; None where time or zone is not known."""
        if self.occurred_at is None or not self.occurred_zone:
            return None
        return self.occurred_at.astimezone(ZoneInfo(self.occurred_zone))


class Fact(models.Model):
    """One thing said about the subject or the target, and how it is known."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="facts")
    about = models.CharField(max_length=10, choices=[("subject", "subject"), ("target", "target")])
    label = SealedTextField()
    value = SealedTextField()
    category = models.CharField(max_length=40)
    basis = models.CharField(max_length=60, default="", blank=True)
    provenance = models.CharField(max_length=20, choices=PROVENANCE)
    confidence = SealedTextField(default="", blank=True)
    place_source = models.CharField(max_length=20, choices=PlaceSource.choices, default="", blank=True)
    place_confidence = models.PositiveSmallIntegerField(null=True, blank=True, help_text="In per cent.")
    possible_proxy = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.label)


class Addressee(models.Model):
    """One recipient of one referral, the message frozen for it, and what it answered."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="addressees")
    destination = models.ForeignKey("partners.Destination", models.PROTECT, related_name="+")
    message = models.ForeignKey("outbox.Message", models.PROTECT, null=True, blank=True, related_name="+")
    left_at = models.DateTimeField(
        null=True, blank=True, help_text="When the recipient's system first took it."
    )
    agency_reference = SealedTextField(default="", blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["referral", "destination"], name="addressee_once")]

    def __str__(self) -> str:
        return f"addressee {self.pk}"

    @property
    def origin(self) -> str:
        """How this recipient's own clocks name it."""
        return f"referrals.addressee:{self.pk}"


class Question(models.Model):
    """A recipient's request for information, and the answer that went back."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="questions")
    addressee = models.ForeignKey(Addressee, models.PROTECT, related_name="questions")
    question = SealedTextField()
    asked_at = models.DateTimeField()
    asked_by = _person()
    answer = SealedTextField(default="", blank=True)
    items = models.ManyToManyField(
        Item, blank=True, related_name="+", help_text="What goes along with the answer."
    )
    answered_by = _person()
    answered_at = models.DateTimeField(null=True, blank=True)
    approved_by = _person()
    message = models.ForeignKey("outbox.Message", models.PROTECT, null=True, blank=True, related_name="+")
    unanswered_at = models.DateTimeField(
        null=True, blank=True, help_text="When it ended without an answer of ours."
    )
    unanswered_because = SealedTextField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"question {self.pk}"

    @property
    def origin(self) -> str:
        """How the answer's message and the tasks about it name this question."""
        return f"referrals.question:{self.pk}"
