"""Answers that were given, kept so that a repeated request gets the same one."""

from django.conf import settings
from django.db import models

from coordination.core.fields import SealedTextField


class IdempotencyRecord(models.Model):
    """The answer to one Idempotency-Key of one caller. Written in the transaction of the effect."""

    principal = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    location = models.CharField(max_length=500, blank=True)
    body = SealedTextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="rest_one_answer_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.principal_id} {self.key}"


class Allowance(models.Model):
    """How far one limit is used up (coordination.rest.limits)."""

    key = models.CharField(primary_key=True, max_length=200)
    until = models.DateTimeField(db_index=True)
    period = models.DurationField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class SeenNonce(models.Model):
    """The nonce of a signed request that came: the same request again is refused."""

    key_id = models.CharField(max_length=80)
    nonce_digest = models.BinaryField(max_length=32)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["key_id", "nonce_digest"], name="rest_nonce_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} {self.seen_at}"


class Refusal(models.Model):
    """What somebody was refused lately: recorded when it began, then counted (`more`) for an hour.

    `who` is user:<number> or address:<part of a keyed index>, as the ledger names them.
    """

    who = models.CharField(max_length=40)
    kind = models.CharField(max_length=60)
    since = models.DateTimeField(db_index=True)
    more = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["who", "kind"], name="rest_refusal_once")]

    def __str__(self) -> str:
        return f"{self.who} {self.kind}"
