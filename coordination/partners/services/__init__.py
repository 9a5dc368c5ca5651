"""The verbs of partners. One transaction each, every change an entry in the ledger."""

from coordination.partners.models import Agency, Destination, Officer
from coordination.partners.selectors import destination_fingerprint
from coordination.partners.services.agencies import (
    VERIFICATION_LASTS,
    register_agency,
    register_officer,
    suspend_agency,
    suspend_officer,
    verify_agency,
    verify_officer,
)
from coordination.partners.services.destinations import add_destination, change_destination, clean_config

__all__ = [
    "VERIFICATION_LASTS",
    "Agency",
    "Destination",
    "Officer",
    "add_destination",
    "change_destination",
    "clean_config",
    "destination_fingerprint",
    "register_agency",
    "register_officer",
    "suspend_agency",
    "suspend_officer",
    "verify_agency",
    "verify_officer",
]
