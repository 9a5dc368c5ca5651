"""What partners send back, once each."""

from django.conf import settings
from django.db import models

from coordination.core.fields import SealedJSONField
from coordination.core.identifiers import uuid7


class InboundMessage(models.Model):
    """One thing that a partner said. The same id from one agency is the same message and has one effect."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey("partners.Agency", models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=30, help_text="acknowledgement, question, outcome or receipt.")
    message = models.ForeignKey("outbox.Message", models.PROTECT, related_name="+")
    payload = SealedJSONField(default=dict)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    proof = SealedJSONField(
        null=True, blank=True, help_text="The partner's own signature over the request, with what it covers."
    )
    way = models.CharField(max_length=20, help_text="api, webhook or poll.")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at"]
        default_permissions = ()
        permissions = [("view_inboundmessage", "See what partners sent")]
        constraints = [models.UniqueConstraint(fields=["agency", "external_id"], name="inbound_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"
