"""The leaves and those that wait; the tree over them, its checkpoints, and their time stamps.

On all of them the application role has INSERT and SELECT alone (coordination/core/grants.py). Only waiting
rows are ever deleted, by the owner's function ledger_place, which gives their leaves a place.
"""

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
    """A leaf that no checkpoint covers yet. ledger_place alone deletes the row, and gives a place."""

    leaf = models.OneToOneField(Leaf, models.PROTECT, primary_key=True, related_name="pending")

    class Meta:
        db_table = "ledger_pending"
        default_permissions = ()
        verbose_name_plural = "pending"

    def __str__(self) -> str:
        return str(self.leaf_id)


class Sequence(models.Model):
    """A leaf's place in the tree, from 0. Its order is that of the sequencer's batches."""

    index = models.BigIntegerField(primary_key=True)
    leaf = models.OneToOneField(Leaf, models.PROTECT, related_name="place")

    class Meta:
        db_table = "ledger_sequence"
        default_permissions = ()
        verbose_name_plural = "sequence"

    def __str__(self) -> str:
        return str(self.index)


class Tile(models.Model):
    """256 neighbouring hashes of one level of the tree (coordination.ledger.frontier), with their root."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField(max_length=32)

    class Meta:
        db_table = "ledger_tile"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="ledger_tile_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.number}"


class Checkpoint(models.Model):
    """The tree as it was signed when it had `size` leaves. `note` is the truth (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_checkpoint"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.size} entries"


class Anchor(models.Model):
    """A time stamp (RFC 3161) of a checkpoint's note, that was checked before it was kept.

    `response` is the whole answer of the authority; `digest` its SHA-256, since not all of it is signed.
    """

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="anchors")
    response = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    nonce = models.BinaryField(max_length=32)
    stamped_at = models.DateTimeField()
    authority = models.CharField(max_length=500)

    class Meta:
        db_table = "ledger_anchor"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.checkpoint} at {self.stamped_at:%Y-%m-%d %H:%M:%S}"


class AnchorFailure(models.Model):
    """An answer of the authority that was not accepted, or none: why a checkpoint stays without a stamp."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="failures")
    failed_at = models.DateTimeField()
    why = models.CharField(max_length=200)

    class Meta:
        db_table = "ledger_anchorfailure"
        default_permissions = ()

    def __str__(self) -> str:
        return self.why
