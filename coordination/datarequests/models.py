"""A data request: who asks under which process, for what of whom, and what goes out for it.

What may not leave is refused by the database too: the triggers stand in migrations/0002_gate.py.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.core.fields import SealedJSONField, SealedTextField
from coordination.core.models import states_constraint
from coordination.datarequests.workflow import (
    Closure,
    EmergencyKind,
    IdentifierKind,
    Protected,
    Rejection,
    RequestState,
    Way,
)
from coordination.policy.workflow import Process, ProcessData


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(each.value, each.value.replace("_", " ")) for each in words]


def _person(*, null: bool = True) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=null, blank=null, related_name="+"
    )


class DataRequest(models.Model):
    """One data request under one process. Who accepts an emergency request did not call back."""

    reference = models.CharField(max_length=20, unique=True, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="+")
    state = models.CharField(max_length=30, choices=_choices(RequestState), default=RequestState.RECEIVED)
    priority = models.CharField(
        max_length=10, choices=[("P0", "P0: danger to life"), ("normal", "normal")], default="normal"
    )
    process = models.CharField(max_length=40, choices=_choices(Process))
    emergency_kind = models.CharField(max_length=30, choices=_choices(EmergencyKind), default="", blank=True)
    agency = models.ForeignKey("partners.Agency", models.PROTECT, related_name="+")
    officer = models.ForeignKey("partners.Officer", models.PROTECT, null=True, blank=True, related_name="+")
    requester = SealedTextField(help_text="Who asks, as the request says: name, rank, badge, contact.")
    way = models.CharField(max_length=20, choices=_choices(Way))
    filed_by = _person(null=False)
    filed_at = models.DateTimeField()

    authority = models.CharField(max_length=200, default="", blank=True, help_text="Statute or rule cited.")
    court = SealedTextField(default="", blank=True, help_text="Court or authority, and its number there.")
    signed_by = SealedTextField(default="", blank=True)
    signed_on = models.DateField(null=True, blank=True)
    addressed_to = models.CharField(max_length=200, default="", blank=True)
    addressed_right = models.BooleanField(
        null=True, blank=True, help_text="Whether a person found that to be our legal entity."
    )
    offence = SealedTextField(default="", blank=True)
    nexus = SealedTextField(default="", blank=True)
    return_on = models.DateField(null=True, blank=True, help_text="The process's own return date.")
    expires_on = models.DateField(null=True, blank=True, help_text="The last day on which it is in force.")
    zone = models.CharField(max_length=60, help_text="The time zone that its dates are meant in.")
    due_at = models.DateTimeField(null=True, blank=True)
    extended_because = SealedTextField(default="", blank=True)
    categories = ArrayField(models.CharField(max_length=40, choices=_choices(ProcessData)), default=list)
    range_from = models.DateField(null=True, blank=True)
    range_until = models.DateField(null=True, blank=True, help_text="The last day, included.")
    non_disclosure = models.BooleanField(default=False, help_text="Ordered not to tell the user.")
    non_disclosure_until = models.DateField(null=True, blank=True)
    is_sealed = models.BooleanField(default=False, help_text="The court's file is under seal.")
    scan = models.ForeignKey("evidence.Exhibit", models.PROTECT, null=True, blank=True, related_name="+")
    scan_sha256 = models.CharField(max_length=64, default="", blank=True)

    verified_by = _person()
    verified_at = models.DateTimeField(null=True, blank=True)
    how_verified = SealedTextField(default="", blank=True)
    docketed_by = _person()
    docketed_at = models.DateTimeField(null=True, blank=True)
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = SealedTextField(default="", blank=True)
    gate = models.ForeignKey("policy.ProcessGate", models.PROTECT, null=True, blank=True, related_name="+")
    rejection = models.CharField(max_length=40, choices=_choices(Rejection), default="", blank=True)
    silent_because = SealedTextField(default="", blank=True)
    notice_until = models.DateTimeField(null=True, blank=True)
    closure = models.CharField(max_length=40, choices=_choices(Closure), default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "data request"
        ordering = ["-filed_at"]
        default_permissions = ()
        permissions = [
            ("view_datarequest", "See data requests"),
            ("file_datarequest", "Enter a data request that came by post, fax or mail"),
            ("verify_requester", "Verify who asks, by calling back"),
            ("docket_datarequest", "Docket a data request and look at its face"),
            ("decide_datarequest", "Return, narrow, accept or reject a data request"),
            ("clear_account", "Clear an account that is protected for collection"),
            ("collect_datarequest", "Collect and hand in what goes out"),
            ("check_quality", "Check what another person collected"),
            ("sign_off_production", "Sign off a production under the law"),
            ("produce_datarequest", "Hand out what counsel signed"),
            ("close_datarequest", "Extend, end and close a data request"),
            ("keep_silence", "Renew a non-disclosure order, and find that it ended"),
            ("preserve_datarequest", "Have accounts kept for an authority, and extend that"),
            ("approve_notice", "Approve what another person would tell a user"),
        ]
        constraints = [
            states_constraint("datarequest", RequestState),
            models.CheckConstraint(
                condition=Q(process__in=[each.value for each in Process])
                & ~Q(process=Process.NATIONAL_SECURITY.value),
                name="datarequest_process_entered",
            ),
            models.CheckConstraint(
                condition=Q(process=Process.EMERGENCY.value) ^ Q(emergency_kind=""),
                name="datarequest_emergency_kind",
            ),
            models.CheckConstraint(
                condition=Q(non_disclosure=True) | Q(non_disclosure_until=None),
                name="datarequest_end_of_what_was_ordered",
            ),
            models.CheckConstraint(
                condition=Q(range_from=None, range_until=None) | Q(range_from__lte=F("range_until")),
                name="datarequest_range_runs",
            ),
            models.CheckConstraint(
                condition=Q(state="received")
                | Q(state__in=["rejected", "withdrawn", "closed"])
                | Q(verified_by__isnull=False, verified_at__isnull=False),
                name="datarequest_requester_verified",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        *("accepted", "notice_window", "non_disclosure", "collection", "quality_check"),
                        *("counsel_sign_off", "produced", "delivered", "acknowledged"),
                    ]
                )
                | Q(gate__isnull=False, decided_by__isnull=False),
                name="datarequest_accepted_under_a_gate",
            ),
            models.CheckConstraint(
                condition=~Q(process=Process.EMERGENCY.value)
                | Q(gate=None)
                | ~Q(decided_by=F("verified_by")),
                name="datarequest_emergency_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(rejection=""), name="datarequest_rejection_typed"
            ),
            models.CheckConstraint(
                condition=Q(state="closed") ^ Q(closure=""), name="datarequest_closure_typed"
            ),
        ]
        indexes = [
            models.Index(fields=["-filed_at"]),
            # A page of an agency's list is read from where it goes on, whatever came before.
            models.Index(fields=["agency", "-filed_at", "-id"], name="datarequest_of_agency"),
            models.Index(fields=["scan_sha256"], name="datarequest_same_scan"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def origin(self) -> str:
        """How messages, tasks and deadlines name this record."""
        return f"datarequests.datarequest:{self.pk}"


class EmergencyGrounds(models.Model):
    """What an emergency request states, each by itself: what is not stated cannot be accepted."""

    request = models.OneToOneField(DataRequest, models.PROTECT, related_name="grounds")
    officer_name = SealedTextField(default="", blank=True)
    officer_rank = SealedTextField(default="", blank=True)
    officer_badge = SealedTextField(default="", blank=True)
    agency_address = SealedTextField(default="", blank=True)
    agency_domain = SealedTextField(default="", blank=True)
    agency_phone = SealedTextField(default="", blank=True, help_text="As they say. It is never called back.")
    is_sworn = models.BooleanField(default=False)
    person_in_danger = SealedTextField(default="", blank=True)
    nature = SealedTextField(default="", blank=True)
    since_when = SealedTextField(default="", blank=True)
    data_and_why = SealedTextField(default="", blank=True)
    why_not_process = SealedTextField(default="", blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"grounds of {self.request_id}"


class NamedAccount(models.Model):
    """An account as the process names it, and which one that is: of several a person chooses."""

    request = models.ForeignKey(DataRequest, models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=20, choices=_choices(IdentifierKind))
    value = SealedTextField()
    index = models.BinaryField(max_length=32)
    candidates = SealedJSONField(default=list, blank=True)
    account = SealedTextField(null=True, blank=True)
    account_index = models.BinaryField(max_length=32, null=True, blank=True, db_index=True)
    resolved_by = _person()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_because = SealedTextField(default="", blank=True)
    protected = models.CharField(max_length=20, choices=_choices(Protected), default="", blank=True)
    cleared_by = _person()
    cleared_because = SealedTextField(default="", blank=True)
    struck_at = models.DateTimeField(null=True, blank=True, help_text="When the request was narrowed by it.")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            states_constraint("namedaccount", IdentifierKind, field="kind"),
            models.UniqueConstraint(fields=["request", "index"], name="namedaccount_once"),
        ]
        indexes = [models.Index(fields=["index"], name="namedaccount_index")]

    def __str__(self) -> str:
        return f"named account {self.pk}"

    @property
    def is_held(self) -> bool:
        """Whether counsel has yet to clear it."""
        return bool(self.protected) and self.cleared_by_id is None


class Deficiency(models.Model):
    """One thing that a request lacked when it was looked at, and what its requester was asked to supply."""

    request = models.ForeignKey(DataRequest, models.PROTECT, related_name="deficiencies")
    code = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    citation = models.CharField(max_length=300)
    supply = models.TextField()
    asked_at = models.DateTimeField()
    asked_by = _person(null=False)
    letter = models.ForeignKey("evidence.Exhibit", models.PROTECT, null=True, blank=True, related_name="+")
    mended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deficiencies"
        default_permissions = ()

    def __str__(self) -> str:
        return self.code


class Production(models.Model):
    """What was collected, and who checked and signed it: three people, and one SHA-256 for all of them."""

    request = models.ForeignKey(DataRequest, models.PROTECT, related_name="productions")
    begun_by = _person(null=False)
    begun_at = models.DateTimeField()
    collectors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    handed_in_by = _person()
    handed_in_at = models.DateTimeField(null=True, blank=True)
    package = models.ForeignKey("evidence.Exhibit", models.PROTECT, null=True, blank=True, related_name="+")
    digest = models.CharField("SHA-256 of the package", max_length=64, default="", blank=True)
    checked_by = _person()
    checked_at = models.DateTimeField(null=True, blank=True)
    signed_by = _person()
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_digest = models.CharField(max_length=64, default="", blank=True)
    produced_by = _person()
    produced_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_because = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(voided_at=None), name="production_one_stands"
            ),
            models.CheckConstraint(
                condition=Q(checked_by=None)
                | (Q(handed_in_by__isnull=False) & ~Q(checked_by=F("handed_in_by"))),
                name="production_checked_by_another",
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None)
                | (
                    Q(checked_by__isnull=False, signed_digest=F("digest"))
                    & ~Q(signed_by=F("handed_in_by"))
                    & ~Q(digest="")
                ),
                name="production_signed_as_it_is",
            ),
            models.CheckConstraint(
                condition=Q(produced_at=None) | Q(signed_by__isnull=False), name="production_out_when_signed"
            ),
        ]

    def __str__(self) -> str:
        return f"production {self.pk}"


class ProductionItem(models.Model):
    """One exhibit that goes out: of which named account, in which category, of which time."""

    production = models.ForeignKey(Production, models.PROTECT, related_name="items")
    account = models.ForeignKey(NamedAccount, models.PROTECT, related_name="items")
    category = models.CharField(max_length=40, choices=_choices(ProcessData))
    exhibit = models.ForeignKey("evidence.Exhibit", models.PROTECT, related_name="+")
    earliest = models.DateTimeField(null=True, blank=True)
    latest = models.DateTimeField(null=True, blank=True)
    relates = SealedTextField(null=True, blank=True, help_text="How it relates to the emergency.")
    redactions = models.PositiveIntegerField(default=0, help_text="Places that were redacted.")
    nobody_elses_by = _person()
    added_by = _person(null=False)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["production", "exhibit"], name="productionitem_once"),
            models.CheckConstraint(
                condition=Q(earliest=None, latest=None) | Q(earliest__lte=F("latest")),
                name="productionitem_time_runs",
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.pk} of {self.production_id}"

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when to when it is, or None for what has no time."""
        return (self.earliest, self.latest) if self.earliest and self.latest else None


# Django finds models in this module; what is told and what is kept stand in modules of their own.
import coordination.datarequests.noticemodels  # noqa: E402
import coordination.datarequests.preservationmodels  # noqa: E402, F401
