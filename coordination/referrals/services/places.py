"""Places: how each is known, and which of them decide nobody's recipient by themselves.

A network address points to where its provider is, or to the exit of a proxy: police of the wrong place would
knock at a stranger's door, or nobody's. Below the confidence that policy names, or where a proxy is possible,
a person confirms the place and says how.
"""

from collections.abc import Iterable, Sequence

from coordination.core.errors import InvalidInput
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory
from coordination.referrals.models import Fact, PlaceSource, Referral

RULE = "policy.location-confidence"
CLAIMED = "claimed_by_user"


def check(category: str, source: str, confidence: int | None, *, possible_proxy: bool) -> list[InvalidInput]:
    """Return what is wrong with how a place is known; what is no place has none of it."""
    if category != DataCategory.LOCATION:
        given = bool(source or confidence is not None or possible_proxy)
        return [InvalidInput("place_source", "Only a place is known this way.")] if given else []
    found = []
    if source and source not in PlaceSource.values:
        found.append(InvalidInput("place_source", f"One of {', '.join(PlaceSource.values)}."))
    if confidence is not None and not 0 <= confidence <= 100:  # noqa: PLR2004 - per cent
        found.append(InvalidInput("place_confidence", "From 0 to 100 per cent."))
    if source == PlaceSource.NETWORK and confidence is None:
        message = "A place from a network address has a confidence, as its source gives it."
        found.append(InvalidInput("place_confidence", message))
    return found


def is_doubtful(fact: Fact) -> bool:
    """Tell whether a place is known from a network address alone, too weakly or behind a possible proxy."""
    if fact.category != DataCategory.LOCATION or fact.place_source != PlaceSource.NETWORK:
        return False
    rule = policy.desk_rule(RULE)
    enough = rule.amount if rule is not None else None
    return fact.possible_proxy or (enough is not None and (fact.place_confidence or 0) < enough)


def missing(draft: Referral, facts: Iterable[Fact]) -> list[InvalidInput]:
    """Return that somebody must confirm the place, where all that points to one is doubtful."""
    known = [each for each in facts if each.category == DataCategory.LOCATION and each.provenance != CLAIMED]
    if not known or not all(is_doubtful(each) for each in known) or (draft.place_confirmed or "").strip():
        return []
    rule = policy.desk_rule(RULE)
    why = f" ({rule.citation})" if rule is not None else ""
    return [
        InvalidInput(
            "place_confirmed",
            "The place is known from a network address alone, with little confidence or behind a possible "
            f"proxy: say how you know that the recipients are those of the right place{why}.",
        )
    ]


def to_call(draft: Referral, facts: Sequence[Fact]) -> list[str]:
    """Return the places whose call centre may be rung: claimed ones never, doubtful ones once confirmed."""
    confirmed = bool((draft.place_confirmed or "").strip())
    return [
        each.value
        for each in facts
        if each.category == DataCategory.LOCATION
        and each.provenance != CLAIMED
        and (confirmed or not is_doubtful(each))
    ]


def in_words(fact: Fact) -> str:
    """Return how sure a fact is, as the recipient reads it."""
    parts = [
        fact.confidence,
        f"{fact.place_confidence} %" if fact.place_confidence is not None else "",
        f"from {PlaceSource(fact.place_source).label}" if fact.place_source else "",
        "possible proxy" if fact.possible_proxy else "",
    ]
    return ", ".join(filter(None, parts))
