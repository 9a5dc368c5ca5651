"""The ledger on the desk: to read, by those whose role says so."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.functional import cached_property
from django.utils.html import format_html

from coordination.core.rules import Records, Rule, holders, nobody
from coordination.ledger import reading
from coordination.ledger.filters import ActionFilter, PersonFilter, WhenFilter, find
from coordination.ledger.models import Leaf
from coordination.ledger.proofpages import ProofPages

if TYPE_CHECKING:
    _Paginator = Paginator[Leaf]
else:
    _Paginator = Paginator


class _Capped(_Paginator):
    """Counts to 10,001 and no further: counting 50 million rows takes longer than reading the page."""

    @cached_property
    def count(self) -> int:
        """How many entries the list goes through; older ones are found by their record."""
        rows: QuerySet[Leaf] = self.object_list  # type: ignore[assignment]
        return rows.order_by().values("pk")[:10_001].count()


@admin.register(Leaf)
class LeafAdmin(ProofPages):
    """Entries, newest first. Nothing here can be added, changed or deleted, and no role could allow it.

    Who may read is the permission ledger.view_leaf (coordination/access/roles.py).
    """

    list_display = ("at", "action", "about", "by")
    list_filter = (ActionFilter, PersonFilter, ("recorded_at", WhenFilter))
    search_fields = ("subject__exact",)
    search_help_text = "The whole reference of a record, such as R-7F3K-9QWD; its messages are found with it."
    ordering = ("-id",)
    fields = ("at", "action", "about", "by", "entry_as_text", "hash", "proven")
    readonly_fields = fields
    change_list_template = "ledger/entries.html"
    actions = None
    show_full_result_count = False
    paginator = _Capped
    list_per_page = 50

    def rules(self) -> dict[str, dict[str, Rule]]:
        """Return who is let in, by route and verb: this page stands below the base of the desk's pages."""
        read = holders("ledger.view_leaf", sees="ledger.view_leaf", records=Records.ALL)
        look, never = holders("ledger.view_leaf"), nobody("Entries come with the deed and stay as they are.")
        return {
            "changelist": {"GET": look, "POST": look},
            "change": {"GET": read, "POST": never},
            **self.proof_rules(),
        }

    def get_urls(self) -> list[URLPattern]:
        """Leave the list and the page of one entry: the others would add, change or delete."""
        kept = ("_changelist", "_change")
        theirs = [each for each in super().get_urls() if each.name and each.name.endswith(kept)]
        return [*self.proof_urls(), *theirs]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Leaf], search_term: str
    ) -> tuple[QuerySet[Leaf], bool]:
        """Find by the whole reference of a record, with what belongs to it."""
        return find(queryset, search_term, by=request.user), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Give the rows of this page their names and addresses, all at once."""
        shown = super().get_changelist_instance(request)
        shown.result_list = reading.prepare(shown.result_list, request, self.admin_site)
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Leaf | None:
        """Return one entry with its name and address."""
        found = super().get_object(request, object_id, from_field)
        return reading.prepare([found], request, self.admin_site)[0] if found is not None else None

    @admin.display(description="time (UTC)")
    def at(self, leaf: Leaf) -> str:
        """When, in UTC, to the second."""
        written = f"{leaf.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        return format_html('<time datetime="{}">{} UTC</time>', leaf.data["at"], written)

    @admin.display(description="subject")
    def about(self, leaf: Leaf) -> str:
        """The record as the entry names it, a link where the reader may see it, and what people call it."""
        page, called = getattr(leaf, "page", ""), getattr(leaf, "called", "")
        raw = format_html('<a href="{}">{}</a>', page, leaf.subject) if page else leaf.subject
        return format_html('{} <span class="quiet">{}</span>', raw, called) if called else raw

    @admin.display(description="by")
    def by(self, leaf: Leaf) -> str:
        """Who did it, by name."""
        return str(getattr(leaf, "actor", leaf.data["by"]))

    @admin.display(description="entry, canonical JSON as it was hashed")
    def entry_as_text(self, leaf: Leaf) -> str:
        """The canonical bytes as text."""
        return format_html('<code class="prose">{}</code>', bytes(leaf.entry).decode())

    @admin.display(description="leaf hash (RFC 9162)")
    def hash(self, leaf: Leaf) -> str:
        """The leaf's hash in hexadecimal."""
        return bytes(leaf.leaf_hash).hex()

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer 404 for an entry that is not there (Django's own sends one home with a message)."""
        if self.has_view_permission(request) and self.get_object(request, object_id) is None:
            raise Http404
        return super().change_view(request, object_id, *args, **kwargs)

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:  # noqa: ARG002
        """Take from the address what the filters say, and no other column."""
        return lookup in {"action", "by", "recorded_at__gte", "recorded_at__lt"}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Ask the table of roles."""
        return request.user.is_active and request.user.has_perm("ledger.view_leaf")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the section to those who may read it."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: entries come with the deed they record."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Refuse."""
        return False
