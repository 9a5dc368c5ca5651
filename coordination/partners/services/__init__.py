"""The verbs of partners. One transaction each, every change an entry in the ledger."""

from coordination.partners.models import Agency, AgencyKey, Destination, Officer
from coordination.partners.selectors import destination_fingerprint
from coordination.partners.services.agencies import (
    VERIFICATION_LASTS,
    register_agency,
    register_officer,
    suspend_agency,
    suspend_officer,
    verify_agency,
    verify_officer,
    write_contacts,
)
from coordination.partners.services.destinations import (
    REFERENCE_ONLY,
    add_destination,
    ask_about_waiting,
    change_destination,
    clean_config,
    confirm_destination,
    is_secret,
)
from coordination.partners.services.directory import Imported, import_agencies
from coordination.partners.services.keys import confirm_key, register_key, revoke_key
from coordination.partners.services.signing import (
    allow_unsigned,
    drop_unsigned,
    expire_unsigned,
    propose_unsigned,
    require_signatures,
)

__all__ = [
    "REFERENCE_ONLY",
    "VERIFICATION_LASTS",
    "Agency",
    "AgencyKey",
    "Destination",
    "Imported",
    "Officer",
    "add_destination",
    "allow_unsigned",
    "ask_about_waiting",
    "change_destination",
    "clean_config",
    "confirm_destination",
    "confirm_key",
    "destination_fingerprint",
    "drop_unsigned",
    "expire_unsigned",
    "import_agencies",
    "is_secret",
    "propose_unsigned",
    "register_agency",
    "register_key",
    "register_officer",
    "require_signatures",
    "revoke_key",
    "suspend_agency",
    "suspend_officer",
    "verify_agency",
    "verify_officer",
    "write_contacts",
]
