"""What a route asks of whoever calls it. Each route, verb and act declares one rule, beside what it guards.

A view of the API declares it as `required_scope` and `access_rule`, a page of the desk through
`DeskAdmin.rules`, an act through `@act`, the site's own pages in `DeskSite.rules`, any other view through
`@declares`. `coordination.desk.routes` reads them all; the tests refuse a route without one and try every
route as every role.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_http_methods

View = TypeVar("View", bound=Callable[..., Any])


class Who(StrEnum):
    """Who is let in."""

    ANYBODY = "anybody"
    SELF = "whoever is signed in, about themselves"
    STAFF = "whoever is signed in on the desk"
    HOLDERS = "whoever holds the permission"
    TOKENS = "whoever has a token with the scope"
    NOBODY = "nobody"


class Records(StrEnum):
    """Which of the records behind a route are there for one person; all others are as if missing."""

    NONE = ""
    OWN = "one's own"
    ALL = "every record"
    OF_CASES = "those of cases that one was let into"
    OF_CASES_SEEN = "those of cases that one was let into; every one for a role that sees no case"
    OF_QUEUE = "those that wait for one's own role, or did"
    OF_AGENCY = "what was sent to one's own agency"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who is let in, with what, to which records; `reason` where that is not a matter of permissions.

    Of `permissions`, one is enough. `sees` is needed beside it: without it the records are as if missing.
    """

    who: Who
    permissions: tuple[str, ...] = ()
    sees: str = ""
    scope: str = ""
    records: Records = Records.NONE
    reason: str = ""

    def __str__(self) -> str:
        wanted = [f"scope `{self.scope}`"] if self.scope else []
        wanted += [" or ".join(f"`{each}`" for each in self.permissions)] if self.permissions else []
        wanted += [f"`{self.sees}`"] if self.sees and self.sees not in self.permissions else []
        who = " and ".join(wanted) or self.who.value
        return "; ".join(filter(None, [who, self.records.value, self.reason.rstrip(".")]))


def anybody(reason: str) -> Rule:
    """Let in whoever asks; `reason` says why that is right."""
    return Rule(who=Who.ANYBODY, reason=reason)


def oneself(reason: str) -> Rule:
    """Let in whoever is signed in, to what is their own."""
    return Rule(who=Who.SELF, records=Records.OWN, reason=reason)


def staff(reason: str) -> Rule:
    """Let in whoever is signed in on the desk, whatever the role; `reason` says why that is right."""
    return Rule(who=Who.STAFF, reason=reason)


def nobody(reason: str) -> Rule:
    """Let nobody in: the framework has the route, the product has no use for it."""
    return Rule(who=Who.NOBODY, reason=reason)


def holders(*permissions: str, sees: str = "", records: Records = Records.NONE) -> Rule:
    """Let in who holds one of these permissions of the table of roles and is signed in on the desk."""
    return Rule(who=Who.HOLDERS, permissions=permissions, sees=sees, records=records)


def tokens(scope: str, *, permission: str = "", records: Records = Records.NONE) -> Rule:
    """Let in whoever has a token with the scope and, where one is named, holds the permission."""
    return Rule(who=Who.TOKENS, scope=scope, permissions=(permission,) if permission else (), records=records)


def declares(**verbs: Rule) -> Callable[[View], View]:
    """Declare the rules of a plain view by verb: `@declares(POST=anybody("…"))`. No other is answered."""

    def mark(view: View) -> View:
        view.rules = dict(verbs)  # type: ignore[attr-defined]
        return view

    return mark


def holds(rule: Rule, permissions: Collection[str]) -> bool:
    """Tell whether somebody with these permissions has all that the rule asks for of permissions."""
    one = not rule.permissions or any(each in permissions for each in rule.permissions)
    return one and (not rule.sees or rule.sees in permissions)


def by_name(
    patterns: list[URLPattern | URLResolver], rules: Mapping[str, Mapping[str, Rule]]
) -> list[URLPattern | URLResolver]:
    """Declare rules by the names of routes, for views that are not ours; no other verb gets that far."""
    for each in patterns:
        if isinstance(each, URLResolver):
            by_name(each.url_patterns, rules)
        elif each.name and each.name in rules:
            said = rules[each.name]
            verbs = [*said, "HEAD"] if "GET" in said else [*said]
            each.callback = declares(**said)(require_http_methods(verbs)(each.callback))
    return patterns


def declared_by(view: Any) -> Mapping[str, Rule] | None:
    """Return what `@declares` said of a view; None where it was not used."""
    found: Mapping[str, Rule] | None = getattr(view, "rules", None)
    return found
