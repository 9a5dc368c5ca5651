"""Every hook and every system check is explained in the documentation and tried by a test."""

import ast
import inspect
import re
from functools import cache

import pytest

from coordination.channels import hookspecs
from tests.architecture.source import ROOT, files, tree

HOOKS = [
    name
    for name, each in vars(hookspecs).items()
    if inspect.isfunction(each) and hasattr(each, f"{hookspecs.PROJECT}_spec")
]
_WHOLE = re.compile(r"coordination\.[a-z]+\.[EW]\d{3}")
_SHORT = re.compile(r'_problem\(\s*"([EW]\d{3})"')


def _check_ids() -> set[str]:
    found: set[str] = set()
    for path in files("coordination"):
        text = path.read_text()
        found |= set(_WHOLE.findall(text))
        found |= {f"coordination.channels.{number}" for number in _SHORT.findall(text)}
    return found


@cache
def _documentation() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))


@cache
def _tests() -> str:
    return "\n".join(path.read_text() for path in files("tests", "plugins") if "test" in path.name)


def test_there_are_hooks_and_checks() -> None:
    assert len(HOOKS) == 4
    assert len(_check_ids()) > 10


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_documented_with_its_signature(hook: str) -> None:
    source = tree(ROOT / "coordination/channels/hookspecs.py").body
    spec = next(each for each in source if isinstance(each, ast.FunctionDef) and each.name == hook)
    assert f"`{hook}({ast.unparse(spec.args)})" in (ROOT / "docs/channels.md").read_text()


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_named_in_a_test(hook: str) -> None:
    assert hook in _tests().replace((ROOT / "tests/architecture/test_documented.py").read_text(), "")


@pytest.mark.parametrize("check", sorted(_check_ids()))
def test_a_check_is_documented_and_tried(check: str) -> None:
    number = check.rpartition(".")[2]
    assert check in _documentation() or number in (ROOT / "docs/channels.md").read_text()
    assert check in _tests() or f'"{number}"' in _tests()
