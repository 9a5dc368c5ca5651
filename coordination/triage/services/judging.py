"""What an assessment is made of, checked field by field: target, means and timing one by one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from coordination.core.errors import InvalidInput, raise_all
from coordination.triage.services.intake import PROVENANCE
from coordination.triage.workflow import ASPECTS, Behaviour, Finding, Framing, Level, ThreatType

_WORDS: dict[str, type[StrEnum]] = {
    "level": Level,
    "threat_type": ThreatType,
    **dict.fromkeys(ASPECTS, Finding),
    "framing": Framing,
}
_TEXTS = {
    **{f"{aspect}_note": 2_000 for aspect in ASPECTS},
    "weapons": 2_000,
    "protective": 2_000,
    "context": 400_000,
    "language": 35,
    "note": 20_000,
}
_TRUTHS = ("danger_to_self", "danger_to_others", "minor", "enticement", "eu_threat_to_life")
FIELDS = (*_WORDS, *_TEXTS, *_TRUTHS, "behaviours", *(f"{aspect}_provenance" for aspect in ASPECTS))


def check(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an assessment, or raise InvalidInput naming each field that is wrong.

    `level`, `threat_type` and a finding of `target`, `means` and `timing` are needed; what is found present
    says what it is and how that is known. An absence is written down like a presence and decides nothing.
    """
    found = [InvalidInput(name, "This is not part of an assessment.") for name in given if name not in FIELDS]
    values: dict[str, Any] = {}
    for name, words in _WORDS.items():
        values[name] = str(given.get(name) or (Framing.NONE if name == "framing" else ""))
        if values[name] not in [*words]:
            found.append(InvalidInput(name, f"One of {', '.join(words)}."))
    for name, longest in _TEXTS.items():
        values[name] = str(given.get(name) or "").strip()
        if "\x00" in values[name] or len(values[name]) > longest:
            found.append(InvalidInput(name, f"Text of at most {longest} characters."))
    values |= {name: bool(given.get(name)) for name in _TRUTHS}
    for aspect in ASPECTS:
        values[f"{aspect}_provenance"] = str(given.get(f"{aspect}_provenance") or "")
        found += _aspect(aspect, values)
    values["behaviours"] = sorted({str(each) for each in given.get("behaviours") or ()})
    if not set(values["behaviours"]) <= {each.value for each in Behaviour}:
        found.append(InvalidInput("behaviours", f"Some of {', '.join(Behaviour)}."))
    raise_all(found)
    return values


def _aspect(aspect: str, values: Mapping[str, str]) -> list[InvalidInput]:
    """What is said to be there is said in words, with how it is known."""
    found = []
    known = values[f"{aspect}_provenance"]
    if known and known not in PROVENANCE:
        found.append(InvalidInput(f"{aspect}_provenance", f"One of {', '.join(PROVENANCE)}."))
    if values[aspect] == Finding.PRESENT:
        if not values[f"{aspect}_note"]:
            found.append(InvalidInput(f"{aspect}_note", f"Say what is known of the {aspect}."))
        if not known:
            found.append(InvalidInput(f"{aspect}_provenance", f"Say how the {aspect} is known."))
    return found
