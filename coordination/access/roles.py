"""The roles and what each may do: one table. docs/security.md prints it, groups are synchronised from it.

A permission reads <slice>.<codename>; the codename is declared in the Meta of a model of that slice. A role
gives the right to an act in general; which case it may be done on is decided by the grants in `cases`.
"""

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
    partners="view_agency view_destination",
    policy="view_pack",
)
_READ_REFERRALS = _permissions(
    triage="view_flag",
    referrals="view_referral",
    outbox="view_delivery",
    inbox="view_inboundmessage",
)
_FILE = _permissions(
    referrals="file_referral submit_referral withdraw_referral correct_referral close_referral",
    outbox="resend_delivery resolve_delivery",
)
_APPROVE = _permissions(referrals="approve_referral return_referral decline_referral")
_COUNSEL = (
    _READ_DESK
    | _READ_REFERRALS
    | _APPROVE
    | _permissions(
        cases="work_case assign_case grant_case", referrals="withdraw_referral", ledger="view_leaf"
    )
)

ROLES: dict[Role, Rights] = {
    Role.SAFETY_LIAISON: Rights(
        purpose="Files referrals and follows them to their outcome.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _FILE
        | _permissions(cases="work_case assign_case", triage="receive_flag"),
    ),
    Role.REVIEWER: Rights(
        purpose="Looks at flags first; may file a referral, never approve one.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _permissions(
            cases="work_case",
            triage="receive_flag",
            referrals="file_referral submit_referral withdraw_referral",
        ),
    ),
    Role.SENIOR_REVIEWER: Rights(
        purpose="Decides on flags; approves what others filed.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _FILE
        | _APPROVE
        | _permissions(cases="work_case assign_case grant_case", triage="receive_flag decide_flag"),
    ),
    Role.DUTY_OFFICER: Rights(
        purpose="Senior person on shift: as senior reviewer, and may break glass in an emergency.",
        permissions=_READ_DESK
        | _READ_REFERRALS
        | _FILE
        | _APPROVE
        | _permissions(
            cases="work_case assign_case grant_case",
            triage="receive_flag decide_flag",
            referrals="break_glass_referral",
        ),
    ),
    Role.COUNSEL: Rights(
        purpose="Approves under the law; opens and closes compartments; reads the ledger.",
        permissions=_COUNSEL,
    ),
    Role.DUTY_COUNSEL: Rights(
        purpose="Counsel on call: as counsel, and decides on flags with a legal side.",
        permissions=_COUNSEL | _permissions(triage="decide_flag"),
    ),
    Role.CUSTODIAN: Rights(
        purpose="Collects and keeps records; acts on no referral.",
        permissions=_READ_DESK | _permissions(cases="work_case"),
    ),
    Role.VICTIM_LIAISON: Rights(
        purpose="Owns the contact with victims; acts on no referral.",
        permissions=_READ_DESK | _permissions(cases="work_case", referrals="view_referral"),
    ),
    Role.AUDITOR: Rights(
        purpose="Sees all and acts on nothing.",
        permissions=_READ_DESK | _READ_REFERRALS | _permissions(ledger="view_leaf", access="view_user"),
    ),
    Role.ADMINISTRATOR: Rights(
        purpose="Keeps people, agencies and destinations; sees no case.",
        permissions=_permissions(
            access="view_user change_user",
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
        purpose="The platform's own systems: post flags by token with the scope `flag`.",
        staff=False,
        permissions=_permissions(triage="receive_flag"),
    ),
}


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
