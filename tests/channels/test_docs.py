"""docs/channels.md is test code: its examples run, and it says what the kit says."""

import ast
import dataclasses
import inspect
import os
import re
import subprocess
import sys
import tomllib
from enum import EnumType
from pathlib import Path
from typing import Any

import pytest

import coordination.channels as kit
from coordination.channels import hookspecs, registry, testing
from coordination.channels.hookspecs import PROJECT

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = (ROOT / "docs" / "channels.md").read_text()
EXAMPLES = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", GUIDE, flags=re.DOTALL)
HOOKS = [
    value
    for name, value in vars(hookspecs).items()
    if inspect.isfunction(value) and hasattr(value, f"{PROJECT}_spec")
]


def signature(thing: Any) -> str:
    """Return a signature with short names, as a person writes it."""
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", str(inspect.signature(thing)))
    text = re.sub(r"<factory>", "…", text)
    text = re.sub(r"<\w+\.(\w+): '[^']*'>", r"\1", text)
    return re.sub(r"\(self(?:, )?", "(", text).replace("'", "").replace(" -> None", "").replace("~T", "T")


def reference(name: str, thing: Any) -> list[str]:
    """Return the lines that the guide must hold for one public name."""
    if isinstance(thing, EnumType):
        return [f"{name}: " + ", ".join(each.name for each in thing)]
    if inspect.isfunction(thing):
        return [name + signature(thing)]
    if not inspect.isclass(thing) or issubclass(thing, BaseException):
        return [name]
    lines = [name]
    if dataclasses.is_dataclass(thing):
        lines = [
            name
            + "("
            + ", ".join(_field(each) for each in dataclasses.fields(thing) if each.name[0] != "_")
            + ")"
        ]
    verbs = [
        each
        for each in vars(thing).values()
        if inspect.isfunction(each) and not each.__name__.startswith("_")
    ]
    if thing.__module__.startswith("coordination"):
        lines += [
            f"{name}.{each.__name__}{signature(each)}" for each in verbs if "clean" not in each.__name__
        ]
    return lines


def _field(field: "dataclasses.Field[Any]") -> str:
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    return field.name if required else f"{field.name}=…"


PUBLIC = {name: getattr(kit, name) for name in kit.__all__}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_in_the_guide_with_its_signature(name: str) -> None:
    for line in reference(name, PUBLIC[name]):
        assert f"`{line}`" in GUIDE or f"\n{line}\n" in GUIDE, line


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook.__name__))
def test_every_hook_is_in_the_guide_with_its_exact_signature(hook: Any) -> None:
    assert f"\n### `{hook.__name__}{signature(hook)}`\n" in GUIDE


def test_every_hook_has_a_test() -> None:
    tests = (ROOT / "tests" / "channels" / "test_registry.py").read_text()
    for hook in HOOKS:
        assert f"def {hook.__name__}(" in tests


def test_every_check_id_is_in_the_guide() -> None:
    sources = [Path(inspect.getfile(registry)), Path(inspect.getfile(registry)).with_name("checks.py")]
    used = {match for each in sources for match in re.findall(r"\b([EW]00\d)\"", each.read_text())}
    assert used == set(re.findall(r"^\| `coordination\.channels\.([EW]00\d)`", GUIDE, flags=re.MULTILINE))


def test_every_name_of_the_testing_kit_is_in_the_guide() -> None:
    for name in testing.__all__:
        assert f"`{name}" in GUIDE, name


@pytest.mark.parametrize("name", ["Answer", "Request"])
def test_the_values_of_the_testing_kit_are_in_the_guide_with_their_fields(name: str) -> None:
    for line in reference(name, getattr(testing, name)):
        assert f"`{line}`" in GUIDE, line


def test_the_guide_prints_a_whole_distribution() -> None:
    [source] = re.findall(r"```toml\n# pyproject\.toml\n(.*?)```", GUIDE, flags=re.DOTALL)
    said = tomllib.loads(source)
    scaffold = (ROOT / "coordination/channels/scaffold/pyproject.toml.txt").read_text()
    whole = tomllib.loads(scaffold.replace("${dashed}", "county-portal").replace("${name}", "county_portal"))
    for part in ("build-system", "project"):
        assert said[part] == whole[part]
    assert said["tool"]["setuptools"]["py-modules"] == [EXAMPLES[0][0].removesuffix(".py")]


def test_the_guide_opens_with_a_whole_plugin_in_45_lines() -> None:
    name, source = EXAMPLES[0]
    assert name == "county_portal.py"
    assert len(source.splitlines()) <= 45
    assert GUIDE.index(source) < 1500


def test_the_examples_run(tmp_path: Path) -> None:
    for name, source in EXAMPLES:
        ast.parse(source)
        (tmp_path / name).write_text(source)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


if __name__ == "__main__":
    for each in sorted(PUBLIC):
        print("\n".join(f"- `{line}`" for line in reference(each, PUBLIC[each])))  # noqa: T201 - to paste
