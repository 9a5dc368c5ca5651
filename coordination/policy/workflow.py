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
