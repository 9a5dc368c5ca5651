"""The second wall has no gap: not in a table that belongs to an agency, and not in a route for partners."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import ForeignKey
from django.urls import URLPattern, URLResolver, get_resolver

from coordination.access.services import Scope
from coordination.core import grants
from coordination.partners.api import PartnerView
from coordination.rest.permissions import declared_rule

METHODS = ("get", "post", "put", "patch", "delete")
PARTNERS_SCOPES = {Scope.READ, Scope.RESPOND, Scope.SUBMIT}
# Views that an officer's token opens outside the wall, each with the reason why that is right.
NOTHING_OF_AN_AGENCY = {"coordination.rest.openapi.Document": "The OpenAPI document: it reads no table."}


def _api(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every route of the API with its view."""
    for each in resolver.url_patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _api(each, route)
        elif isinstance(each, URLPattern) and hasattr(each.callback, "cls"):
            yield route, each.callback.cls


MODELS = list(apps.get_models(include_auto_created=True))
FOR_PARTNERS = [
    (method, route, view)
    for route, view in _api(get_resolver())
    for method in METHODS
    if hasattr(view, method)
    and (rule := declared_rule(view, method.upper()))
    and rule.scope in PARTNERS_SCOPES
    and f"{view.__module__}.{view.__qualname__}" not in NOTHING_OF_AN_AGENCY
]


def _agencies_tables() -> dict[str, Any]:
    agency = apps.get_model("partners", "Agency")
    return {
        model._meta.db_table: model
        for model in MODELS
        if model is agency
        or any(
            isinstance(field, ForeignKey) and field.related_model is agency
            for field in model._meta.get_fields()
        )
    }


@pytest.mark.parametrize("table", sorted(_agencies_tables()))
def test_a_table_that_belongs_to_an_agency_has_a_policy(table: str) -> None:
    assert table in grants.OWN_ROWS, (
        f"{table} has an agency: say in coordination/core/grants.py (OWN_ROWS) whose its rows are, "
        "or the first forgotten filter shows them to every partner."
    )


def test_a_new_table_of_an_agency_without_a_policy_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(grants.OWN_ROWS, "inbox_inboundmessage")
    assert set(_agencies_tables()) - grants.OWN_ROWS.keys() == {"inbox_inboundmessage"}


def test_the_partner_role_is_granted_no_table_without_a_policy() -> None:
    partner = grants.RIGHTS["partner"]
    assert partner.ordinary == grants.NOTHING
    assert not partner.tables, "columns are named one by one"
    assert partner.columns.keys() <= partner.rows.keys() == grants.RIGHTS["app"].rows.keys()


def test_there_are_routes_for_partners() -> None:
    assert len(FOR_PARTNERS) >= 5


@pytest.mark.parametrize(
    ("method", "route", "view"), FOR_PARTNERS, ids=[f"{m} {r}" for m, r, _ in FOR_PARTNERS]
)
def test_a_route_for_partners_is_behind_the_wall(method: str, route: str, view: Any) -> None:
    assert issubclass(view, PartnerView), (
        f"{method} {route}: derive from coordination.partners.api.PartnerView"
    )
