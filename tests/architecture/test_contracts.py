"""The import contracts of pyproject.toml hold, and each of them notices what it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, files, name_of

FORBIDDEN = {
    "Between slices, imports point down": ("coordination/partners/models.py", "coordination.cases.selectors"),
    "Inside a slice, imports point down": ("coordination/cases/models.py", "coordination.cases.services"),
    "The kit stands alone": ("coordination/channels/codec.py", "coordination.ledger.services"),
    "Plugins see only the kit": ("plugins/signed_webhook/channel.py", "coordination.core.clock"),
    "Plugins do not see each other": ("plugins/signed_webhook/forms.py", "plugins.counsel_email"),
    "The application imports no plugin": ("coordination/outbox/halt.py", "plugins.signed_webhook"),
}


def _lint(where: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(
        command, cwd=where, env={"PYTHONPATH": str(where)}, capture_output=True, text=True, check=False
    )


def test_the_contracts_hold() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in files("coordination", "plugins"):
        target = tmp_path / name_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", FORBIDDEN)
def test_a_contract_notices_what_it_forbids(copy: Path, contract: str) -> None:
    name, imported = FORBIDDEN[contract]
    with (copy / name).open("a") as file:
        file.write(f"\nimport {imported}\n")
    assert f"{contract} BROKEN" in _lint(copy).stdout


def test_a_slice_that_the_layout_does_not_name_is_noticed(copy: Path) -> None:
    (copy / "coordination/gossip").mkdir()
    (copy / "coordination/gossip/__init__.py").touch()
    assert "coordination.gossip" in _lint(copy).stdout
