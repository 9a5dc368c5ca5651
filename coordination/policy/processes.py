"""What process may compel and must say, in force at a moment."""

from datetime import datetime

from django.db.models import QuerySet

from coordination.core.errors import Refused
from coordination.policy.processmodels import ProcessGate, ValidityRule
from coordination.policy.selectors import packs_in_force


def gates(at: datetime | None = None) -> QuerySet[ProcessGate]:
    """Return the gates in force: what may leave under which process."""
    return ProcessGate.objects.filter(pack__in=packs_in_force(at)).select_related("pack")


def gate_for(process: str, at: datetime | None = None) -> ProcessGate:
    """Return the gate of one process; raise Refused where no pack has one, and nothing may leave under it."""
    found = gates(at).filter(process=process).first()
    if found is None:
        raise Refused(
            f"No pack in force says what may leave under {process.replace('_', ' ')}: ask counsel.",
            rule="policy.no-gate",
        )
    return found


def validity_rules(process: str, at: datetime | None = None) -> QuerySet[ValidityRule]:
    """Return what a data request under this process must say on its face, in the order of its pack."""
    rows = ValidityRule.objects.filter(pack__in=packs_in_force(at), processes__contains=[process])
    return rows.select_related("pack").order_by("pk")
