"""The ledger's page is for reading, by few."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from coordination.access.models import User
from coordination.ledger import services
from coordination.ledger.admin import LeafAdmin
from coordination.ledger.models import Leaf
from tests.doors import signed_in

PAGE = "/admin/ledger/leaf/"


@pytest.fixture
def leaf(db: None) -> Leaf:
    return services.record("cases.opened", subject="C-1", by=None, details={"severity": "high"})


@pytest.mark.parametrize(("role", "reads"), [("auditor", True), ("counsel", True), ("reviewer", False)])
def test_only_some_roles_read_the_ledger(request: pytest.FixtureRequest, role: str, reads: bool) -> None:
    asked = RequestFactory().get(PAGE)
    asked.user = request.getfixturevalue(role)
    page = LeafAdmin(Leaf, admin.site)
    assert page.has_view_permission(asked) is reads
    assert page.has_module_permission(asked) is reads


def test_nobody_adds_changes_or_deletes(auditor: User, leaf: Leaf) -> None:
    asked = RequestFactory().get(PAGE)
    asked.user = auditor
    page = LeafAdmin(Leaf, admin.site)
    assert not page.has_add_permission(asked)
    assert not page.has_change_permission(asked, leaf)
    assert not page.has_delete_permission(asked, leaf)
    assert page.get_actions(asked) == {}


def test_an_auditor_finds_an_entry_by_its_record(client: Client, auditor: User, leaf: Leaf) -> None:
    signed_in(auditor, client)
    services.record("cases.opened", subject="C-10", by=None)
    found = client.get(PAGE, {"q": "C-1"})
    assert found.status_code == 200
    assert list(found.context["cl"].queryset) == [leaf]
    shown = client.get(f"{PAGE}{leaf.pk}/change/")
    assert shown.status_code == 200
    assert bytes(leaf.leaf_hash).hex() in shown.content.decode()
