"""Exhibits and their custody, which are only ever inserted; beside them what may change: the key, the dates.

A case is named by its reference: evidence stands below cases (docs/decisions/0020-exhibits-and-cases.md).
"""

from django.conf import settings
from django.db import models

from coordination.core.fields import SealedBytesField, SealedTextField
from coordination.core.models import states_constraint
from coordination.evidence.workflow import CustodyAct, ExhibitKind, PackageState, Scan


class Exhibit(models.Model):
    """One piece of evidence of one case. The application may INSERT and SELECT; nobody updates or deletes.

    `sha256` and `size` are of the content as it came in. `blob` names the object in the store. `words` (the
    file's name, what it is, where it is from) are sealed under the object's own key and go when that goes.
    """

    reference = models.CharField(max_length=20, unique=True)
    case_reference = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, choices=[(each.value, each.value) for each in ExhibitKind])
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    blob = models.UUIDField(unique=True)
    words = models.BinaryField()
    made_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="copies")
    taken_in_at = models.DateTimeField()
    taken_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        permissions = [
            ("view_exhibit", "See which exhibits a case has, and their custody"),
            ("read_exhibit", "Open the content of an exhibit, with a reason that is recorded"),
            ("take_in_exhibit", "Take in exhibits and make copies of them"),
            ("release_exhibit", "Release exhibits in a package"),
            ("hold_exhibit", "Place and lift legal holds, and see them"),
            ("keep_store", "Keep the store, the folder of packages and the time stamps at work"),
        ]
        constraints = [
            states_constraint("exhibit", ExhibitKind, field="kind"),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="exhibit_size_known"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["redacted", "stripped"]) ^ models.Q(made_from=None),
                name="exhibit_copy_names_original",
            ),
        ]
        indexes = [models.Index(fields=["case_reference", "-id"], name="exhibit_of_case")]

    def __str__(self) -> str:
        return self.reference


class Keeping(models.Model):
    """What may change about an exhibit: its wrapped key, until when it is kept, what the scanner said.

    The row goes when the exhibit expires, and with it the key: what is left in any store or backup of the
    object is noise. Where it is gone, the same content can be taken in again, as another exhibit.
    """

    exhibit = models.OneToOneField(Exhibit, models.PROTECT, related_name="keeping")
    case_reference = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    key = SealedBytesField()
    keep_until = models.DateTimeField()
    scan = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Scan])
    scanned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            states_constraint("keeping", Scan, field="scan"),
            models.UniqueConstraint(fields=["case_reference", "sha256"], name="exhibit_once_per_case"),
        ]
        indexes = [models.Index(fields=["keep_until"], name="keeping_due")]

    def __str__(self) -> str:
        return f"key of {self.exhibit_id}"


class CustodyEvent(models.Model):
    """Who did what with an exhibit, when and why. The application may INSERT and SELECT.

    `salt` is the key of what the entry has of `why` and `recipient` (coordination.evidence.salted).
    """

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="custody")
    act = models.CharField(max_length=20, choices=[(each.value, each.value) for each in CustodyAct])
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    why = SealedTextField()
    recipient = SealedTextField(default="", blank=True)
    salt = SealedBytesField(null=True)
    entry = models.ForeignKey("ledger.Leaf", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [states_constraint("custodyevent", CustodyAct, field="act")]

    def __str__(self) -> str:
        return f"{self.act} {self.exhibit_id}"


class Hold(models.Model):
    """A legal hold on all exhibits of a case, or on one: while it stands nothing of it expires.

    `salt` is the key under which the ledger has digests of its reasons (coordination.evidence.salted).
    """

    case_reference = models.CharField(max_length=20, db_index=True)
    exhibit = models.ForeignKey(Exhibit, models.PROTECT, null=True, blank=True, related_name="holds")
    reason = SealedTextField()
    salt = SealedBytesField(null=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_reason = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["placed_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"hold of {self.placed_at:%Y-%m-%d}"


class Package(models.Model):
    """A package that somebody asked for on the desk: made by a worker, kept sealed, gone after some hours.

    `items` are references of exhibits. `blob` names its sealed zip in the store and `key` opens it; both go
    when the package does. `done` of `total` say how far `step` has come; `told_at`, when that was said last.
    """

    reference = models.CharField(max_length=20, unique=True)
    case_reference = models.CharField(max_length=20)
    items = models.JSONField()
    recipient = SealedTextField()
    why = SealedTextField()
    name_people = models.BooleanField(default=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=[(each.value, each.value) for each in PackageState])
    step = models.CharField(max_length=40, default="", blank=True)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    told_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, default="", blank=True)
    digest = models.CharField(max_length=80, default="", blank=True)
    size = models.BigIntegerField(default=0)
    blob = models.UUIDField(null=True, blank=True, unique=True)
    key = SealedBytesField(null=True)
    keep_until = models.DateTimeField(null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            states_constraint("package", PackageState),
            models.CheckConstraint(
                condition=models.Q(state="ready") ^ models.Q(blob=None), name="package_ready_has_object"
            ),
        ]
        indexes = [models.Index(fields=["case_reference", "-id"], name="package_of_case")]

    def __str__(self) -> str:
        return self.reference
