"""The roles and what each may do: one table. docs/security.md prints it, groups are synchronised from it.

A permission reads <slice>.<codename>; the codename is declared in the Meta of a model of that slice. A role
gives the right to an act in general; which case it may be done on is decided by the grants in `cases`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who is on the desk, and who stands outside it."""

    SAFETY_LIAISON = "safety_liaison"
    REVIEWER = "reviewer"
    SENIOR_REVIEWER = "senior_reviewer"
    DUTY_OFFICER = "duty_officer"
    COUNSEL = "counsel"
    DUTY_COUNSEL = "duty_counsel"
    CUSTODIAN = "custodian"
    VICTIM_LIAISON = "victim_liaison"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    AGENCY_ADMINISTRATOR = "agency_administrator"
    RESPONDER = "responder"
    OUTSIDE_COUNSEL = "outside_counsel"
    PLATFORM_SYSTEM = "platform_system"


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What a role is for, and its permissions. `staff` roles open the desk; the others never do."""

    purpose: str
    staff: bool = True
    permissions: frozenset[str] = frozenset()


def _permissions(**slices: str) -> frozenset[str]:
    return frozenset(f"{label}.{codename}" for label, names in slices.items() for codename in names.split())


_READ_DESK = _permissions(
    cases="view_case",
    oncall="view_schedule view_page",
    partners="view_agency view_destination",
    policy="view_pack",
)
_READ_REFERRALS = _permissions(
    datarequests="view_datarequest",
    triage="view_flag",
    referrals="view_referral",
    outbox="view_delivery",
    inbox="view_inboundmessage",
    restrictions="view_restriction",
)
# Whoever is on shift calls an agency back, and cuts off who it does not know.
_CALL_BACK = _permissions(partners="call_back_agency")
_EXHIBITS = _permissions(evidence="view_exhibit read_exhibit take_in_exhibit")
_FILE = _permissions(
    referrals="file_referral submit_referral withdraw_referral correct_referral close_referral",
    outbox="resend_delivery resolve_delivery",
)
# Who enters a data request, calls back and looks at its face.
_INTAKE = _permissions(
    datarequests="view_datarequest file_datarequest verify_requester docket_datarequest close_datarequest"
)
_DECIDE = _permissions(triage="decide_flag")
_RESTRICT = _permissions(restrictions="impose_restriction preserve_account ask_lift receive_appeal")
_REINSTATE = _permissions(
    restrictions="ask_lift sign_assessment lift_restriction receive_appeal answer_appeal"
)
# Whoever sees a flag and acts on anything may hold its decision to be wrong.
_DISSENT = _permissions(triage="dissent_flag record_event")
# Whoever decides, or checks how it was decided, holds past decisions to criteria.
_REPLAY = _permissions(triage="view_replay")
_PROPOSE_CRITERIA = _permissions(policy="propose_criteria") | _REPLAY
_APPROVE = _permissions(
    referrals="approve_referral return_referral decline_referral recall_referral",
    outbox="resolve_delivery",
)
_REVIEW_GLASS = _permissions(access="view_breakglass review_breakglass")
_COUNSEL = (
    _READ_DESK
    | _READ_REFERRALS
    | _DISSENT
    | _APPROVE
    | _REVIEW_GLASS
    | _REINSTATE
    | _EXHIBITS
    | _CALL_BACK
    | _permissions(
        triage="counsel_flag file_report",
        evidence="release_exhibit hold_exhibit",
        restrictions="keep_order decide_notice",
        cases="work_case assign_case grant_case keep_nondisclosure keep_victim view_loose_task",
        referrals="withdraw_referral",
        ledger="view_leaf",
        policy="approve_criteria",
        datarequests="decide_datarequest clear_account collect_datarequest check_quality sign_off_production"
        " produce_datarequest keep_silence approve_notice preserve_datarequest",
    )
    | _INTAKE
    | _PROPOSE_CRITERIA
)

ROLES: dict[Role, Rights] = {
    Role.SAFETY_LIAISON: Rights(
        purpose="Files referrals and follows them to their outcome.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _DISSENT
        | _FILE
        | _INTAKE
        | _RESTRICT
        | _EXHIBITS
        | _CALL_BACK
        | _permissions(cases="work_case assign_case", triage="receive_flag file_report"),
    ),
    Role.REVIEWER: Rights(
        purpose="Assesses flags first; may file a referral, never approve one.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _DISSENT
        | _EXHIBITS
        | _permissions(
            cases="work_case",
            triage="receive_flag assess_flag",
            referrals="file_referral submit_referral withdraw_referral",
        ),
    ),
    Role.SENIOR_REVIEWER: Rights(
        purpose="Decides on flags; approves what others filed.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _DISSENT
        | _FILE
        | _APPROVE
        | _REVIEW_GLASS
        | _RESTRICT
        | _REINSTATE
        | _EXHIBITS
        | _PROPOSE_CRITERIA
        | _CALL_BACK
        | _INTAKE
        | _permissions(
            datarequests="decide_datarequest check_quality approve_notice",
            cases="work_case assign_case grant_case",
            triage="receive_flag assess_flag decide_flag file_report",
        ),
    ),
    Role.DUTY_OFFICER: Rights(
        purpose="Senior person on shift: as senior reviewer, and may break glass in an emergency.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _DISSENT
        | _FILE
        | _APPROVE
        | _REVIEW_GLASS
        | _RESTRICT
        | _REINSTATE
        | _EXHIBITS
        | _PROPOSE_CRITERIA
        | _CALL_BACK
        | _INTAKE
        | _permissions(
            datarequests="decide_datarequest check_quality approve_notice",
            cases="work_case assign_case grant_case",
            triage="receive_flag assess_flag decide_flag file_report",
            oncall="keep_schedule",
            access="open_breakglass",
            referrals="break_glass_referral",
        ),
    ),
    Role.COUNSEL: Rights(
        purpose="Approves under the law, and criteria; opens and closes compartments; reads the ledger.",
        permissions=_COUNSEL,
    ),
    Role.DUTY_COUNSEL: Rights(
        purpose="Counsel on call: as counsel, and decides on flags with a legal side.",
        permissions=_COUNSEL | _permissions(triage="decide_flag"),
    ),
    Role.CUSTODIAN: Rights(
        purpose="Collects and keeps records, for data requests too; acts on no referral.",
        permissions=_READ_DESK
        | _EXHIBITS
        | _permissions(
            cases="work_case",
            evidence="release_exhibit",
            datarequests="view_datarequest docket_datarequest collect_datarequest check_quality"
            " produce_datarequest preserve_datarequest",
        ),
    ),
    Role.VICTIM_LIAISON: Rights(
        purpose="Owns the contact with victims; acts on no referral.",
        permissions=_READ_DESK
        | _EXHIBITS
        | _permissions(cases="work_case keep_victim", referrals="view_referral"),
    ),
    Role.AUDITOR: Rights(
        purpose="Sees all and acts on nothing.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _REPLAY
        | _permissions(
            evidence="view_exhibit",
            ledger="view_leaf",
            access="view_user view_rolechange view_breakglass view_ledgerreview",
            cases="view_loose_task",
        ),
    ),
    Role.ADMINISTRATOR: Rights(
        purpose="Keeps people, agencies, destinations and the places of evidence; sees no case.",
        permissions=_permissions(
            access="view_user change_user view_rolechange decide_rolechange",
            cases="view_loose_task",
            evidence="keep_store",
            oncall="view_schedule keep_schedule view_page",
            partners="view_agency change_agency view_destination change_destination",
            policy="view_pack",
            outbox="view_delivery",
            ledger="view_leaf",
        ),
    ),
    Role.OFFICER: Rights(
        purpose="A verified person at an agency: the scopes of a token, on what was sent to the agency.",
        staff=False,
    ),
    Role.AGENCY_ADMINISTRATOR: Rights(
        purpose="Proposes officers of the own agency; verifies nobody.",
        staff=False,
    ),
    Role.RESPONDER: Rights(
        purpose="A crisis responder, by token, on what was sent to the own organisation.",
        staff=False,
    ),
    Role.OUTSIDE_COUNSEL: Rights(
        purpose="Counsel outside, by token or letter, on what was sent to them.",
        staff=False,
    ),
    Role.PLATFORM_SYSTEM: Rights(
        purpose="The platform's own systems: post flags (scope `flag`), say what is in force (`enforce`).",
        staff=False,
        permissions=_permissions(triage="receive_flag", restrictions="report_in_force receive_appeal"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A role that nobody holds together with any of `others`, and why."""

    role: Role
    others: frozenset[Role]
    why: str


def _all_but(role: Role) -> frozenset[Role]:
    return frozenset(Role) - {role}


CONFLICTS = (
    Conflict(
        role=Role.AUDITOR,
        others=_all_but(Role.AUDITOR),
        why="who looks at what all did did none of it",
    ),
    Conflict(
        role=Role.ADMINISTRATOR,
        others=_all_but(Role.ADMINISTRATOR),
        why="who gives rights has none over a case",
    ),
    Conflict(
        role=Role.CUSTODIAN,
        others=frozenset(
            role for role, rights in ROLES.items() if rights.permissions & (_FILE | _APPROVE | _DECIDE)
        ),
        why="who keeps the records decides on nothing that they are about",
    ),
)


def conflicts_in(roles: Iterable[str]) -> list[tuple[Role, Role, str]]:
    """Return the pairs among `roles` that nobody holds together, each with why."""
    held = {Role(role) for role in roles if role in [*Role]}
    pairs = {
        tuple(sorted((each.role, other))): each.why
        for each in reversed(CONFLICTS)
        if each.role in held
        for other in each.others & held
    }
    return [(Role(one), Role(other), why) for (one, other), why in sorted(pairs.items())]


def need_two(roles: Iterable[str]) -> set[str]:
    """Return those of `roles` that are given by two people: all that give a right on the desk or to a system.

    A role outside the desk gives none: an agency's people are verified by a second person before they act.
    """
    return {role for role in roles if ROLES[Role(role)].staff or ROLES[Role(role)].permissions}


def permissions() -> frozenset[str]:
    """Return every permission that some role has."""
    return frozenset().union(*(rights.permissions for rights in ROLES.values()))


def as_markdown() -> str:
    """Return the table as docs/security.md shows it."""
    lines = ["| Role | For | May |", "|---|---|---|"]
    for role, rights in ROLES.items():
        may = (
            ", ".join(f"`{permission}`" for permission in sorted(rights.permissions)) or "nothing on the desk"
        )
        lines.append(f"| {role.value} | {rights.purpose} | {may} |")
    return "\n".join(lines)


def conflicts_as_markdown() -> str:
    """Return the table of conflicts as docs/security.md shows it."""
    lines = ["| Nobody is | and also | because |", "|---|---|---|"]
    for each in CONFLICTS:
        all_others = len(each.others) == len(Role) - 1
        others = "anything else" if all_others else ", ".join(sorted(each.others))
        lines.append(f"| {each.role.value} | {others} | {each.why} |")
    return "\n".join(lines)
