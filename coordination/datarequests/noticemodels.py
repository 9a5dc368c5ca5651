"""What keeps a user from being told, and how that ends: two people find that it did, and never a clock."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.core.fields import SealedTextField
from coordination.datarequests.workflow import SilenceEnd


def _person(*, null: bool = True) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, blank=null, related_name="+"
    )


class Silence(models.Model):
    """A non-disclosure order of a data request, which names its last day. It stands until `ended_at`.

    `compartment` is the one that it put the case under; empty where the case was under one already.
    """

    request = models.OneToOneField("datarequests.DataRequest", models.PROTECT, related_name="silence")
    compartment = models.ForeignKey(
        "cases.CaseCompartment", models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_by = _person(null=False)
    recorded_at = models.DateTimeField()
    reminded_of = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    check_at = models.DateTimeField(null=True, blank=True, help_text="When it is looked at next.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When a person was asked about its end.")
    end = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in SilenceEnd], default="", blank=True
    )
    end_because = SealedTextField(default="", blank=True)
    proposed_by = _person()
    proposed_at = models.DateTimeField(null=True, blank=True)
    ended_by = _person()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(end="") | Q(end__in=[each.value for each in SilenceEnd]),
                name="silence_end_known",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | (
                    Q(ended_at__isnull=False, ended_by__isnull=False, proposed_by__isnull=False)
                    & ~Q(ended_by=F("proposed_by"))
                    & ~Q(end="")
                ),
                name="silence_ended_by_two",
            ),
        ]
        indexes = [models.Index(fields=["check_at"], condition=Q(ended_at=None), name="silence_to_check")]

    def __str__(self) -> str:
        return f"silence of {self.request_id}"
