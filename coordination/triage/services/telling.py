"""What the user of an account that a flag restricts by itself is told, where the law asks for it.

Neutral words, from the category of the flag alone: no target, no reporter, no method, no content. Counsel
decides where telling may endanger somebody: a person reported it, a target is named, a child is concerned.
"""

from datetime import UTC
from typing import Any, Final

from coordination.restrictions.services import Notice, link_of
from coordination.triage.models import Flag
from coordination.triage.workflow import Category, Source

COUNTRY: Final = "country"
_REPORTED: Final = frozenset({Source.USER_REPORT, Source.PARTNER})
_CHILDREN: Final = frozenset({Category.CSAM, Category.MINOR_SAFETY})
_MAY: Final[dict[str, str]] = {
    Category.MASS_CASUALTY: "speak of violence against many people",
    Category.IMMINENT_THREAT: "threaten somebody's life or safety",
    Category.TARGETED_HARASSMENT: "harass somebody",
    Category.STALKING: "pursue somebody against their will",
    Category.SELF_HARM: "speak of harm to yourself",
}
_SEEN_BY: Final[dict[str, str]] = {
    Source.CLASSIFIER: "It was found on our own initiative, by an automated system.",
    Source.STAFF: "It was found on our own initiative.",
}
_GROUND: Final = (
    "Our terms of use, which forbid what endangers people and let us limit an account while we look into it."
)


def told(flag: Flag) -> dict[str, Any]:
    """Return what `Imposing` takes about the law of the Union: whether there is a link, and the notice.

    The link is seen in the identifiers of the kind `country` that the platform sent with the flag.
    """
    countries = [
        (each["value"], each["provenance"])
        for each in flag.identifiers
        if each["kind"].strip().casefold() == COUNTRY
    ]
    linked = link_of(countries)
    return {"eu_link": linked, "notice": _notice(flag) if linked else None}


def _notice(flag: Flag) -> Notice:
    may = _MAY.get(flag.category, "endanger somebody")
    seen = _SEEN_BY.get(flag.source, "We were notified of it.")
    written = flag.content_at.astimezone(UTC)
    endangers = flag.source in _REPORTED or flag.apparent_target.strip() != ""
    return Notice(
        facts=f"Content of your account, written on {written:%Y-%m-%d at %H:%M} UTC, may {may}. {seen}"
        " A person has not looked at it yet.",
        ground=_GROUND,
        tips_off=endangers or flag.category in _CHILDREN or flag.minor,
    )
