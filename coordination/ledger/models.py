"""Two tables: the leaves, which are only ever inserted, and the leaves that wait to join the tree."""

import json
from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func, Q

# `by` as it stands in the canonical bytes {"action":"…","at":"…","by":…,"details":…}: the action has a
# column, the time 23 characters, and what is between is fixed. Nothing that anybody writes stands before it.
WHO = Func(
    "entry",
    "action",
    template="split_part(encode(substring(entry from octet_length(action) + 50 for 24), 'escape'), ',', 1)",
    output_field=models.TextField(),
)


class Leaf(models.Model):
    """One thing that happened. The application role may INSERT and SELECT; nobody updates or deletes.

    `entry` is the truth: canonical JSON (RFC 8785), hashed as an RFC 9162 section 2.1.1 leaf. `action` and
    `subject` repeat two of its fields so that they can be searched.
    """

    entry = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    recorded_at = models.DateTimeField()
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)

    class Meta:
        db_table = "ledger_leaf"
        default_permissions = ("view",)
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger entries"
        indexes = [
            models.Index(fields=["subject", "id"], name="ledger_leaf_subject"),
            models.Index(fields=["action", "id"], name="ledger_leaf_action"),
            models.Index(WHO, "id", name="ledger_leaf_who"),
            BrinIndex(fields=["recorded_at"], name="ledger_leaf_recorded"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    leaf_hash=Func("entry", template=r"sha256('\x00'::bytea || %(expressions)s)"),
                ),
                name="ledger_leaf_hash_is_of_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @property
    def data(self) -> dict[str, Any]:
        """The entry, read back from its bytes."""
        parsed: dict[str, Any] = json.loads(bytes(self.entry))
        return parsed


class Pending(models.Model):
    """A leaf that no checkpoint covers yet. The sequencer deletes the row when the tree holds the leaf."""

    leaf = models.OneToOneField(Leaf, models.PROTECT, primary_key=True, related_name="pending")

    class Meta:
        db_table = "ledger_pending"
        default_permissions = ()
        verbose_name_plural = "pending"

    def __str__(self) -> str:
        return str(self.leaf_id)
