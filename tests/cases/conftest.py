"""What the tests of cases share."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import services
from coordination.cases.models import Case, Deadline
from coordination.cases.packages.certificate import Signature
from coordination.cases.services import packages
from coordination.core import clock
from coordination.evidence.services import Exhibit
from tests.cases.package import PASSPHRASE, Authority, TestLedger, own_key

COURT_ASKS = "Asked for by the court of Harrow County."
Make = Callable[..., Path]


@pytest.fixture
def deadline(case: Case) -> Deadline:
    """A clock of one hour on the case."""
    return services.start_deadline(
        case,
        code="policy.ack",
        title="Acknowledgement is due",
        citation="Own policy",
        due_at=clock.now() + timedelta(hours=1),
    )


@pytest.fixture
def exhibits(keep: Any) -> list[Exhibit]:
    return [keep(b"On Monday they will know.\n"), keep(b"%PDF-1.7\n" + bytes(900), filename="plan.pdf")]


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def signature(counsel: User, authority: Authority) -> Signature:
    return Signature(
        person=counsel,
        qualification="the custodian of records",
        pkcs12=own_key(counsel.get_full_name(), authority),
        passphrase=PASSPHRASE,
    )


@pytest.fixture
def trees(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a ledger of the test prove what goes into packages; its keys lie beside them."""
    (tmp_path / "tsa").mkdir()
    made_by = TestLedger(tmp_path / "tsa", authority)
    monkeypatch.setattr(packages, "GATHER", [made_by.gather])
    (tmp_path / "key").write_text(made_by.verifier_key)
    (tmp_path / "ca.pem").write_bytes(authority.pem())


@pytest.fixture
def make(case: Case, counsel: User, exhibits: list[Exhibit], trees: None, tmp_path: Path) -> Make:
    def made(name: str = "package", **more: Any) -> Path:
        folder = tmp_path / name
        said = {"by": counsel, "recipient": "Harrow County Court", "why": COURT_ASKS, **more}
        services.make_package(case, folder=folder, **said)
        return folder

    return made
