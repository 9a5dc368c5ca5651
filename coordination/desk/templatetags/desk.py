"""What the desk's templates write with."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from coordination.access import markup, structure
from coordination.cases import selectors as cases
from coordination.channels import registry
from coordination.desk.watching import standstill as still

# With the country: what our directory and the packs hold (E.164, written with gaps).
NUMBER = re.compile(r"\+\d(?:[ ()-]{0,2}\d){6,14}")

register = template.Library()
register.simple_tag(markup.state, name="state")
register.simple_tag(markup.when, name="when")
register.simple_tag(markup.left, name="left")
register.simple_tag(markup.digest, name="digest")
register.simple_tag(structure.structured, name="structured")
register.filter("words", markup.words)
register.filter("seen", markup.seen)


@register.simple_tag
def standstill(user: Any) -> datetime | None:
    """Return since when the bus stands still, for whoever is on the desk."""
    return still.since() if getattr(user, "is_staff", False) else None


@register.filter
def record_url(about: str) -> str:
    """Return the address of what a task is `about` (`triage.flag:…`), "" where it has none.

    What stands after an @ tells two tasks about one record apart.
    """
    kind, _, pk = about.partition("@")[0].partition(":")
    try:
        return reverse(f"admin:{kind.replace('.', '_')}_at", args=[pk]) if pk else ""
    except NoReverseMatch:
        return ""


@register.filter
def task_url(task: Any) -> str:
    """Return where a task is done: its own page where nothing else ends it, else what it is `about`."""
    if cases.is_loose(task):
        return reverse("admin:cases_task_change", args=[task.pk])
    return record_url(task.about)


@register.filter
def labelled(cells: Iterable[str], headers: Iterable[Any]) -> list[Any]:
    """Return the cells of a row with their column's name on each: a narrow window shows a row as a card."""
    names = [header["text"] for header in headers]
    cut = [re.match(r"<(t[hd])\b", str(cell)) for cell in cells]
    rows = []
    for cell, name, found in zip(cells, names, cut, strict=False):
        start = format_html('<{} data-label="{}"', found[1], str(name).capitalize()) if found else ""
        rows.append(mark_safe(start + str(cell)[found.end() :]) if found else cell)  # noqa: S308  # nosec B308 B703 - Django's cell
    return rows


@register.filter(is_safe=True)
def telephones(text: str) -> SafeString:
    """Return a text in which each full telephone number can be called, and is not broken across lines."""
    parts = []
    end = 0
    for found in NUMBER.finditer(str(text)):
        link = format_html('<a class="tel" href="tel:{}">{}</a>', re.sub(r"[^+\d]", "", found[0]), found[0])
        parts += [(str(text)[end : found.start()], link)]
        end = found.end()
    return format_html_join("", "{}{}", [*parts, (str(text)[end:], "")])


@register.filter
def channel(slug: str) -> str:
    """Return what people call a channel; its slug where its plugin is gone."""
    try:
        return registry.channel(slug).info.title
    except registry.UnknownChannel:
        return slug


@register.filter
def is_single_checkbox(field: BoundField) -> bool:
    """Tell whether a field's label stands behind its one box."""
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_group(field: BoundField) -> bool:
    """Tell whether a field is several boxes under one legend."""
    return bool(getattr(field.field.widget, "use_fieldset", False))


@register.filter
def gathered(timeline: Iterable[Any]) -> list[tuple[Any, int]]:
    """Return each event with how often the same person did the same in a row."""
    lines: list[tuple[Any, int]] = []
    for event in timeline:
        before, times = lines[-1] if lines else (None, 0)
        if before and not event.detail and (before.title, before.by_id) == (event.title, event.by_id):
            lines[-1] = (before, times + 1)
        else:
            lines.append((event, 1))
    return lines


@register.inclusion_tag("desk/act.html", takes_context=True)
def act(
    context: dict[str, Any], offered: Any, target: object = "", label: str = "", style: str = "fold"
) -> dict[str, Any]:
    """Show one act that the page offers: `fold` (a summary that opens), `open`, or `button` (no fields)."""
    return {
        "offered": offered,
        "form": offered.form_for(target) if offered else None,
        "target": target,
        "label": label or (offered.label if offered else ""),
        "style": style,
        "csrf_token": context.get("csrf_token"),
    }
