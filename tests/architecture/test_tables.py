"""A slice's tables are its own: nobody else imports its models or starts a query from one."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field, ForeignKey, ManyToManyField, OneToOneField
from grimp import build_graph

from tests.architecture.source import EDGES, ROOT, calls, files, name_of, ranks, slice_of, tree

SLICES = [name for name in ranks() if apps.is_installed(f"coordination.{name}")]
# Beside the services, each with the reason why.
WRITERS = {
    "coordination/access/models.py": "A token names itself when it is first saved, by whoever saves it.",
    "coordination/access/sessionstore.py": "Django's middleware saves and deletes sessions through it.",
    "coordination/access/stepup.py": "The form is allauth's; it tells receivers, and they a service.",
    "coordination/access/sync.py": "Groups follow the table of roles after a migration, as its owner.",
    "coordination/core/sealedcolumns.py": "Migrations seal a column that was plain through it.",
    "coordination/evidence/bucket.py": "Objects in a bucket, which are no rows; a service asks for it.",
    "coordination/ledger/anchoring.py": "What the authority outside answered, asked by the clock.",
    "coordination/outbox/polling.py": "When a partner was last asked; the answer goes to a service.",
}
WRITES = frozenset({"save", "create", "get_or_create", "update_or_create", "delete", "adelete", "asave"})


def test_no_slice_imports_the_models_of_another() -> None:
    graph = build_graph("coordination")
    found = [
        f"{importer} imports {models}"
        for models in sorted(graph.modules)
        if models.endswith(".models")
        and models.count(".") == 2
        and not models.startswith("coordination.core.")
        for importer in sorted(graph.find_modules_that_directly_import(models))
        if importer.split(".")[1] != models.split(".")[1]
    ]
    assert found == []


def test_no_query_starts_from_another_slices_model() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}: {node.value.id}.{node.attr}"
        for path in files("coordination")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("objects", "_default_manager", "_base_manager")
        and isinstance(node.value, ast.Name)
        and node.value.id in _foreign_names(path)
    ]
    assert found == []


def test_only_services_write() -> None:
    found = [
        f"{name_of(path)}:{call.lineno}: {ast.unparse(function)}"
        for path in files("coordination")
        if "services" not in (path.stem, path.parent.name) and name_of(path) not in WRITERS
        for call, function in calls(path)
        if _writes(call, function)
    ]
    assert found == []


def test_no_edge_is_let_off() -> None:
    assert all((ROOT / name).exists() for name in WRITERS)
    assert not {Path(name).stem for name in WRITERS} & EDGES


def test_only_access_writes_people() -> None:
    found = [
        f"{name_of(path)}:{call.lineno}: {ast.unparse(function)}"
        for path in files("coordination")
        if slice_of(path) != "access"
        for call, function in calls(path)
        if ast.unparse(function).startswith("User.objects") and _writes(call, function)
    ]
    assert found == []


def _foreign_names(path: Path) -> set[str]:
    """Return what a file imports of other slices. Reading people is shared; writing them is not."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("coordination.")
        for alias in node.names
        if (node.module or "").split(".")[1] not in (slice_of(path), "core")
    } - {"User"}


def _foreign_keys() -> list[Field]:  # type: ignore[type-arg]
    return [
        field
        for name in SLICES
        for model in apps.get_app_config(name).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | OneToOneField | ManyToManyField)
    ]


@pytest.mark.parametrize("field", _foreign_keys(), ids=str)
def test_a_foreign_key_points_down(field: ForeignKey) -> None:  # type: ignore[type-arg]
    ours, theirs = field.model._meta.app_label, field.related_model._meta.app_label
    if ours == theirs or theirs not in ranks():
        return
    assert ranks()[theirs] < ranks()[ours]


def _writes(call: ast.Call, function: ast.Attribute) -> bool:
    # core.bulk inserts too.
    if function.attr in WRITES or function.attr.startswith("bulk_") or ast.unparse(function.value) == "bulk":
        return "services" not in ast.unparse(function.value)
    # A dict has `update` too, with a mapping; a query takes names.
    return function.attr == "update" and bool(call.keywords) and not call.args
