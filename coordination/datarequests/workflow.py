"""The states of a data request, and the path of each kind of process."""

from enum import StrEnum

from coordination.core.transitions import Transitions
from coordination.policy.workflow import Process


class RequestState(StrEnum):
    """Where a data request stands."""

    RECEIVED = "received"
    REQUESTER_VERIFIED = "requester_verified"
    DOCKETED = "docketed"
    FACIAL_VALIDITY = "facial_validity"
    RETURNED = "returned"
    REJECTED = "rejected"
    NARROWED = "narrowed"
    ACCEPTED = "accepted"
    NOTICE_WINDOW = "notice_window"
    NON_DISCLOSURE = "non_disclosure"
    COLLECTION = "collection"
    QUALITY_CHECK = "quality_check"
    COUNSEL_SIGN_OFF = "counsel_sign_off"
    PRODUCED = "produced"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    QUASHED = "quashed"
    CLOSED = "closed"


class RequestVerb(StrEnum):
    """What is done to a data request. To extend changes its return date and not its state."""

    VERIFY_REQUESTER = "verify_requester"
    DOCKET = "docket"
    CHECK_VALIDITY = "check_validity"
    RETURN = "return"
    AMEND = "amend"
    REJECT = "reject"
    NARROW = "narrow"
    ACCEPT = "accept"
    GIVE_NOTICE = "give_notice"
    KEEP_SILENT = "keep_silent"
    COLLECT = "collect"
    ADD_ITEM = "add_item"
    HAND_IN = "hand_in"
    SEND_BACK = "send_back"
    PASS_QUALITY = "pass_quality"  # noqa: S105  # nosec B105 - a verb
    SIGN_OFF = "sign_off"
    PRODUCE = "produce"
    DELIVER = "deliver"
    ACKNOWLEDGE = "acknowledge"
    EXTEND = "extend"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    RESUME = "resume"
    QUASH = "quash"
    CLOSE = "close"


_S, _V = RequestState, RequestVerb
BEFORE_ACCEPTED = (
    _S.RECEIVED,
    _S.REQUESTER_VERIFIED,
    _S.DOCKETED,
    _S.FACIAL_VALIDITY,
    _S.RETURNED,
    _S.NARROWED,
)
IN_PRODUCTION = (_S.COLLECTION, _S.QUALITY_CHECK, _S.COUNSEL_SIGN_OFF)
# Good, and nothing of it has left.
GOOD = (_S.ACCEPTED, _S.NOTICE_WINDOW, _S.NON_DISCLOSURE, *IN_PRODUCTION)
ENDED = (_S.REJECTED, _S.WITHDRAWN, _S.QUASHED)

REQUEST = Transitions(
    RequestState,
    RequestVerb,
    {
        (_S.RECEIVED, _V.VERIFY_REQUESTER): _S.REQUESTER_VERIFIED,
        (_S.REQUESTER_VERIFIED, _V.DOCKET): _S.DOCKETED,
        (_S.DOCKETED, _V.CHECK_VALIDITY): _S.FACIAL_VALIDITY,
        (_S.FACIAL_VALIDITY, _V.CHECK_VALIDITY): _S.FACIAL_VALIDITY,
        (_S.FACIAL_VALIDITY, _V.RETURN): _S.RETURNED,
        (_S.RETURNED, _V.AMEND): _S.DOCKETED,
        # Narrowed is asked for less: what is left is looked at again, on its face.
        (_S.NARROWED, _V.CHECK_VALIDITY): _S.FACIAL_VALIDITY,
        (_S.FACIAL_VALIDITY, _V.ACCEPT): _S.ACCEPTED,
        **{
            (state, _V.NARROW): _S.NARROWED for state in (_S.FACIAL_VALIDITY, _S.NARROWED, *GOOD, _S.OBJECTED)
        },
        **{(state, _V.REJECT): _S.REJECTED for state in BEFORE_ACCEPTED},
        (_S.ACCEPTED, _V.GIVE_NOTICE): _S.NOTICE_WINDOW,
        (_S.ACCEPTED, _V.KEEP_SILENT): _S.NON_DISCLOSURE,
        # An order served while the notice still waits to go.
        (_S.NOTICE_WINDOW, _V.KEEP_SILENT): _S.NON_DISCLOSURE,
        (_S.NOTICE_WINDOW, _V.COLLECT): _S.COLLECTION,
        (_S.NON_DISCLOSURE, _V.COLLECT): _S.COLLECTION,
        (_S.COLLECTION, _V.ADD_ITEM): _S.COLLECTION,
        (_S.COLLECTION, _V.HAND_IN): _S.QUALITY_CHECK,
        (_S.QUALITY_CHECK, _V.SEND_BACK): _S.COLLECTION,
        (_S.QUALITY_CHECK, _V.PASS_QUALITY): _S.COUNSEL_SIGN_OFF,
        (_S.COUNSEL_SIGN_OFF, _V.SEND_BACK): _S.COLLECTION,
        (_S.COUNSEL_SIGN_OFF, _V.SIGN_OFF): _S.COUNSEL_SIGN_OFF,
        (_S.COUNSEL_SIGN_OFF, _V.PRODUCE): _S.PRODUCED,
        (_S.PRODUCED, _V.DELIVER): _S.DELIVERED,
        (_S.DELIVERED, _V.ACKNOWLEDGE): _S.ACKNOWLEDGED,
        **{(state, _V.EXTEND): state for state in (*BEFORE_ACCEPTED, *GOOD, _S.OBJECTED)},
        **{
            (state, _V.WITHDRAW): _S.WITHDRAWN
            for state in (*BEFORE_ACCEPTED, *GOOD, _S.OBJECTED, _S.PRODUCED)
        },
        **{(state, _V.OBJECT): _S.OBJECTED for state in (*GOOD, _S.NARROWED)},
        # What was overruled begins again with what is accepted: whatever was signed before is void.
        (_S.OBJECTED, _V.RESUME): _S.ACCEPTED,
        (_S.OBJECTED, _V.QUASH): _S.QUASHED,
        **{
            (state, _V.CLOSE): _S.CLOSED
            # CLOSURES says with which word; from some of these with one word only.
            for state in (
                *(*ENDED, _S.RECEIVED, _S.RETURNED, _S.ACCEPTED, _S.COLLECTION),
                *(_S.DELIVERED, _S.ACKNOWLEDGED),
            )
        },
    },
)


class Path(StrEnum):
    """How far one kind of process goes here."""

    PRODUCTION = "production"  # all the way
    NOTHING_LEAVES = "nothing_leaves"  # docketed, looked at, accepted and closed
    COUNSEL = "counsel"  # counsel dockets it by hand; what may leave needs a gate of its own
    OUTSIDE_COUNSEL = "outside_counsel"  # never docketed: handed over and closed
    POINTER = "pointer"  # never entered: a pointer to the cleared custodian


PATHS: dict[Process, Path] = {
    Process.GRAND_JURY_SUBPOENA: Path.PRODUCTION,
    Process.TRIAL_SUBPOENA: Path.PRODUCTION,
    Process.ADMINISTRATIVE_SUBPOENA: Path.PRODUCTION,
    Process.COURT_ORDER: Path.PRODUCTION,
    Process.SEARCH_WARRANT: Path.PRODUCTION,
    Process.EMERGENCY: Path.PRODUCTION,
    Process.CIVIL_SUBPOENA: Path.PRODUCTION,
    Process.PRESERVATION: Path.NOTHING_LEAVES,
    Process.CIVIL_PRESERVATION_LETTER: Path.NOTHING_LEAVES,
    Process.PROTECTIVE_ORDER: Path.NOTHING_LEAVES,
    Process.TESTIMONY: Path.NOTHING_LEAVES,
    Process.ORDER_TO_ACT: Path.COUNSEL,
    Process.ORDER_TO_INFORM: Path.COUNSEL,
    Process.PEN_REGISTER: Path.COUNSEL,
    Process.WIRETAP: Path.COUNSEL,
    Process.MLAT: Path.COUNSEL,
    Process.EPOC: Path.COUNSEL,
    Process.EPOC_PR: Path.COUNSEL,
    Process.US_UK_ORDER: Path.COUNSEL,
    Process.FOREIGN_REQUEST: Path.COUNSEL,
    Process.REVERSE_GEOFENCE: Path.OUTSIDE_COUNSEL,
    Process.REVERSE_KEYWORD: Path.OUTSIDE_COUNSEL,
    Process.NATIONAL_SECURITY: Path.POINTER,
}


class EmergencyKind(StrEnum):
    """What kind of emergency a request is about."""

    SUICIDE = "suicide"
    ABDUCTION = "abduction"
    MISSING_AT_RISK = "missing_at_risk"
    BOMB = "bomb"
    ACTIVE_ATTACK = "active_attack"
    TRAFFICKING = "trafficking"
    OTHER = "other"


class IdentifierKind(StrEnum):
    """By what an account is named. A display name, a date of birth or a bare network address names none."""

    USERNAME = "username"
    USER_ID = "user_id"
    EMAIL = "email"
    PHONE = "phone"


class Way(StrEnum):
    """How a request came."""

    API = "api"
    PORTAL = "portal"
    POST = "post"
    FAX = "fax"
    EMAIL = "email"
    IN_PERSON = "in_person"


class Protected(StrEnum):
    """Why counsel looks at an account before anything of it is collected."""

    PRIVILEGED = "privileged"
    JOURNALIST = "journalist"
    MEDICAL = "medical"


class Rejection(StrEnum):
    """Why a request is rejected."""

    REQUESTER_NOT_VERIFIED = "requester_not_verified"
    NO_LEGAL_BASIS = "no_legal_basis"
    GROUNDS_MISSING = "grounds_missing"
    NOT_AN_EMERGENCY = "not_an_emergency"
    NO_SUCH_ACCOUNT = "no_such_account"
    OVERBROAD = "overbroad"
    FORGED = "forged"
    EXPIRED = "expired"
    OTHER = "other"


class Closure(StrEnum):
    """How a request ended."""

    PRODUCED_IN_FULL = "produced_in_full"
    PRODUCED_IN_PART = "produced_in_part"
    NO_DATA = "no_data"
    PRESERVED = "preserved"
    COMPLIED_WITHOUT_DATA = "complied_without_data"
    REJECTED = "rejected"
    RETURNED_UNANSWERED = "returned_unanswered"
    WITHDRAWN = "withdrawn"
    QUASHED = "quashed"
    OUTSIDE_COUNSEL = "outside_counsel"


_PRODUCED = frozenset({Closure.PRODUCED_IN_FULL, Closure.PRODUCED_IN_PART})
# The words with which a request is closed, by where it stands.
CLOSURES: dict[RequestState, frozenset[Closure]] = {
    RequestState.RECEIVED: frozenset({Closure.OUTSIDE_COUNSEL}),
    RequestState.RETURNED: frozenset({Closure.RETURNED_UNANSWERED}),
    RequestState.REJECTED: frozenset({Closure.REJECTED}),
    RequestState.WITHDRAWN: frozenset({Closure.WITHDRAWN}),
    RequestState.QUASHED: frozenset({Closure.QUASHED}),
    RequestState.ACCEPTED: frozenset({Closure.PRESERVED, Closure.COMPLIED_WITHOUT_DATA}),
    RequestState.COLLECTION: frozenset({Closure.NO_DATA}),
    RequestState.DELIVERED: _PRODUCED,
    RequestState.ACKNOWLEDGED: _PRODUCED,
}


class SilenceEnd(StrEnum):
    """How a non-disclosure order ended: its last day is over, or whoever ordered it took it back."""

    EXPIRED = "expired"
    LIFTED = "lifted"


class NoticeKind(StrEnum):
    """Whether the user is told before anything leaves, or afterwards."""

    BEFORE = "before"
    DELAYED = "delayed"


class NoticeState(StrEnum):
    """A notice is written by one person and approved by another before anybody is told; or it is withheld."""

    PREPARED = "prepared"
    APPROVED = "approved"
    TOLD = "told"
    DROPPED = "dropped"
    WITHHELD = "withheld"


class NoticeVerb(StrEnum):
    """What is done to a notice."""

    APPROVE = "approve"
    TELL = "tell"
    DROP = "drop"


NOTICE = Transitions(
    NoticeState,
    NoticeVerb,
    {
        (NoticeState.PREPARED, NoticeVerb.APPROVE): NoticeState.APPROVED,
        (NoticeState.APPROVED, NoticeVerb.TELL): NoticeState.TOLD,
        (NoticeState.PREPARED, NoticeVerb.DROP): NoticeState.DROPPED,
        (NoticeState.APPROVED, NoticeVerb.DROP): NoticeState.DROPPED,
        # Why it was withheld may fall away.
        (NoticeState.WITHHELD, NoticeVerb.DROP): NoticeState.DROPPED,
    },
)


class NoticeBar(StrEnum):
    """What forbids to tell the user at all."""

    CHILD_SAFETY = "child_safety"
    LIFE = "life"


class KeepBasis(StrEnum):
    """Why something is kept for an authority, and for how long."""

    US_REQUEST = "us_request"  # 18 USC 2703(f)
    EPOC_PR = "epoc_pr"  # Regulation (EU) 2023/1543 Art. 11
    REPORT = "report"  # 18 USC 2258A(h)


class KeepState(StrEnum):
    """It runs for its term; then it is deleted, unless a hold stands."""

    RUNNING = "running"
    HELD = "held"
    ENDED = "ended"
