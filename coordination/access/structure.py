"""A structured message laid out for the eye: whole, in the order in which it is read, in the desk's words."""

import json
import re
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.access.markup import words

# What the desk's forms call these; the rest of the names are words with an underscore for a space.
LABELS = {
    "danger_to_life": "danger to life or safety",
    "danger_reason": "why there is a danger",
    "feared": "what is feared",
    "feared_when": "when",
    "why_suspicious": "why it is suspicious",
    "subject": "about the subject",
    "target": "about the target",
    "items": "disclosed items",
    "category": "data category",
    "occurred_at": "when it occurred, UTC",
    "occurred_local": "by the clock there",
    "occurred_zone": "in the time zone",
    "provenance": "how it is known",
    "recipient_class": "to the law",
    "please": "what we ask",
    "id": "id on the wire",
    "schema": "form of the message",
}
# What is read first; what is not named here follows by its name.
ORDER = (
    *("title", "label", "value", "name"),
    *("kind", "reference", "priority", "recipient", "body"),
    *("danger_to_life", "danger_reason", "feared", "feared_when", "why_suspicious"),
    *("corrects", "what_was_wrong", "what_is_true", "please", "question", "answer"),
    *("subject", "target", "category", "content", "occurred_local", "occurred_zone", "occurred_at"),
    *("provenance", "confidence", "legal_basis", "reason", "items"),
)
# Where a value is one of our codes.
CODED = frozenset({"category", "provenance", "recipient_class", "kind", "priority"})
# Empty, these say nothing: an item without a time or a place of its own.
UNSAID = frozenset({"occurred_at", "occurred_local", "occurred_zone"})
# RFC 3339 to the second is what an eye can use; the rest stands in the bytes, which the page shows too.
FRACTION = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(Z|[+-]\d\d:\d\d)$")
_RANK = {name: place for place, name in enumerate(ORDER)}


def structured(text: str) -> SafeString | str:
    """Return a JSON document as nested lists, but for times that are not known; nothing where it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    return _laid_out(value) if isinstance(value, dict | list) else ""


def label(name: str) -> str:
    """Return what people call a field of a message."""
    return LABELS.get(name, name.replace("_", " "))


def _laid_out(value: Any) -> SafeString:
    if isinstance(value, dict) and value:
        row = '<dt class="{0}">{1}</dt><dd class="{0}">{2}</dd>'
        known = [(name, each) for name, each in value.items() if each or name not in UNSAID]
        rows = (_row(name, each) for name, each in sorted(known, key=_rank))
        return format_html('<dl class="pairs">{}</dl>', format_html_join("", row, rows))
    if isinstance(value, list) and value:
        return format_html(
            "<ol>{}</ol>", format_html_join("", "<li>{}</li>", ((_laid_out(each),) for each in value))
        )
    if isinstance(value, str) and value:
        return format_html('<span class="prose">{}</span>', FRACTION.sub(r"\1\2", value))
    plain = {True: "yes", False: "no", None: "nothing", "": "empty"}
    said = plain[value] if value is None or isinstance(value, bool | str) else value or "none"
    return format_html('<span class="quiet">{}</span>' if said != "yes" else "<strong>{}</strong>", said)


def _row(name: str, value: Any) -> tuple[str, str, SafeString]:
    shown = words(value) if name in CODED and isinstance(value, str) and value else value
    return "part" if isinstance(value, dict | list) and value else "", label(name), _laid_out(shown)


def _rank(pair: tuple[str, Any]) -> tuple[int, str]:
    return _RANK.get(pair[0], len(ORDER)), pair[0]
