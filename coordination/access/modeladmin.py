"""The base of every page of the desk: read-only unless said otherwise, rights by role, no delete."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import DateTimeField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.functional import cached_property

from coordination.access import markup
from coordination.access import services as access
from coordination.access.services import User
from coordination.core import identifiers
from coordination.core.errors import (
    Conflict,
    CoordinationError,
    IllegalTransition,
    InvalidInput,
    NotFound,
    NotPermitted,
    Refused,
    Unavailable,
)
from coordination.core.fields import SealedField
from coordination.core.rules import Records, Rule, holders, nobody

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

MOST_COUNTED = 10_001
# How the filters of a list spell what was chosen.
FILTER_ENDS = ("", "__exact", "__isnull", "__id__exact")
logger = logging.getLogger(__name__)

WHAT_TO_DO: dict[type[CoordinationError], str] = {
    InvalidInput: "Mend it and try again.",
    IllegalTransition: "Look at its state: somebody may have acted before you.",
    Refused: "Take another way that the rule allows, or ask counsel.",
    NotPermitted: "Ask somebody whose role allows it.",
    NotFound: "Check the reference.",
    Conflict: "Open the page again and look before you decide.",
    Unavailable: "Try again in a minute; if it stays so, tell the administrator.",
}


def person(request: HttpRequest) -> User:
    """Return who is signed in; nobody else gets as far as this."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def tell(request: HttpRequest, error: CoordinationError) -> None:
    """Say what happened, that nothing was saved, what to do, and a reference that the log has too.

    What a rule forbids is marked on the request: the edge records it (coordination/rest/refusals.py).
    """
    reference = identifiers.reference("E")
    logger.info("%s %s at %s", reference, type(error).__name__, request.path)
    what = str(error)
    if isinstance(error, InvalidInput):
        what = " ".join(map(_in_words, error.errors))
    if isinstance(error, Refused) and error.citation and error.citation not in what:
        what = f"{what} ({error.citation})"
    if isinstance(error, Refused | NotPermitted):
        request.refused = getattr(error, "rule", "") or "not-permitted"  # type: ignore[attr-defined]
    next_step = next((text for kind, text in WHAT_TO_DO.items() if isinstance(error, kind)), "")
    messages.error(request, f"{what} Nothing was saved. {next_step} ({reference})")


def only_used(urls: list[URLPattern], *, adds: bool) -> list[URLPattern]:
    """Return those of Django's routes for a kind of record that have a use: records end by their workflow.

    Its redirect to a record's page goes too: it has no name, and nothing leads there.
    """
    ends = ("_delete", "_history") if adds else ("_delete", "_history", "_add")
    return [each for each in urls if each.name and not each.name.endswith(ends)]


def _in_words(error: InvalidInput) -> str:
    """Say what is wrong after the name of its field; what stands in a row of the page names itself."""
    named = error.field and "." not in error.field
    return f"{error.field.replace('_', ' ').capitalize()}: {error}" if named else str(error)


class CappedPaginator(_Paginator):
    """Pages that count no further than anybody turns them: a full count took 146 ms at a million rows."""

    @cached_property
    def count(self) -> int:
        """Count up to MOST_COUNTED."""
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count()) if hasattr(rows, "order_by") else len(rows)


class _ByReference(ChangeList):
    def url_for_result(self, result: Any) -> str:
        """Link to the record by what people call it."""
        lookup: str = self.model_admin.lookup  # type: ignore[attr-defined]
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=(quote(str(getattr(result, lookup))),))


class InWords(admin.FieldListFilter):
    """A filter whose choices are words, as everywhere on the desk."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = markup.words(self.title)

    def choices(self, changelist: Any) -> Any:
        """Say each choice in words."""
        for each in super().choices(changelist):
            yield {**each, "display": markup.words(each["display"])}


class ChoicesInWords(InWords, admin.ChoicesFieldListFilter):
    """By one of the choices of a field."""


class RelatedInWords(InWords, admin.RelatedFieldListFilter):
    """By a record that others hang on, such as a role."""


class ValuesInWords(InWords, admin.AllValuesFieldListFilter):
    """By a value that some record has, such as a channel."""


def _in_words_filter(field: Any) -> Any:
    if field.is_relation:
        return RelatedInWords
    if field.choices:
        return ChoicesInWords
    return ValuesInWords if field.get_internal_type() == "CharField" else None


class DeskAdmin(ModelAdmin):
    """One kind of record on the desk.

    `view_permission`, `add_permission`, `change_permission` read <slice>.<codename>; the last two are empty
    where nobody adds or changes here. `visible_to` narrows to what one person may see, and `records` says so
    in words: a record outside it answers 404, as a missing one does. `lookup` is the field that stands in
    addresses. A list reads no sealed column; `list_defer` names what else it leaves.
    """

    view_permission = ""
    add_permission = ""
    change_permission = ""
    records = Records.ALL
    lookup = "pk"

    actions: Any = ()
    list_per_page = 50
    list_defer: ClassVar[tuple[str, ...]] = ()
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    save_on_top = False

    def rules(self) -> dict[str, dict[str, Rule]]:
        """Return who is let in, by the end of the route's name and the verb."""
        see, look = self.rule_for(self.needed), holders(self.needed)
        add = holders(self.add_permission) if self.add_permission else nobody("Nobody adds one by hand.")
        change = nobody("Nobody changes one by hand.")
        if self.change_permission:
            change = self.rule_for(self.change_permission)
        return {
            "changelist": {"GET": look, "POST": look},
            "add": {"GET": add, "POST": add},
            "change": {"GET": see, "POST": change},
        }

    def get_urls(self) -> list[URLPattern]:
        """Leave out what nobody here may: deleting, Django's own history, and adding where nobody adds."""
        return only_used(super().get_urls(), adds=bool(self.add_permission))

    def rule_for(self, permission: str) -> Rule:
        """Return the rule of what is about one of these records."""
        return holders(permission, sees=self.needed, records=self.records)

    @property
    def needed(self) -> str:
        """The permission to see these records."""
        return self.view_permission or f"{self.opts.app_label}.view_{self.opts.model_name}"

    def visible_to(self, user: Any) -> QuerySet[Any]:  # noqa: ARG002 - for overriding
        """Return what `user` may see; the permission was checked before."""
        everything: QuerySet[Any] = self.model._default_manager.all()  # noqa: SLF001 - documented by Django
        return everything

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Start from what the person may see, never from the whole table."""
        rows = self.visible_to(request.user)
        match = request.resolver_match
        if match and (match.url_name or "").endswith("_changelist"):
            sealed = [field.name for field in self.opts.fields if isinstance(field, SealedField)]
            rows = rows.defer(*sealed, *self.list_defer)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:  # noqa: ARG002
        """Return the record that `lookup` names, among those the person may see, or None."""
        try:
            return self.get_queryset(request).get(**{self.lookup: object_id})
        except (self.model.DoesNotExist, ValueError, TypeError, ValidationError):
            return None

    def record_of(self, request: HttpRequest, object_id: str) -> Any:
        """Return the record, or raise Http404: a foreign one and a missing one answer alike."""
        record = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if record is None:
            raise Http404
        return record

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer 404 for what is not there to see (Django's own sends one home with a message)."""
        self.record_of(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list under the name of what it lists."""
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:  # noqa: ARG002
        """Take from the address what the filters of the list say, and no other column."""
        names = [each for each in self.list_filter or () if isinstance(each, str)]
        return lookup in {f"{name}{end}" for name in names for end in FILTER_ENDS}

    def get_list_display(self, request: HttpRequest) -> Any:
        """Let a column of times say their zone, as every time of the desk does."""
        times = {each.name: each for each in self.opts.fields if isinstance(each, DateTimeField)}
        shown = super().get_list_display(request)
        return [markup.column(times[each]) if each in times else each for each in shown]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Let a filter by codes speak in words."""
        found: list[Any] = []
        for name in super().get_list_filter(request):
            spoken = _in_words_filter(self.opts.get_field(name)) if isinstance(name, str) else None
            found.append((name, spoken) if spoken else name)
        return found

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[ChangeList]:  # noqa: ARG002
        """Use the list that links by reference."""
        return _ByReference

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the section to those who may see its records."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Ask the table of roles."""
        return access.has(request.user, self.needed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the table of roles; nobody adds where no permission is named."""
        return bool(self.add_permission) and access.has(request.user, self.add_permission)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Ask the table of roles; nobody changes where no permission is named."""
        return bool(self.change_permission) and access.has(request.user, self.change_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Refuse: records end by their workflow and by retention, never by hand."""
        return False

    def perform(self, request: HttpRequest, deed: Callable[[], object], *, done: str) -> bool:
        """Call a service; say what was done, or what went wrong and that nothing was saved."""
        try:
            deed()
        except CoordinationError as error:
            tell(request, error)
            return False
        messages.success(request, done)
        return True

    # Django's own log of admin actions stays empty: services write the ledger, in the deed's transaction.
    def log_addition(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Write nothing."""

    def log_change(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Write nothing."""

    def log_deletions(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Write nothing."""
