"""The verbs of data requests. One transaction each, every change an entry in the ledger.

hand_in, add_extract, attach_scan and return_deficient write to the store first: not inside a transaction.
"""

from coordination.datarequests.models import (
    DataRequest,
    Deficiency,
    EmergencyGrounds,
    NamedAccount,
    Production,
    ProductionItem,
)
from coordination.datarequests.noticemodels import Silence, UserNotice
from coordination.datarequests.services.collecting import add_item, collect, hand_in, remove_item
from coordination.datarequests.services.deciding import accept, narrow, reject, return_deficient
from coordination.datarequests.services.ending import (
    close,
    closures_of,
    extend,
    object_,
    quash,
    resume,
    withdraw,
)
from coordination.datarequests.services.extracting import Extract, add_extract
from coordination.datarequests.services.facial import Look, check_validity, look
from coordination.datarequests.services.filing import amend, attach_scan, file
from coordination.datarequests.services.letters import hand_out as hand_out_letter
from coordination.datarequests.services.naming import (
    choose_account,
    clear_account,
    offer_candidates,
    protect_account,
)
from coordination.datarequests.services.notice import give_notice, keep_silent
from coordination.datarequests.services.notices import (
    approve_notice,
    drop_notice,
    owe_notice,
    prepare_notice,
    tell_user,
    withhold_notice,
)
from coordination.datarequests.services.preserving import (
    ask_to_keep,
    expire_preservations,
    extend_on_form,
    may_preserve,
    preserve_accounts,
    preserve_report,
    renew_preservation,
)
from coordination.datarequests.services.reindexing import reindex_named_accounts, reindex_preservations
from coordination.datarequests.services.requesters import RequesterStanding, standing
from coordination.datarequests.services.requesting import submit, supply_process
from coordination.datarequests.services.signing import (
    acknowledge,
    deliver,
    follow_suspension,
    produce,
    quality_check,
    send_back,
    sign_off,
)
from coordination.datarequests.services.silence import (
    confirm_end,
    follow_silences,
    propose_end,
    record_order,
    renew_order,
    silence_is_ordered,
)
from coordination.datarequests.services.verifying import docket, verify_requester

__all__ = [
    "DataRequest",
    "Deficiency",
    "EmergencyGrounds",
    "Extract",
    "Look",
    "NamedAccount",
    "Production",
    "ProductionItem",
    "RequesterStanding",
    "Silence",
    "UserNotice",
    "accept",
    "acknowledge",
    "add_extract",
    "add_item",
    "amend",
    "approve_notice",
    "ask_to_keep",
    "attach_scan",
    "check_validity",
    "choose_account",
    "clear_account",
    "close",
    "closures_of",
    "collect",
    "confirm_end",
    "deliver",
    "docket",
    "drop_notice",
    "expire_preservations",
    "extend",
    "extend_on_form",
    "file",
    "follow_silences",
    "follow_suspension",
    "give_notice",
    "hand_in",
    "hand_out_letter",
    "keep_silent",
    "look",
    "may_preserve",
    "narrow",
    "object_",
    "offer_candidates",
    "owe_notice",
    "prepare_notice",
    "preserve_accounts",
    "preserve_report",
    "produce",
    "propose_end",
    "protect_account",
    "quality_check",
    "quash",
    "record_order",
    "reindex_named_accounts",
    "reindex_preservations",
    "reject",
    "remove_item",
    "renew_order",
    "renew_preservation",
    "resume",
    "return_deficient",
    "send_back",
    "sign_off",
    "silence_is_ordered",
    "standing",
    "submit",
    "supply_process",
    "tell_user",
    "verify_requester",
    "withdraw",
    "withhold_notice",
]
