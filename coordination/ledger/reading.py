"""What a page of the ledger shows beside the entries: who did it by name, and where its record is."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import reverse

from coordination.ledger.entries import SYSTEM
from coordination.ledger.models import Leaf


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where a kind of subject has its page: of which model, found by which field, named by which."""

    model: str
    key: str = ""  # that of the page's own address, where none is said
    name: str = ""


# By what a subject begins with. A reference reads C-7F3K-9QWD, anything else kind:id.
PAGES = {
    "C": Page(model="cases.case"),
    "D": Page(model="datarequests.datarequest"),
    "R": Page(model="referrals.referral"),
    "X": Page(model="evidence.exhibit"),
    "agency": Page(model="partners.agency", name="name"),
    "destination": Page(model="partners.destination", name="title"),
    "message": Page(model="outbox.delivery", key="message_id", name="message__reference"),
    "user": Page(model="access.user"),
}
PERSON = "user:"
_PERSON = re.compile(r"user:[1-9]\d{0,8}", re.ASCII)


def prepare(leaves: Iterable[Leaf], request: HttpRequest, site: AdminSite) -> list[Leaf]:
    """Return the entries with `actor`, `page` and `called` for showing.

    That is one query for all people, and one for each kind of record. People are named to everybody who reads
    the ledger, as in the column of who did it; a record, by name or reference, to who may see it.
    """
    rows = list(leaves)
    subjects = {row.subject for row in rows}
    persons = {int(each.removeprefix(PERSON)) for each in subjects if _PERSON.fullmatch(each)}
    names = people({row.data["by"] for row in rows} - {SYSTEM} | persons)
    pages = _pages(subjects, request, site)
    for row in rows:
        by = row.data["by"]
        row.actor = names.get(by, "the system" if by == SYSTEM else f"person {by}")  # type: ignore[attr-defined]
        page, called = pages.get(row.subject, ("", ""))
        if _PERSON.fullmatch(row.subject):
            called = names.get(int(row.subject.removeprefix(PERSON)), "")
        row.page, row.called = page, called  # type: ignore[attr-defined]
    return rows


def people(pks: Iterable[int] | None = None) -> dict[int, str]:
    """Return names by primary key: of these people, or of all."""
    found: Any = get_user_model()._default_manager.all()  # noqa: SLF001 - documented by Django
    rows = found if pks is None else found.filter(pk__in=list(pks))
    return {row.pk: f"{row.get_full_name() or row.get_username()}" for row in rows}


def _pages(subjects: set[str], request: HttpRequest, site: AdminSite) -> dict[str, tuple[str, str]]:
    """Return address and name of the records that this reader may see, and of no others."""
    by_kind: dict[str, dict[str, str]] = defaultdict(dict)
    for subject in subjects:
        kind, colon, key = subject.partition(":")
        by_kind[kind if colon else subject.partition("-")[0]][key or subject] = subject
    found = {}
    kinds = {page.model: kind for kind, page in PAGES.items()}
    for model, admin in site._registry.items():  # noqa: SLF001 - there is no other list of the desk's pages
        kind = kinds.get(model._meta.label_lower, "")  # noqa: SLF001
        wanted = by_kind[kind]
        if wanted and admin.has_view_permission(request):
            page, lookup = PAGES[kind], getattr(admin, "lookup", "pk")
            key = page.key or lookup
            rows = admin.get_queryset(request).filter(**{f"{key}__in": list(wanted)}).order_by()
            for known, at, called in rows.values_list(key, lookup, page.name or key):
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"  # noqa: SLF001
                found[wanted[str(known)]] = reverse(name, args=[at]), str(called) if page.name else ""
    return found
