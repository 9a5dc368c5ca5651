"""What people fill in to change the criteria."""

import tomllib
from typing import Any

from django import forms

from coordination.access import markup
from coordination.policy.contents import rules_as_toml
from coordination.policy.criteria import CONDITIONS
from coordination.policy.workflow import Asked, FlagCategory

CATEGORIES = [(each.value, markup.words(each)) for each in FlagCategory]
_RULES_HELP = (
    "As a pack file has them. All conditions of “when” must hold; all rules are looked at. Conditions: "
    f"{', '.join(CONDITIONS)}. Outcomes: {', '.join(Asked)}. What each means stands in docs/policy.md."
)


class ProposalForm(forms.Form):
    """A copy of a version, to be changed. A section without heading and text is left out."""

    version = forms.CharField(max_length=40, help_text="What decisions will name, such as v3.")
    effective_on = forms.DateField(
        label="In force from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The start of this day where the desk is; of today: as soon as it is approved.",
    )
    high_severity_categories = forms.MultipleChoiceField(
        label="High severity", choices=CATEGORIES, widget=forms.CheckboxSelectMultiple
    )
    rules = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 24, "class": "code", "spellcheck": "false"}),
        help_text=_RULES_HELP,
    )
    citation = forms.CharField(max_length=300, help_text="Where this comes from.")
    reason = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is to be otherwise, and why: another decides by it. No names of people in cases.",
    )

    def __init__(self, *args: Any, source: Any, **kwargs: Any) -> None:
        """Copy `source`, a version or a returned proposal, with one section more."""
        super().__init__(*args, **kwargs)
        self.codes = [section["code"] for section in source.sections]
        self.codes.append(_next(self.codes))
        texts = {section["code"]: section for section in source.sections}
        for number, code in enumerate(self.codes):
            self._add_section(number, code, texts.get(code, {}))
        self.fields["high_severity_categories"].initial = source.high_severity_categories
        self.fields["rules"].initial = rules_as_toml(source.rules)
        self.fields["citation"].initial = source.citation
        sections = [f"{part}_{number}" for number in range(len(self.codes)) for part in ("heading", "text")]
        self.order_fields(["version", "effective_on", "high_severity_categories", *sections, "rules"])

    def _add_section(self, number: int, code: str, section: dict[str, str]) -> None:
        when_needed = "or neither: it is left out" if section else "if you need one more"
        self.fields[f"heading_{number}"] = forms.CharField(
            label=f"Section {code}: heading",
            required=False,
            max_length=200,
            initial=section.get("heading", ""),
        )
        self.fields[f"text_{number}"] = forms.CharField(
            label=f"Section {code}: text",
            required=False,
            initial=section.get("text", ""),
            widget=forms.Textarea(attrs={"rows": 5}),
        )
        for part in ("heading", "text"):
            self.fields[f"{part}_{number}"].when_needed = when_needed  # type: ignore[attr-defined]

    def clean_rules(self) -> list[Any]:
        """Read the rules; what each says is checked by the service, as a pack file is."""
        try:
            found = tomllib.loads(self.cleaned_data["rules"].replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as error:
            raise forms.ValidationError(f"This cannot be read as TOML: {error}.") from None
        if set(found) != {"rules"} or not isinstance(found["rules"], list):
            raise forms.ValidationError("Rules, each under a line [[rules]], and nothing else.")
        return found["rules"]

    def clean(self) -> dict[str, Any]:
        """Gather the sections."""
        data = super().clean() or {}
        sections = []
        for number, code in enumerate(self.codes):
            heading, text = data.pop(f"heading_{number}", ""), data.pop(f"text_{number}", "")
            if bool(heading) != bool(text):
                self.add_error(
                    f"text_{number}" if heading else f"heading_{number}",
                    "A section has a heading and a text; without both it is left out.",
                )
            if heading and text:
                sections.append({"id": code, "heading": heading, "text": text.replace("\r\n", "\n")})
        return {**data, "sections": sections}


class ApproveForm(forms.Form):
    """What was read."""

    digest = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, digest: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["digest"].initial = digest


class WhyForm(forms.Form):
    """Why not, or not so."""

    reason = forms.CharField(
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who proposed it reads this.",
    )


def _next(codes: list[str]) -> str:
    return str(max((int(code) for code in codes if code.isdigit()), default=0) + 1)
