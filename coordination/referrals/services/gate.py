"""The gate: each thing that would leave, for the class of each recipient, against the policy in force."""

from collections.abc import Iterable, Mapping

from coordination.access.roles import Role
from coordination.access.services import User
from coordination.core.errors import InvalidInput, Refused, raise_all
from coordination.policy import engine
from coordination.policy import selectors as policy
from coordination.policy.engine import Permission
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import Addressee, Fact, Item, Referral

COUNSEL = frozenset({Role.COUNSEL.value, Role.DUTY_COUNSEL.value})


def is_counsel(user: User) -> bool:
    """Tell whether the person's approval is counsel's, for the bases that need one."""
    return not COUNSEL.isdisjoint(user.role_names)


def field_of(disclosed: Item | Fact, field: str) -> str:
    """Name one field of one item or fact, as errors do: `items.7.basis`."""
    return f"{'items' if isinstance(disclosed, Item) else 'facts'}.{disclosed.pk}.{field}"


def check(
    referral: Referral,
    disclosed: Iterable[Item | Fact],
    addressees: Iterable[Addressee],
    *,
    counsel: bool,
) -> dict[str, str]:
    """Return the citation under which each thing may go to every recipient, by `field_of(…, "basis")`.

    `counsel` says that counsel approves, or will be asked to. Raises Refused naming thing, category,
    recipient and citation; InvalidInput for all that `missing` returns.
    """
    citations: dict[str, str] = {}
    recipients, leaving = list(addressees), list(disclosed)
    bases = policy.legal_bases_named(each.basis for each in leaving)
    raise_all(_missing(referral, leaving, bases))
    for each in leaving:
        for addressee in recipients:
            permission = _allow(referral, each, addressee, bases[each.basis], counsel=counsel)
            citations[field_of(each, "basis")] = permission.citation
    for addressee in recipients:
        own_words(addressee, emergency=_emergency(referral))
    return citations


def missing(referral: Referral, disclosed: Iterable[Item | Fact]) -> list[InvalidInput]:
    """Return what the gate cannot even judge: each missing or unknown basis, named by its field.

    And the danger statement that is not there although a basis rests on it (18 USC 2702(b)(8), (c)(4)).
    """
    leaving = list(disclosed)
    return _missing(referral, leaving, policy.legal_bases_named(each.basis for each in leaving))


def _missing(
    referral: Referral, disclosed: Iterable[Item | Fact], bases: Mapping[str, policy.LegalBasis]
) -> list[InvalidInput]:
    found: list[InvalidInput] = []
    resting: dict[str, list[str]] = {}
    for each in disclosed:
        field = field_of(each, "basis")
        if not each.basis:
            found.append(InvalidInput(field, f"Name the legal basis on which “{each}” may leave."))
            continue
        basis = bases.get(each.basis)
        if basis is None:
            found.append(InvalidInput(field, f"“{each}”: {policy.not_in_force(each.basis)}"))
            continue
        if basis.requires_emergency and not referral.danger_to_life:
            resting.setdefault(basis.citation, []).append(f"“{each}”")
    found += [
        InvalidInput(
            "danger_to_life",
            f"This rests on {citation}, which needs a danger to life on record: {', '.join(titles)}.",
        )
        for citation, titles in resting.items()
    ]
    return found


def needs_counsel(disclosed: Iterable[Item | Fact]) -> bool:
    """Tell whether one of the bases needs counsel's approval."""
    codes = {each.basis for each in disclosed if each.basis}
    return policy.legal_bases().filter(code__in=codes, needs_counsel=True).exists()


def own_words(addressee: Addressee, *, emergency: bool) -> Permission:
    """Return the permission to tell this recipient our own assessment, or raise Refused.

    The free text of a referral, a correction and an answer is our own words. What quotes a customer belongs
    into an item, which has its own basis.
    """
    agency = addressee.destination.agency
    refusal: Refused | None = None
    for basis in policy.legal_bases(DataCategory.OWN_ASSESSMENT, agency.recipient_class):
        try:
            return engine.allow_under(
                basis,
                category=DataCategory.OWN_ASSESSMENT,
                recipient_class=agency.recipient_class,
                emergency=emergency,
            )
        except Refused as lacking:
            refusal = lacking
    raise refusal or Refused(
        f"No basis in force lets our own assessment go to {agency}.", rule="own-assessment", citation=""
    )


def _emergency(referral: Referral) -> bool:
    return referral.danger_to_life and bool(referral.danger_reason.strip())


def _allow(
    referral: Referral, each: Item | Fact, addressee: Addressee, basis: policy.LegalBasis, *, counsel: bool
) -> Permission:
    agency = addressee.destination.agency
    try:
        return engine.allow_under(
            basis,
            category=each.category,
            recipient_class=agency.recipient_class,
            emergency=_emergency(referral),
            consent=bool(referral.consent.strip()),
            counsel=counsel,
        )
    except Refused as refusal:
        raise Refused(
            f"“{each}” may not go to {agency}. {refusal}", rule=refusal.rule, citation=refusal.citation
        ) from refusal
