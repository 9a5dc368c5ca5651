"""The project's own source, as the tests of its architecture read it."""

import ast
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EDGES = frozenset({"forms", "admin", "api", "api_urls", "views", "receivers", "jobs", "selectors"})


def files(*folders: str) -> list[Path]:
    """Return the Python files under folders of the project, migrations aside."""
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    ]


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def name_of(path: Path) -> str:
    """Return a file's path inside the project."""
    return str(path.relative_to(ROOT))


def calls(path: Path) -> list[tuple[ast.Call, ast.Attribute]]:
    """Return every call of an attribute in a file: `a.b(...)`."""
    return [
        (node, node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def slice_of(path: Path) -> str:
    """Return the slice that a file of the application belongs to; "" for the project's own modules."""
    parts = path.relative_to(ROOT / "coordination").parts
    return parts[0] if len(parts) > 1 else ""


@cache
def ranks() -> dict[str, int]:
    """Return how high each slice stands, from the import contract: a slice sees what stands lower."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(each["layers"] for each in contracts if each.get("exhaustive"))
    return {
        name.strip(" ()"): rank
        for rank, layer in enumerate(reversed(layers))
        for name in layer.replace("|", ":").split(":")
    }
