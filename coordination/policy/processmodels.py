"""What process may compel, and what a data request must say on its face: rows of a pack like any other."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from coordination.policy.models import Pack, Row
from coordination.policy.workflow import Process, Validity


class ProcessGate(Row):
    """What may leave under one kind of process: of the named accounts, in its date range, nothing else.

    No category means that nothing leaves. What `undated` names needs no time: a name has none. Under one
    that is `related_only` each item says how it relates to the emergency.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="process_gates")
    process = models.CharField(max_length=40, choices=[(each.value, each.value) for each in Process])
    title = models.CharField(max_length=200)
    categories = ArrayField(models.CharField(max_length=40), default=list)
    undated = ArrayField(models.CharField(max_length=40), default=list)
    related_only = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["pack__name", "code"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "process"], name="policy_process_gate_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_process_gate_cites"),
        ]


class ValidityRule(Row):
    """One thing that a data request must say on its face, for which processes, and what to ask for if not.

    Under one that is for `counsel_only` nothing is asked of the requester: counsel looks at it.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="validity_rules")
    looks_at = models.CharField(max_length=40, choices=[(each.value, each.value) for each in Validity])
    processes = ArrayField(models.CharField(max_length=40))
    title = models.CharField(max_length=200)
    supply = models.TextField(help_text="What the requester is asked to supply.")
    counsel_only = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["pack__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code"], name="policy_validity_rule_once"),
            models.CheckConstraint(condition=~Q(citation=""), name="policy_validity_rule_cites"),
        ]
