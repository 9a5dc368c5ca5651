"""What is kept because an authority asked: for a term, extended once, and then deleted."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.datarequests.workflow import KeepBasis, KeepState


def _person(*, null: bool = True) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, blank=null, related_name="+"
    )


class RequestedPreservation(models.Model):
    """One account that is kept for an authority until a date. `kept` is what the platform is told by.

    It is never a disclosure, and nobody outside reads it. `renewal` is the separate request that extended it.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    request = models.ForeignKey(
        "datarequests.DataRequest", models.PROTECT, null=True, blank=True, related_name="preservations"
    )
    basis = models.CharField(max_length=20, choices=[(each.value, each.value) for each in KeepBasis])
    state = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in KeepState], default=KeepState.RUNNING
    )
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    kept = models.ForeignKey("restrictions.Preservation", models.PROTECT, related_name="+")
    citation = models.CharField(max_length=300)
    ordered_by = _person(null=False)
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    renewal = models.ForeignKey(
        "datarequests.DataRequest", models.PROTECT, null=True, blank=True, related_name="+"
    )
    extended_by = _person()
    extended_at = models.DateTimeField(null=True, blank=True)
    extended_because = SealedTextField(default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            states_constraint("requestedpreservation", KeepState),
            states_constraint("requestedpreservation", KeepBasis, field="basis"),
            models.UniqueConstraint(fields=["request", "account_index"], name="requestedpreservation_once"),
            models.UniqueConstraint(
                fields=["renewal", "account_index"], name="requestedpreservation_renewal_once"
            ),
            models.CheckConstraint(
                condition=Q(renewal=None) | ~Q(renewal=F("request")),
                name="requestedpreservation_renewed_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(basis="us_request") | Q(extended_at=None) | Q(renewal__isnull=False),
                name="requestedpreservation_extended_on_request",
            ),
            models.CheckConstraint(
                condition=Q(basis="report") | Q(request__isnull=False), name="requestedpreservation_asked_for"
            ),
        ]
        indexes = [
            models.Index(fields=["until"], condition=~Q(state="ended"), name="requestedpreservation_until")
        ]

    def __str__(self) -> str:
        return f"kept until {self.until:%Y-%m-%d}"

    @property
    def origin(self) -> str:
        """How what the platform is told names this record."""
        return f"datarequests.requestedpreservation:{self.pk}"
