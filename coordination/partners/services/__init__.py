"""The verbs of partners. One transaction each, every change an entry in the ledger."""

from coordination.partners.models import Agency, AgencyKey, CallBack, ContactChange, Destination, Officer
from coordination.partners.selectors import VERIFICATION_LASTS, destination_fingerprint
from coordination.partners.services.agencies import (
    register_agency,
    suspend_agency,
    verify_agency,
    write_contacts,
)
from coordination.partners.services.calls import ask_call_back, record_call, record_officer_call
from coordination.partners.services.contacts import (
    apply_contact_change,
    propose_contact_change,
    record_contact_call,
    send_notices,
    withdraw_contact_change,
)
from coordination.partners.services.destinations import (
    REFERENCE_ONLY,
    add_destination,
    ask_about_waiting,
    change_destination,
    clean_config,
    confirm_destination,
    is_secret,
    needs_proposal,
)
from coordination.partners.services.directory import Imported, import_agencies
from coordination.partners.services.keys import confirm_key, register_key, revoke_key
from coordination.partners.services.officers import (
    limit_trust,
    record_departure,
    record_lapses,
    register_officer,
    remind,
    restore_trust,
    suspend_officer,
    verify_officer,
)
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
    "CallBack",
    "ContactChange",
    "Destination",
    "Imported",
    "Officer",
    "add_destination",
    "allow_unsigned",
    "apply_contact_change",
    "ask_about_waiting",
    "ask_call_back",
    "change_destination",
    "clean_config",
    "confirm_destination",
    "confirm_key",
    "destination_fingerprint",
    "drop_unsigned",
    "expire_unsigned",
    "import_agencies",
    "is_secret",
    "limit_trust",
    "needs_proposal",
    "propose_contact_change",
    "propose_unsigned",
    "record_call",
    "record_contact_call",
    "record_departure",
    "record_lapses",
    "record_officer_call",
    "register_agency",
    "register_key",
    "register_officer",
    "remind",
    "require_signatures",
    "restore_trust",
    "revoke_key",
    "send_notices",
    "suspend_agency",
    "suspend_officer",
    "verify_agency",
    "verify_officer",
    "withdraw_contact_change",
    "write_contacts",
]
