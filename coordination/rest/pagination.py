"""Paging by cursor: the cost of a page does not grow with its distance from the start."""

import re
from typing import Any

from django.core.exceptions import ValidationError as InvalidPosition
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Newest first, 50 a page, up to 100 by `limit`. A view over other columns declares `page_ordering`.

    Stable while rows arrive: a page continues after the last row seen, so nothing is skipped or shown twice.
    """

    ordering = ("-created_at", "-pk")
    page_size_query_param = "limit"
    max_page_size = 100
    parameters = frozenset({"cursor", "limit"})
    cursor_query_description = "Where to go on: taken from `next` or `previous` of another page."
    page_size_query_description = "How many results, from 1 to 100."

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Return the view's `page_ordering`, or newest first."""
        return tuple(getattr(view, "page_ordering", None) or self.ordering)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Say how large a page may be."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for each in parameters:
            if each["name"] == self.page_size_query_param:
                each["schema"] = {"type": "integer", "minimum": 1, "maximum": self.max_page_size}
            if each["name"] == self.cursor_query_param:
                each["schema"] = {"type": "string", "format": "cursor"}
        return parameters

    def get_page_size(self, request: Request) -> int | None:
        """Return the page size; a `limit` that is not a number from 1 to 100 is an error, not a guess."""
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        if not re.fullmatch("[1-9][0-9]{0,2}", given) or int(given) > self.max_page_size:
            raise ValidationError({"limit": f"A whole number from 1 to {self.max_page_size}."})
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Return one page; a broken cursor is a bad request, not a missing page and not a crash."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, InvalidPosition):
            raise ValidationError({"cursor": "Not a cursor of this list."}) from None
