"""Search in a list of the desk: by what people call a record, among those that the person may see."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest

LONGEST_TERM = 200


class Searched:
    """A list with a search box, for a DeskAdmin.

    `ways_to_find` returns the ways to look for a term, the likeliest first; the first that finds anything
    counts, so that each goes by its own index. Whole terms only: sealed text has no order to search by, and
    `nothing_found` says so. No accounts either: who looks for a person without a case has no reason to (abuse
    case INS-01), and what is searched stands in the address of the page (ASVS V14.2.1).
    """

    # Django shows the box where this names something; `ways_to_find` says what is looked in.
    search_fields: Any = ("pk",)
    nothing_found: ClassVar[str] = (
        "Nothing that you may see has exactly this. Names, accounts, content and an agency's own reference "
        "are sealed and cannot be searched; look for our whole reference."
    )

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:
        """Return the conditions under which a record is what was looked for."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by the whole term, among what the person may see."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.none()
        if len(term) <= LONGEST_TERM and "\x00" not in term:
            for way in self.ways_to_find(request, term):
                found = queryset.filter(way)
                if found.exists():
                    break
        return found, False
