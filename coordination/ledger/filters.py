"""By what the list of entries is narrowed. Each filter has an index: the table only ever grows."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.ledger import reading, selectors
from coordination.ledger.entries import SYSTEM
from coordination.ledger.models import WHO, Leaf


class ActionFilter(admin.SimpleListFilter):
    """What was done."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Offer every action that was ever recorded."""
        return [(action, action) for action in selectors.actions()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Leaf]) -> QuerySet[Leaf]:  # noqa: ARG002
        """Keep entries of this action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


class PersonFilter(admin.SimpleListFilter):
    """Who did it."""

    title = "person"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Offer the system and every person, by name."""
        named = sorted(reading.people().items(), key=lambda pair: pair[1].casefold())
        return [(SYSTEM, "the system"), *((str(pk), name) for pk, name in named)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Leaf]) -> QuerySet[Leaf]:  # noqa: ARG002
        """Keep entries of this person; what is no number of a row is nobody."""
        value = self.value()
        if not value:
            return queryset
        who = f'"{SYSTEM}"' if value == SYSTEM else value
        return queryset.alias(who=WHO).filter(who=who)
