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
from coordination.core import clock
from coordination.evidence.services import Exhibit
from coordination.ledger import proofs
from tests.cases.package import PASSPHRASE, Authority, own_key
from tests.timestamps import Served

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
def trusted(tmp_path: Path, authority: Authority, timestamps: Served) -> None:
    """Put beside the packages what an outsider trusts: the ledger's key, and those of both authorities."""
    (tmp_path / "key").write_text("".join(f"{each}\n" for each in proofs.verifier_keys()))
    (tmp_path / "ca.pem").write_bytes(authority.pem() + timestamps.authority.roots.read_bytes())


@pytest.fixture
def make(case: Case, counsel: User, exhibits: list[Exhibit], trusted: None, tmp_path: Path) -> Make:
    def made(name: str = "package", **more: Any) -> Path:
        folder = tmp_path / name
        said = {"by": counsel, "recipient": "Harrow County Court", "why": COURT_ASKS, **more}
        services.make_package(case, folder=folder, **said)
        return folder

    return made
