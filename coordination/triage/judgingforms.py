"""What is asked about a flag before anybody decides: target, means and timing one by one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django import forms

from coordination.access import markup
from coordination.triage.workflow import ASPECTS, Behaviour, Finding, Framing, Level, ThreatType

LEVELS: list[tuple[str, str]] = [
    (Level.LOW, "low: vague, indirect, hard to believe"),
    (Level.MEDIUM, "medium: more concrete, some thought of place or time"),
    (Level.HIGH, "high: direct, specific, believable, with concrete steps"),
]
KNOWN = [
    ("", "–"),  # noqa: RUF001 - as absence looks
    ("observed", "observed"),
    ("claimed_by_user", "claimed by user, unverified"),
    ("inferred", "inferred"),
]
FRAMINGS: list[tuple[str, str]] = [
    (Framing.NONE, "no sign of it"),
    (Framing.FICTION, "fiction"),
    (Framing.QUOTATION, "a quotation"),
    (Framing.ROLE_PLAY, "role-play"),
]
TRUTHS = {
    "danger_to_self": "Danger to self",
    "danger_to_others": "Danger to others",
    "minor": "A minor is involved",
    "enticement": "Enticement or abuse of a minor",
    "eu_threat_to_life": "EU nexus: suspicion of an offence threatening life or safety, a past one too",
}


def _text(label: str, help_text: str = "", *, rows: int = 2) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=area)


def _choice(
    label: str, choices: list[tuple[str, str]], *, blank: bool = True, **options: Any
) -> forms.ChoiceField:
    rows = [("", "choose"), *choices] if blank else choices
    return forms.ChoiceField(label=label, choices=rows, **options)


def _spoken(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(each.value, markup.words(each)) for each in words]


def fields() -> dict[str, forms.Field]:
    """Return the fields of an assessment by name, in the order in which they are asked."""
    found: dict[str, forms.Field] = {
        "level": _choice("Level of threat", LEVELS),
        "threat_type": _choice("Type", _spoken(ThreatType)),
    }
    for aspect in ASPECTS:
        found[aspect] = _choice(aspect.capitalize(), _spoken(Finding))
        known = _choice("How known", KNOWN, blank=False, required=False)
        note = forms.CharField(label="What it is", required=False, max_length=2_000)
        for field in (known, note):
            field.when_needed = "if present"  # type: ignore[union-attr]  # the template asks for it
        found |= {f"{aspect}_provenance": known, f"{aspect}_note": note}
    found |= {
        "behaviours": forms.MultipleChoiceField(
            label="Warning behaviours seen",
            choices=_spoken(Behaviour),
            required=False,
            widget=forms.CheckboxSelectMultiple,
        ),
        **{name: forms.BooleanField(label=label, required=False) for name, label in TRUTHS.items()},
        "weapons": _text("Access to weapons"),
        "protective": _text("What protects"),
        "framing": _choice("Fiction, quotation or role-play", FRAMINGS, blank=False, required=False),
        "context": _text(
            "Context window",
            "Needed before what may be fiction is referred, where none came with the flag.",
            rows=3,
        ),
        "language": forms.CharField(label="Language", required=False, max_length=35),
        "note": _text("What else you found"),
    }
    return found


def given(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the assessment that a form holds; None where it asked for none."""
    return {name: data[name] for name in fields()} if "level" in data else None


class AssessForm(forms.Form):
    """The first tier's assessment."""

    def __init__(self, *args: Any, minor: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields())
        self.fields["minor"].initial = minor
        self.judging = True
