"""A referral as the kit's dataclasses: what a channel is given to render."""

from collections.abc import Iterable, Mapping

from coordination.channels import messages
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import Addressee, Fact, Item, Referral
from coordination.referrals.selectors import lineage
from coordination.referrals.services import places
from coordination.referrals.services.gate import field_of

PLEASE = "Please correct your records, tell whoever acted on the original, and acknowledge this message."


def referral_body(
    referral: Referral,
    *,
    items: Iterable[Item],
    facts: Iterable[Fact],
    addressees: Iterable[Addressee],
    citations: Mapping[str, str],
) -> messages.ReferralBody:
    """Return what goes to every recipient: the chosen items under their citations, and who else gets it."""
    known = list(facts)
    return messages.ReferralBody(
        danger_to_life=referral.danger_to_life,
        danger_reason=referral.danger_reason,
        feared=referral.feared,
        feared_when=referral.feared_when,
        why_suspicious=referral.why_suspicious,
        subject=tuple(_fact(fact) for fact in known if fact.about == "subject"),
        target=tuple(_fact(fact) for fact in known if fact.about == "target"),
        items=disclosed(items, citations),
        intended_recipients=tuple(str(each.destination.agency) for each in addressees),
        prior_reports=referral.prior_reports,
        reporter=referral.reporter,
    )


def correction_body(correction: Referral) -> messages.CorrectionBody:
    """Return what tells the recipients of the original that it was wrong.

    A correction of a correction names the referral that both are about: that is what the recipient acted on.
    """
    original = correction.corrects
    again = original is not None and original.corrects_id is not None
    return messages.CorrectionBody(
        corrects=original.reference if original else "",
        what_was_wrong=correction.correction_wrong,
        what_is_true=correction.correction_true,
        please=f"This corrects {lineage(original)}. {PLEASE}" if original and again else PLEASE,
    )


def disclosed(items: Iterable[Item], citations: Mapping[str, str]) -> tuple[messages.DisclosedItem, ...]:
    """Return the items as they leave, each with its citation and reason."""
    return tuple(
        messages.DisclosedItem(
            title=item.title,
            category=item.category,
            content=item.content,
            occurred_at=item.occurred_at,
            provenance=messages.Provenance(item.provenance),
            legal_basis=citations[field_of(item, "basis")],
            reason=item.reason,
            occurred_zone=item.occurred_zone,
            occurred_local=there.isoformat() if (there := item.occurred_there) else "",
        )
        for item in items
    )


def _fact(fact: Fact) -> messages.Fact:
    # A place that only the user named can send armed police to a stranger's door. The label says so too: a
    # channel that shows no provenance must not make an observed location of it.
    claimed_place = fact.category == DataCategory.LOCATION and fact.provenance == places.CLAIMED
    label = f"{fact.label} (claimed by user, unverified)" if claimed_place else fact.label
    return messages.Fact(
        label=label,
        value=fact.value,
        provenance=messages.Provenance(fact.provenance),
        confidence=places.in_words(fact),
    )
