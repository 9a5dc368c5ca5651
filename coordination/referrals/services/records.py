"""What every verb does alike: who may, which row, and the traces it leaves."""

from collections.abc import Mapping

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core.errors import InvalidInput
from coordination.ledger import services as ledger
from coordination.ledger.entries import Value
from coordination.referrals.models import Referral
from coordination.referrals.workflow import REFERRAL, ReferralVerb


def permitted(referral: Referral, *, by: User, permission: str) -> Referral:
    """Return the locked row; raise NotPermitted without the permission, NotFound where the case is unseen."""
    access.require(by, f"referrals.{permission}")
    locked = lock(referral)
    cases.require_case(by, locked.case, "work_case")
    return locked


def lock(referral: Referral) -> Referral:
    """Return the row as it is now, held until the transaction ends."""
    return (
        Referral.objects.select_for_update(of=("self",))
        .select_related("case", "corrects")
        .get(pk=referral.pk)
    )


def move(referral: Referral, verb: ReferralVerb, **fields: object) -> Referral:
    """Put the referral where `verb` leads, with what is recorded about it; raise IllegalTransition."""
    referral.state = REFERRAL.after(referral.state, verb)
    for name, value in fields.items():
        setattr(referral, name, value)
    referral.save(update_fields=["state", *fields])
    return referral


def trace(
    referral: Referral,
    action: str,
    title: str,
    *,
    by: User | None,
    detail: str = "",
    details: Mapping[str, Value] | None = None,
) -> None:
    """Write one line of the timeline and one ledger entry about what just happened."""
    kind = f"referrals.{action}"
    cases.add_event(referral.case, kind=kind, title=title[:200], by=by, detail=detail, about=referral.origin)
    ledger.record(
        kind,
        subject=referral.reference,
        by=by,
        details={"case": referral.case.reference, "state": str(referral.state), **(details or {})},
    )


def danger_missing(referral: Referral) -> list[InvalidInput]:
    """Return what a P0, or a danger to life that is stated, still lacks."""
    found = []
    if referral.priority == "P0" and not referral.danger_to_life:
        found.append(
            InvalidInput("danger_to_life", "P0 is for a danger to life: state it, or lower the priority.")
        )
    if (referral.priority == "P0" or referral.danger_to_life) and not referral.danger_reason.strip():
        found.append(InvalidInput("danger_reason", "Say why there is a danger to life or safety."))
    return found


def unhurried_missing(referral: Referral) -> list[InvalidInput]:
    """Return what a danger to life at normal priority lacks: one of the two may be a slip."""
    if referral.priority == "P0" or not referral.danger_to_life or (referral.priority_reason or "").strip():
        return []
    return [
        InvalidInput(
            "priority_reason", "There is a danger to life: say why it can wait its turn, or make it P0."
        )
    ]


def required(field: str, value: str, message: str = "This is needed.") -> str:
    """Return the text without space around it, or raise InvalidInput naming the field."""
    text = value.strip()
    if not text:
        raise InvalidInput(field, message)
    return text


def limited(field: str, value: str, length: int) -> str:
    """Return the text, stripped, if it fits its column; raise InvalidInput naming the field otherwise."""
    text = value.strip()
    if len(text) > length:
        raise InvalidInput(field, f"At most {length} characters.")
    return text
