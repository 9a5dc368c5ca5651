"""Frozen messages, deliveries, attempts and receipts: what was approved is what leaves."""

from django.conf import settings
from django.db import models

from coordination.core import clock
from coordination.core.fields import SealedBytesField, SealedJSONField, SealedTextField
from coordination.core.identifiers import uuid7
from coordination.core.models import states_constraint
from coordination.outbox.workflow import DeliveryState, HeldFor, MessageState

LANES = [("P0", "P0: danger to life"), ("normal", "normal")]


class Message(models.Model):
    """Frozen content for one destination. The id is stable: it goes over the wire with every attempt."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=20, help_text="The reference that the recipient sees.")
    origin = models.CharField(
        max_length=80, help_text="The record behind it, such as referrals.referral:7.", db_index=True
    )
    lane = models.CharField(max_length=10, choices=LANES, default="normal")
    destination = models.ForeignKey("partners.Destination", models.PROTECT, related_name="+")
    channel = models.CharField(max_length=60)
    fingerprint = models.CharField(
        max_length=71, help_text="Of the destination when frozen: recipient, channel, configuration."
    )
    content = SealedBytesField()
    media_type = models.CharField(max_length=100)
    filename = models.CharField(max_length=200)
    preview = SealedTextField()
    source = SealedJSONField(help_text="What was rendered: the kit's message, for plugins that may object.")
    digest = models.CharField(max_length=71, help_text="sha256: of the content.")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in MessageState], default=MessageState.PREPARED
    )
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    prepared_at = models.DateTimeField()

    class Meta:
        ordering = ["-prepared_at"]
        default_permissions = ()
        constraints = [states_constraint("message", MessageState)]

    def __str__(self) -> str:
        return str(self.id)


class Approval(models.Model):
    """One person's word that exactly this goes exactly there. Inserted once, never changed.

    A command to the platform itself needs no person: `authority` names the standing order instead, and the
    database takes that for no other kind of message and no other recipient.
    """

    message = models.OneToOneField(Message, models.PROTECT, related_name="approval")
    digest = models.CharField(max_length=71)
    destination = models.ForeignKey("partners.Destination", models.PROTECT, related_name="+")
    channel = models.CharField(max_length=60)
    fingerprint = models.CharField(max_length=71)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    authority = models.CharField(
        max_length=200, default="", blank=True, help_text="The standing order, where no person approved."
    )
    kind = models.CharField(
        max_length=20, default="", blank=True, help_text="Of the message, with an authority."
    )
    to_platform = models.BooleanField(default=False)
    approved_at = models.DateTimeField()
    break_glass = models.BooleanField(default=False)

    class Meta:
        db_table = "outbox_approval"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=False, authority="", to_platform=False)
                | models.Q(
                    ~models.Q(authority=""),
                    approved_by__isnull=True,
                    kind="platform_action",
                    to_platform=True,
                    break_glass=False,
                ),
                name="approval_by_a_person_or_a_standing_order",
            ),
        ]

    def __str__(self) -> str:
        return f"approval of {self.message_id}"


class Delivery(models.Model):
    """The truth about one message on its way. A claim reads this table alone."""

    message = models.OneToOneField(Message, models.PROTECT, related_name="delivery")
    # No index of their own: the partial ones below serve what is open, and each change would write two more.
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+", db_index=False)
    destination = models.ForeignKey("partners.Destination", models.PROTECT, related_name="+", db_index=False)
    lane = models.CharField(max_length=10, choices=LANES)
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in DeliveryState], default=DeliveryState.QUEUED
    )
    attempts_made = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    trying_since = models.DateTimeField(help_text="Giving up counts from here.")
    due_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    stopped = models.BooleanField(
        default=False, help_text="Its message was voided while it was on its way: it is not tried again."
    )
    sequence = models.BigIntegerField(
        default=-1, help_text="Of the newest receipt: a lower one is late news and loses."
    )
    polled_at = models.DateTimeField(null=True, blank=True, help_text="When the partner was last asked.")
    last_error = SealedTextField(default="", blank=True)
    held_for = models.CharField(
        max_length=20,
        choices=[(h.value, h.value) for h in HeldFor],
        default="",
        blank=True,
        help_text="Only who may approve, and did not prepare it, releases what is held for this.",
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        default_permissions = ()
        permissions = [
            ("view_delivery", "See deliveries, attempts and receipts"),
            ("resend_delivery", "Send a held, failed or unknown delivery again"),
            ("resolve_delivery", "Record what became of a delivery whose outcome is unknown"),
        ]
        constraints = [
            states_constraint("delivery", DeliveryState),
            models.CheckConstraint(
                condition=models.Q(state="sending", lease_token__isnull=False, lease_until__isnull=False)
                | (~models.Q(state="sending") & models.Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="delivery_leased_while_sending",
            ),
        ]
        indexes = [
            models.Index(
                fields=["destination", "lane", "due_at", "id"],
                condition=models.Q(state="queued"),
                name="delivery_due",
            ),
            models.Index(
                fields=["destination", "lane", "case", "id"],
                condition=models.Q(state__in=["queued", "sending"]),
                name="delivery_open_by_case",
            ),
            models.Index(fields=["lease_until"], condition=models.Q(state="sending"), name="delivery_leases"),
        ]

    def __str__(self) -> str:
        return f"delivery of {self.message_id}"


class Attempt(models.Model):
    """One try, written when its end is known. Inserted once, never changed."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=30)
    error = SealedTextField(default="", blank=True)
    wire_digest = models.CharField(max_length=71, default="", blank=True)

    class Meta:
        db_table = "outbox_attempt"
        ordering = ["number"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"attempt {self.number}"


class Receipt(models.Model):
    """What a partner said about a delivery, with their proof. Inserted once, never changed."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="receipts")
    level = models.CharField(max_length=20)
    sequence = models.BigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=20, help_text="deliver, inbound, poll or human.")
    reference = SealedTextField(default="", blank=True)
    detail = SealedTextField(default="", blank=True)
    proof = SealedBytesField(default=bytes, blank=True)
    late = models.BooleanField(default=False)

    class Meta:
        db_table = "outbox_receipt"
        ordering = ["recorded_at"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    occurred_at__gte=clock.EARLIEST, occurred_at__lte=models.F("recorded_at") + clock.AHEAD
                ),
                name="receipt_at_a_time_that_can_be",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} ({self.reference})"
