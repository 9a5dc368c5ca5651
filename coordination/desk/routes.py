"""Every route with its verbs and rules, read from the URL configuration: the tests try what this returns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from coordination.access.recordadmin import Act
from coordination.access.roles import ROLES
from coordination.core.rules import Records, Rule, Who, anybody, declared_by, holds, tokens
from coordination.rest.permissions import PUBLIC, declared_rule
from coordination.rest.views import ApiView

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address that is answered, the verb, and what it asks; `rule` is None where none is declared.

    `address` names its parameters in braces. `model` is the label of the records behind it, if it has any.
    """

    address: str
    verb: str
    rule: Rule | None
    model: str = ""

    @property
    def parameters(self) -> list[str]:
        """The names of the address's parameters."""
        return re.findall(r"{(\w+)}", self.address)

    def __str__(self) -> str:
        return f"{self.verb} {self.address}"


def routes() -> list[Route]:
    """Return every route, those of the desk's pages and each act included, in the order of the URLs."""
    return [route for pattern, view in _patterns(get_resolver()) for route in _of(pattern, view)]


def as_markdown() -> str:
    """Return the table that docs/routes.md shows; verbs that ask for the same share a line."""
    found: dict[tuple[str, Rule | None], list[str]] = {}
    for route in routes():
        found.setdefault((route.address, route.rule), []).append(route.verb)
    lines = ["| Route | Asks for | Roles |", "|---|---|---|"]
    for (address, rule), verbs in found.items():
        lines.append(f"| {' '.join(verbs)} `{address}` | {rule} | {_roles(rule) if rule else ''} |")
    return "\n".join(lines)


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in resolver.url_patterns:
        address = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _patterns(each, address)
        else:
            yield address, each


def _of(pattern: str, found: URLPattern) -> Iterator[Route]:
    view, name = found.callback, found.name or ""
    address = _readable(pattern)
    api = getattr(view, "cls", None)
    kind = getattr(view, "model_admin", None)
    rules = declared_by(view)
    if api is not None and issubclass(api, ApiView):
        yield from _of_the_api(address, api)
    elif kind is not None:
        yield from _of_the_desk(address, name, view, kind)
    elif rules is None and isinstance(_site(view), admin.AdminSite):
        yield from _of_the_site(address, name)
    elif rules is None:
        yield Route(address=address, verb="GET", rule=None)
    else:
        yield from (Route(address=address, verb=verb, rule=rule) for verb, rule in rules.items())


def _of_the_api(address: str, view: type[ApiView]) -> Iterator[Route]:
    for verb in VERBS:
        if not hasattr(view, verb.lower()):
            continue
        asked = declared_rule(view, verb)
        rule = None
        if asked is not None and asked.permission == PUBLIC:
            rule = anybody(view.__doc__ or "")
        elif asked is not None:
            rule = tokens(asked.scope, permission=asked.permission, records=view.records)
        yield Route(address=address, verb=verb, rule=rule)


def _of_the_desk(address: str, name: str, view: Any, kind: Any) -> Iterator[Route]:
    label = kind.opts.label_lower
    rules = declared_by(view)
    if rules is None:
        own = name.removeprefix(f"{kind.opts.app_label}_{kind.opts.model_name}_")
        rules = kind.rules().get(own, {}) or {"GET": None}
    acts: dict[str, Act] = getattr(view, "acts", {})
    if acts:
        yield Route(address=address, verb="GET", rule=rules["GET"], model=label)
        for act in acts.values():
            of_act = address.replace("{name}", act.name)
            yield Route(address=of_act, verb="POST", rule=kind.rule_for(act.permission), model=label)
        return
    for verb, rule in rules.items():
        yield Route(address=address, verb=verb, rule=rule, model=label)


def _of_the_site(address: str, name: str) -> Iterator[Route]:
    if name == "app_list":
        for label in sorted({model._meta.app_label for model in admin.site._registry}):  # noqa: SLF001
            rule = admin.site.section_rule(label)  # type: ignore[attr-defined]
            yield Route(address=address.replace("{app_label}", label), verb="GET", rule=rule)
        return
    rules = admin.site.rules.get(name) or {"GET": None}  # type: ignore[attr-defined]
    for verb, rule in rules.items():
        yield Route(address=address, verb=verb, rule=rule)


def _site(view: Any) -> Any:
    return getattr(view, "admin_site", None) or getattr(view, "__self__", None)


def _readable(pattern: str) -> str:
    named = _PARAMETER.sub(lambda found: f"{{{found[1] or found[2]}}}", pattern)
    return "/" + named.replace("^", "").replace("$", "")


def _roles(rule: Rule) -> str:
    if rule.who in {Who.ANYBODY, Who.NOBODY}:
        return rule.who.value
    if rule.who is Who.SELF:
        return "all"
    staff = [role for role, rights in ROLES.items() if rights.staff]
    if rule.who is Who.STAFF:
        return "all on the desk"
    if rule.records is Records.OF_AGENCY:
        return "whoever is verified at an agency"
    may = [role for role, rights in ROLES.items() if holds(rule, rights.permissions)]
    if rule.who is Who.HOLDERS:
        may = [role for role in may if role in staff]
    return "those to whom such a token was issued" if len(may) == len(ROLES) else ", ".join(may)
