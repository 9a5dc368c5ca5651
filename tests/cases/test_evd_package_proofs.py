"""EVD-07 and EVD-08 of packages: proofs outlive the content, and hold where the published vectors do."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases.packages import verify
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from tests.cases.conftest import Make
from tests.cases.package import check, trusting


def _vectors() -> list[Any]:
    place = os.environ.get("COORDINATION_STANDARDS_DIR", "")
    found = sorted(Path(place, "rfc6962/testdata/inclusion").rglob("*.json")) if place else []
    return [pytest.param(each, id="/".join(each.parts[-3:])) for each in found]


@pytest.mark.parametrize("vector", _vectors())
def test_evd_08_verify_py_accepts_an_inclusion_exactly_where_the_vector_does(vector: Path) -> None:
    told = json.loads(vector.read_text())
    leaf, root = (base64.b64decode(told[name] or "") for name in ("leafHash", "root"))
    path = [base64.b64decode(each) for each in told["proof"] or []]
    holds = verify.climb(leaf, told["leafIdx"], told["treeSize"], path) == root
    assert holds is not told["wantErr"]


def test_evd_07_a_package_made_before_an_erasure_still_verifies(
    make: Make, exhibits: list[Exhibit], counsel: User
) -> None:
    folder = make()
    evidence.erase(exhibits[0], by=counsel, why="Erasure under Art. 17 GDPR.")
    status, said = check(folder, *trusting(folder))
    assert status == 0, said
    entries = [path.read_text() for path in (folder / "data/ledger/entries").iterdir()]
    assert entries
    assert not any(word in entry for entry in entries for word in ("chat.txt", "Harrow", "reviewer of"))
