"""What keeps a user from being told, and how that ends: two people find that it did, and never a clock."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.datarequests.workflow import NoticeBar, NoticeKind, NoticeState, SilenceEnd


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


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(each.value, each.value.replace("_", " ")) for each in words]


class UserNotice(models.Model):
    """What the user is told about a data request: one letter of two people; or that they are not."""

    request = models.ForeignKey("datarequests.DataRequest", models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=_choices(NoticeKind))
    state = models.CharField(max_length=20, choices=_choices(NoticeState), default=NoticeState.PREPARED)
    letter = models.ForeignKey("evidence.Exhibit", models.PROTECT, null=True, blank=True, related_name="+")
    prepared_by = _person(null=False)
    prepared_at = models.DateTimeField()
    bar = models.CharField(max_length=20, choices=_choices(NoticeBar), default="", blank=True)
    because = SealedTextField(default="", blank=True, help_text="Why it is withheld, or was dropped.")
    approved_by = _person()
    approved_at = models.DateTimeField(null=True, blank=True)
    told_by = _person()
    told_at = models.DateTimeField(null=True, blank=True)
    how = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            states_constraint("usernotice", NoticeState),
            models.UniqueConstraint(
                fields=["request"], condition=~Q(state="dropped"), name="usernotice_one_stands"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "told"])
                | (Q(approved_by__isnull=False, letter__isnull=False) & ~Q(approved_by=F("prepared_by"))),
                name="usernotice_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="withheld") | ~Q(bar=""), name="usernotice_withheld_typed"
            ),
            models.CheckConstraint(
                condition=~Q(state="told") | Q(told_at__isnull=False, told_by__isnull=False),
                name="usernotice_told_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} notice of {self.request_id}"
