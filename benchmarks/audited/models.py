"""Two tables that differ in who audits them."""

from typing import Any

from auditlog.registry import auditlog  # type: ignore[import-untyped]
from django.db import models


class Row(models.Model):
    """Something that is saved."""

    title = models.CharField(max_length=100)
    state = models.CharField(max_length=20)
    number = models.IntegerField()
    objects: "models.Manager[Any]" = models.Manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class Plain(Row):
    """A row that the ledger is told of, or nobody."""


class Logged(Row):
    """A row that django-auditlog logs."""


auditlog.register(Logged)
