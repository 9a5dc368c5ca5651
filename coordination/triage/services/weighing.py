"""What a decision has to look at beside its reasons: rules that it follows, or departs from and says why.

None of them decides anything. A rule that is departed from is written into the decision by its name.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from coordination.core.errors import InvalidInput, Refused
from coordination.policy import selectors as policy
from coordination.triage import selectors
from coordination.triage.models import Assessment, Flag
from coordination.triage.services.records import LONGEST_REASONS
from coordination.triage.workflow import Framing, Outcome

SELF_HARM_FIRST = "policy.self-harm-first"
MINOR_CARE = "policy.minor-care"
BOTH_WAYS = "triage.both-ways"
FRAMING = "triage.framing"
COORDINATED = "triage.coordinated"
REFERRALS = frozenset({Outcome.REFER_POLICE, Outcome.REFER_CRISIS})


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A rule by its name, and what has to be said to depart from it."""

    rule: str
    ask: str


def weigh(flag: Flag, rests_on: Assessment, chosen: Collection[Outcome], departure: str) -> list[str]:
    """Return the rules that are departed from.

    Raises InvalidInput naming `departure` where it is not said why, Refused where fiction would be referred
    out of its context, and where coordinated reports would lead police to a door on one person's look.
    """
    if REFERRALS & set(chosen):
        require_context(flag)
    if selectors.looks_coordinated(flag) and Outcome.REFER_POLICE in chosen and rests_on.direct:
        raise Refused(
            "These reports look coordinated: another person assesses the flag before police are told.",
            rule=COORDINATED,
        )
    found = departures(flag, rests_on, chosen)
    if found and not departure.strip():
        raise InvalidInput("departure", " ".join(each.ask for each in found))
    if len(departure) > LONGEST_REASONS:
        raise InvalidInput("departure", f"At most {LONGEST_REASONS} characters.")
    return [each.rule for each in found]


def require_context(flag: Flag) -> None:
    """Raise Refused where somebody marked a flag as fiction or the like, and its context window lacks."""
    # Whoever marked it: an assessment without the mark does not take it away.
    marked = any(each.framing != Framing.NONE for each in selectors.assessments_of(flag))
    if marked and not selectors.context_of(flag):
        raise Refused(
            "It may be fiction, quotation or role-play, and what stands around it is not attached: "
            "assess it anew with the context window, then decide.",
            rule=FRAMING,
        )


def departures(flag: Flag, assessment: Assessment, outcomes: Collection[Outcome]) -> list[Departure]:
    """Return the rules that these outcomes depart from: what anybody found counts, not the newest alone."""
    return list(_found(flag, assessment, set(outcomes)))


def _found(flag: Flag, assessment: Assessment, outcomes: set[Outcome]) -> Iterator[Departure]:
    made = list(selectors.assessments_of(flag))
    to_self = any(each.danger_to_self for each in made)
    to_others = any(each.danger_to_others for each in made)
    if to_self and to_others and not outcomes >= REFERRALS:
        yield Departure(
            rule=BOTH_WAYS,
            ask="Danger to self and others goes to police and to crisis responders: say why not both.",
        )
    # Danger to others that only an earlier assessment found does not take the first question away.
    if (
        to_self
        and not assessment.danger_to_others
        and Outcome.REFER_POLICE in outcomes
        and (rule := policy.desk_rule(SELF_HARM_FIRST))
    ):
        yield Departure(
            rule=SELF_HARM_FIRST,
            ask=f"{rule.title} ({rule.citation}): say why police, and what was tried first.",
        )
    minor = flag.minor or any(each.minor for each in made)
    rule = policy.desk_rule(MINOR_CARE) if minor else None
    if rule is not None and outcomes & set(rule.outcomes):
        yield Departure(
            rule=MINOR_CARE, ask=f"{rule.title} ({rule.citation}): say who was asked, and what they said."
        )
    marked = any(each.framing != Framing.NONE for each in made)
    if marked and outcomes & REFERRALS:
        yield Departure(
            rule=FRAMING,
            ask="It may be fiction, quotation or role-play: say why it is referred all the same.",
        )
    if selectors.looks_coordinated(flag) and Outcome.REFER_POLICE in outcomes:
        yield Departure(
            rule=COORDINATED,
            ask="These reports look coordinated: say what besides them shows the danger.",
        )
