"""Exhibits and their custody, which are only ever inserted; beside them what may change: the key, the dates.

A case is named by its reference: evidence stands below cases (docs/decisions/0020-exhibits-and-cases.md).
"""

from django.conf import settings
from django.db import models

from coordination.core.fields import SealedBytesField, SealedTextField
from coordination.core.models import states_constraint
from coordination.evidence.workflow import CustodyAct, ExhibitKind, Scan


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
    """Who did what with an exhibit, when and why. The application may INSERT and SELECT."""

    exhibit = models.ForeignKey(Exhibit, models.PROTECT, related_name="custody")
    act = models.CharField(max_length=20, choices=[(each.value, each.value) for each in CustodyAct])
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    why = SealedTextField()
    recipient = SealedTextField(default="", blank=True)
    entry = models.ForeignKey("ledger.Leaf", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [states_constraint("custodyevent", CustodyAct, field="act")]

    def __str__(self) -> str:
        return f"{self.act} {self.exhibit_id}"


class Hold(models.Model):
    """A legal hold on all exhibits of a case, or on one: while it stands nothing of it expires."""

    case_reference = models.CharField(max_length=20, db_index=True)
    exhibit = models.ForeignKey(Exhibit, models.PROTECT, null=True, blank=True, related_name="holds")
    reason = SealedTextField()
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
