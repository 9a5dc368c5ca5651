"""The words that policy rows may use, and the workflow of criteria. What may go where is in the packs."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class DataCategory(StrEnum):
    """What kind of data an item is, as the law divides it (18 USC 2510(8), 2702(b)-(c), 2703(c)(2))."""

    CONTENT = "content"  # what was said, prompted, generated or uploaded
    SUBSCRIBER = "subscriber"  # who holds the account: name, address, e-mail, telephone, account id
    RECORDS = "records"  # other non-content: sessions, network addresses and ports, devices, settings
    LOCATION = "location"  # observed or estimated place
    PAYMENT = "payment"  # means and source of payment
    REPORT = "report"  # what a reporter or target told the platform itself
    OWN_ASSESSMENT = "own_assessment"  # the platform's own words and conclusions; no customer data quoted


class RecipientClass(StrEnum):
    """Who a recipient is to the law (18 USC 2702(b)-(c), 2711(4))."""

    US_GOVERNMENT = "us_government"  # federal, state and local bodies
    FOREIGN_GOVERNMENT = "foreign_government"
    PRIVATE_RESPONDER = "private_responder"
    ADDRESSEE = "addressee"  # of the communication itself; often the target
    OTHER_PRIVATE = "other_private"


class Process(StrEnum):
    """The legal instruments that ask a provider for something, as officers and courts name them."""

    GRAND_JURY_SUBPOENA = "grand_jury_subpoena"
    TRIAL_SUBPOENA = "trial_subpoena"
    ADMINISTRATIVE_SUBPOENA = "administrative_subpoena"
    COURT_ORDER = "court_order"  # 18 USC 2703(d)
    SEARCH_WARRANT = "search_warrant"
    PEN_REGISTER = "pen_register"
    WIRETAP = "wiretap"
    EMERGENCY = "emergency"  # an emergency disclosure request
    PRESERVATION = "preservation"  # 18 USC 2703(f)
    CIVIL_SUBPOENA = "civil_subpoena"
    CIVIL_PRESERVATION_LETTER = "civil_preservation_letter"
    PROTECTIVE_ORDER = "protective_order"
    ORDER_TO_ACT = "order_to_act"  # DSA Art. 9
    ORDER_TO_INFORM = "order_to_inform"  # DSA Art. 10
    TESTIMONY = "testimony"
    REVERSE_GEOFENCE = "reverse_geofence"
    REVERSE_KEYWORD = "reverse_keyword"
    MLAT = "mlat"
    EPOC = "epoc"
    EPOC_PR = "epoc_pr"
    US_UK_ORDER = "us_uk_order"
    FOREIGN_REQUEST = "foreign_request"
    NATIONAL_SECURITY = "national_security"


class ProcessData(StrEnum):
    """What process may compel: 18 USC 2703(c)(2) parts what 2702(c) leaves whole, so `sessions` is one."""

    SUBSCRIBER = "subscriber"  # name, address, identifiers, length and types of service
    SESSIONS = "sessions"  # connection records, session times, network addresses assigned then
    PAYMENT = "payment"  # means and source of payment
    RECORDS = "records"  # other records that are no content
    LOCATION = "location"
    CONTENT = "content"


class Validity(StrEnum):
    """What is looked at on the face of a data request; how, is coordination.datarequests.services.facial."""

    ADDRESSED = "addressed"
    SIGNED = "signed"
    COURT = "court"
    AUTHORITY = "authority"
    NEXUS = "nexus"
    NAMED_ACCOUNT = "named_account"
    CATEGORIES = "categories"
    WITHIN_GATE = "within_gate"
    DATE_RANGE = "date_range"
    RETURN_DATE = "return_date"
    NOT_EXPIRED = "not_expired"
    GAG_ENDS = "gag_ends"
    NOT_REUSED = "not_reused"
    SCANNED = "scanned"
    SWORN_OFFICER = "sworn_officer"
    PERSON_IN_DANGER = "person_in_danger"
    NATURE_AND_RECENCY = "nature_and_recency"
    WHY_THIS_DATA = "why_this_data"
    WHY_NOT_PROCESS = "why_not_process"


class FlagCategory(StrEnum):
    """What a safety flag is about."""

    MASS_CASUALTY = "mass_casualty"
    TARGETED_HARASSMENT = "targeted_harassment"
    IMMINENT_THREAT = "imminent_threat"
    STALKING = "stalking"
    SELF_HARM = "self_harm"
    MINOR_SAFETY = "minor_safety"
    CSAM = "csam"
    OTHER = "other"


class Step(StrEnum):
    """The ladder of restrictions, the lightest first."""

    WARN = "warn"
    LIMIT_FEATURES = "limit_features"
    READ_ONLY = "read_only"
    SUSPEND_PENDING_REVIEW = "suspend_pending_review"
    BAN_WITH_WATCH = "ban_with_watch"


class Unit(StrEnum):
    """How a clock counts. Minutes and hours elapse; days end with the last second of the last local day."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"


class Place(StrEnum):
    """The places by which a referral may be routed, in the order that a pack gives."""

    OFFENCE = "place_of_offence"
    SUBJECT = "subject_residence"
    TARGET = "target_residence"


class Level(StrEnum):
    """How grave a threat is (FBI NCAVC): vague; more concrete; direct, specific, with concrete steps."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ThreatType(StrEnum):
    """How a threat is put (FBI NCAVC)."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    VEILED = "veiled"
    CONDITIONAL = "conditional"


class Finding(StrEnum):
    """What was found of target, means or timing. What is not known is neither there nor absent."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Behaviour(StrEnum):
    """Warning behaviours (Meloy and others, 2012)."""

    PATHWAY = "pathway"
    FIXATION = "fixation"
    IDENTIFICATION = "identification"
    NOVEL_AGGRESSION = "novel_aggression"
    ENERGY_BURST = "energy_burst"
    LEAKAGE = "leakage"
    DIRECTLY_COMMUNICATED_THREAT = "directly_communicated_threat"
    LAST_RESORT = "last_resort"


class Framing(StrEnum):
    """Whether the words may not be the writer's own."""

    NONE = "none"
    FICTION = "fiction"
    QUOTATION = "quotation"
    ROLE_PLAY = "role_play"


class Asked(StrEnum):
    """What a rule of the criteria may ask for. Nobody is asked not to act: then no rule asks for anything."""

    REFER_POLICE = "refer_police"
    REFER_CRISIS = "refer_crisis"
    WARN_TARGET = "warn_target"
    MONITOR = "monitor"


class ReportTrigger(StrEnum):
    """What makes a report to an authority due."""

    CHILD_MATERIAL = "child_material"  # a flag of child sexual abuse material, or enticement of a minor
    EU_THREAT_TO_LIFE = "eu_threat_to_life"  # suspicion of an offence threatening life, with an EU nexus
    CHOSEN = "chosen"  # whoever decides says that it applies: a critical incident of a frontier developer


class Way(StrEnum):
    """By which way somebody is paged. `desk` reaches only who looks at it."""

    DESK = "desk"
    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class ProposalState(StrEnum):
    """A proposed change of the criteria waits, and ends once; one that was returned is proposed anew."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RETURNED = "returned"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ProposalVerb(StrEnum):
    """What is done to a proposed change of the criteria."""

    APPROVE = "approve"
    RETURN = "return"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


PROPOSAL = Transitions(
    ProposalState,
    ProposalVerb,
    {
        (ProposalState.PROPOSED, ProposalVerb.APPROVE): ProposalState.APPROVED,
        (ProposalState.PROPOSED, ProposalVerb.RETURN): ProposalState.RETURNED,
        (ProposalState.PROPOSED, ProposalVerb.DECLINE): ProposalState.DECLINED,
        (ProposalState.PROPOSED, ProposalVerb.WITHDRAW): ProposalState.WITHDRAWN,
    },
)
