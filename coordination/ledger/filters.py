"""By what the list of entries is narrowed. Each filter has an index: the table only ever grows."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from coordination.core import clock
from coordination.ledger import reading, selectors
from coordination.ledger.entries import KINDS, SYSTEM
from coordination.ledger.models import WHO, Leaf
from coordination.ledger.signals import sought

FIRST_YEAR: Final = 1990


def find(entries: QuerySet[Leaf], term: str, *, by: Any) -> QuerySet[Leaf]:
    """Keep entries about a record by its whole reference, and about what belongs to it: its messages, say.

    What belongs to it is found where `by` may see the record. A bare UUID, as a partner quotes that of a
    message, is looked for under each kind.
    """
    subject = term.strip()
    if not subject:
        return entries
    more = [each for _, found in sought.send(sender=Leaf, subject=subject, by=by) for each in found or ()]
    return entries.filter(subject__in=[subject, *_of_any_kind(subject), *more])


def _of_any_kind(term: str) -> list[str]:
    try:
        known = UUID(term)
    except ValueError:
        return []
    return [f"{kind}:{known}" for kind in KINDS]


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


class WhenFilter(admin.DateFieldListFilter):
    """When it was recorded. A time that no entry can have is like any other value that is no time."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Leaf]) -> QuerySet[Leaf] | None:
        """Keep entries of this time."""
        given: dict[str, Any] = dict(self.used_parameters)
        self.used_parameters = {name: [*map(self._moment, values)] for name, values in given.items()}
        return super().queryset(request, queryset)

    def _moment(self, value: Any) -> datetime:
        try:
            moment: datetime | None = self.field.to_python(value)
        except (ValueError, OverflowError, ValidationError) as error:
            raise IncorrectLookupParameters from error
        # "This year" ends with the next one. At either end of the calendar, the time in another zone is in
        # the year 0 or 10,000, which nothing here can hold.
        if moment is None or not FIRST_YEAR <= moment.year <= clock.now().year + 1:
            raise IncorrectLookupParameters
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
