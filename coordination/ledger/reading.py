"""What a page of the ledger shows beside the entries: who did it by name, and where its record is."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import reverse

from coordination.ledger.entries import SYSTEM
from coordination.ledger.models import Leaf

# The page of what a subject begins with, by model. A reference reads C-7F3K-9QWD, anything else kind:id.
PAGES = {
    "C": "cases.case",
    "R": "referrals.referral",
    "agency": "partners.agency",
    "destination": "partners.destination",
    "user": "access.user",
}


def prepare(leaves: Iterable[Leaf], request: HttpRequest, site: AdminSite) -> list[Leaf]:
    """Return the entries with `actor` and `page` for showing: one query for all people, one for each kind."""
    rows = list(leaves)
    names = people({row.data["by"] for row in rows} - {SYSTEM})
    pages = _pages({row.subject for row in rows}, request, site)
    for row in rows:
        by = row.data["by"]
        row.actor = names.get(by, "the system" if by == SYSTEM else f"person {by}")  # type: ignore[attr-defined]
        row.page = pages.get(row.subject, "")  # type: ignore[attr-defined]
    return rows


def people(pks: Iterable[int] | None = None) -> dict[int, str]:
    """Return names by primary key: of these people, or of all."""
    found: Any = get_user_model()._default_manager.all()  # noqa: SLF001 - documented by Django
    rows = found if pks is None else found.filter(pk__in=list(pks))
    return {row.pk: f"{row.get_full_name() or row.get_username()}" for row in rows}


def _pages(subjects: set[str], request: HttpRequest, site: AdminSite) -> dict[str, str]:
    """Return the addresses of the records that this reader may see, and of no others."""
    by_kind: dict[str, dict[str, str]] = defaultdict(dict)
    for subject in subjects:
        kind, colon, key = subject.partition(":")
        by_kind[kind if colon else subject.partition("-")[0]][key or subject] = subject
    found = {}
    kinds = {label: kind for kind, label in PAGES.items()}
    for model, admin in site._registry.items():  # noqa: SLF001 - there is no other list of the desk's pages
        wanted = by_kind[kinds.get(model._meta.label_lower, "")]  # noqa: SLF001
        if wanted and admin.has_view_permission(request):
            lookup = getattr(admin, "lookup", "pk")
            rows = admin.get_queryset(request).filter(**{f"{lookup}__in": list(wanted)}).order_by()
            for key in rows.values_list(lookup, flat=True):
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"  # noqa: SLF001
                found[wanted[str(key)]] = reverse(name, args=[key])
    return found
