"""What a person fills in who enters a flag by hand: what a colleague or a partner told them."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from coordination.access import markup
from coordination.core.sealing import blind_index
from coordination.referrals.disclosureforms import WallTime, at_place, zones
from coordination.triage.services.intake import LONGEST
from coordination.triage.workflow import Category, Source

# Rows on the page; who has more sends them as notes on the case.
ROWS = 5
SOURCES = [
    ("", "choose"),
    (Source.STAFF, "a colleague"),
    (Source.PARTNER, "a partner: police, a school, another platform"),
    (Source.USER_REPORT, "a user"),
]
KNOWN = [
    ("", "choose"),
    ("observed", "observed: it stands in our own records"),
    ("claimed_by_user", "claimed: somebody says so"),
    ("inferred", "inferred"),
]
KINDS = [
    ("", "–"),  # noqa: RUF001 - as absence looks
    ("account", "another account"),
    ("email", "e-mail address"),
    ("phone", "telephone number"),
    ("payment_token", "payment token"),
    ("device", "device"),
    ("ip", "network address"),
    ("name", "name"),
    ("other", "other"),
]
PARTS = {"kind": "Kind", "value": "Value", "provenance": "How known"}
# A keyed digest, cut to what an external_id has room for: no two flags of one person meet by chance.
_DIGITS = 40


def _text(field: str, label: str, help_text: str = "", *, rows: int = 0, needed: bool = False) -> Any:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=needed,
        max_length=LONGEST[field],
        strip=not rows,
        widget=widget,
    )


class ByHandForm(forms.Form):
    """A flag as a person tells it. `flag()` returns what `services.receive` takes."""

    source = forms.ChoiceField(label="Who raised it", choices=SOURCES)
    category = forms.ChoiceField(
        label="What it is about",
        choices=[("", "choose"), *((each.value, markup.words(each)) for each in Category)],
    )
    content = _text(
        "content",
        "What was said or done",
        "Word for word where you have the words; otherwise as you were told.",
        rows=6,
        needed=True,
    )
    provenance = forms.ChoiceField(label="How it is known", choices=KNOWN)
    content_at = WallTime(
        label="When it was said or done",
        help_text="As the clock of that place showed it.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    content_zone = forms.ChoiceField(label="In which time zone")
    account = _text(
        "account",
        "Account of the person of concern",
        "As the platform writes it: it joins the flag to what we have of that account.",
        needed=True,
    )
    apparent_target = _text("apparent_target", "Who seems to be threatened", rows=2)
    context = _text(
        "context", "What stands around it", "What came before and after, and who told you.", rows=4
    )
    reporter = _text(
        "reporter", "Whose report it is", "Their account, their name with the partner, a number."
    )
    minor = forms.BooleanField(label="A minor may be involved", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content_zone"].choices = zones(())  # type: ignore[attr-defined]  # a field with choices
        for row in range(1, ROWS + 1):
            self.fields[f"kind_{row}"] = forms.ChoiceField(label="Kind", choices=KINDS, required=False)
            self.fields[f"value_{row}"] = forms.CharField(label="Value", max_length=500, required=False)
            self.fields[f"provenance_{row}"] = forms.ChoiceField(
                label="How known", choices=KNOWN, required=False
            )

    @property
    def identifier_rows(self) -> list[list[forms.BoundField]]:
        """The fields of the identifiers, row by row."""
        return [[self[f"{part}_{row}"] for part in PARTS] for row in range(1, ROWS + 1)]

    def clean(self) -> dict[str, Any]:
        """Put the zone to the time, and ask for what a begun row of identifiers lacks."""
        data = super().clean() or {}
        if data.get("content_at") and data.get("content_zone"):
            try:
                data["content_at"] = at_place(data["content_at"], data["content_zone"])
            except forms.ValidationError as error:
                self.add_error("content_at", error)
        for row in self._begun(data):
            for part in PARTS:
                name = f"{part}_{row}"
                if name not in self.errors and not data[name]:
                    self.add_error(name, "This row was begun: all three, or none.")
        return data

    def flag(self) -> dict[str, Any]:
        """Return the flag. Its id is a keyed digest of all it says: sent again, it is the same flag.

        The id stands open in lists and logs, and without the key nobody can try out what it says.
        """
        told = {name: self.cleaned_data[name] for name in type(self).base_fields}
        told["identifiers"] = [
            {part: self.cleaned_data[f"{part}_{row}"] for part in PARTS}
            for row in self._begun(self.cleaned_data)
        ]
        whole = json.dumps({**told, "content_at": told["content_at"].isoformat()}, sort_keys=True)
        digest = blind_index("flag by hand", whole, as_is=True).hex()
        return {**told, "external_id": f"by-hand-{digest[:_DIGITS]}"}

    def _begun(self, data: Mapping[str, Any]) -> list[int]:
        return [row for row in range(1, ROWS + 1) if any(data.get(f"{part}_{row}") for part in PARTS)]
