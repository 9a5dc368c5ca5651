"""What undoes a production: narrowed, withdrawn, objected to, suspended. What went out is not called back."""

from coordination.access.services import User
from coordination.core import clock
from coordination.datarequests.models import DataRequest, Production
from coordination.datarequests.services.records import trace


def standing_production(request: DataRequest) -> Production | None:
    """Return the production that is not void, held until the transaction ends, or None."""
    return Production.objects.select_for_update().filter(request=request, voided_at=None).first()


def void(request: DataRequest, *, by: User | None, because: str) -> None:
    """Void the production that stands, and counsel's signature with it; nothing where there is none."""
    production = standing_production(request)
    if production is None:
        return
    production.voided_at, production.voided_because = clock.now(), because
    production.save(update_fields=["voided_at", "voided_because"])
    trace(
        request,
        "production_voided",
        "what was collected and signed is void",
        by=by,
        detail=because,
        details={"production_id": production.pk, "signed": production.signed_by_id is not None},
    )


def reopen(production: Production) -> None:
    """Take digest, check and signature off a production: it is collected anew, as another package."""
    production.handed_in_by = production.checked_by = production.signed_by = None
    production.handed_in_at = production.checked_at = production.signed_at = None
    production.package, production.digest, production.signed_digest = None, "", ""
    production.save(
        update_fields=[
            *("handed_in_by", "checked_by", "signed_by", "handed_in_at", "checked_at", "signed_at"),
            *("package", "digest", "signed_digest"),
        ]
    )
