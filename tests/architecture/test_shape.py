"""The shape of the source: what is public is explained, files fit in the eye."""

import ast

from tests.architecture.source import ROOT, files, name_of, tree

LONGEST = 400
SERVICES = [
    path for path in files("coordination") if path.stem == "services" or path.parent.name == "services"
]


def test_every_service_says_what_it_does() -> None:
    silent = [
        f"{name_of(path)}: {node.name}"
        for path in SERVICES
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_service_takes_its_arguments_by_name() -> None:
    """The subject comes first; what follows is named, so that nobody swaps a reason and a reference."""
    loose = [
        f"{name_of(path)}: {node.name}"
        for path in SERVICES
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and "transaction.atomic" in [ast.unparse(each) for each in node.decorator_list]
        and len(node.args.args) > 2
    ]
    assert loose == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in files("coordination", "plugins", "tests", "benchmarks")
        if path.read_text().strip() and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_no_file_is_longer_than_the_eye() -> None:
    long = {
        name_of(path): lines
        for path in files("coordination", "plugins", "tests", "benchmarks")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_a_slice_has_a_folder_of_tests() -> None:
    slices = {path.parent.name for path in (ROOT / "coordination").glob("*/apps.py")}
    assert {name for name in slices if not list((ROOT / "tests" / name).glob("test_*.py"))} == set()
