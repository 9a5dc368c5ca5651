"""The scanner: what it finds, and what it cannot be asked about, stays in quarantine."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.evidence import services
from coordination.evidence.models import Keeping
from tests.exhibits import WHY, Keep

# The test file of EICAR in two halves, so that no scanner takes this source for it.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.StreamRequestHandler):
    """Answers INSTREAM as clamd does."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\x00"
        content = b""
        while size := int.from_bytes(self.rfile.read(4)):
            content += self.rfile.read(size)
        self.wfile.write(b"stream: Eicar-Test FOUND\x00" if EICAR in content else b"stream: OK\x00")


@pytest.fixture
def clamd(settings: Any) -> Iterator[str]:
    with socketserver.TCPServer(("127.0.0.1", 0), Clamd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.CLAMD = f"127.0.0.1:{server.server_address[1]}"
        yield settings.CLAMD
        server.shutdown()
        thread.join()


def _scan() -> str:
    return Keeping.objects.get().scan


def test_without_a_scanner_an_exhibit_says_that_it_was_not_scanned(keep: Keep, settings: Any) -> None:
    settings.CLAMD = ""
    keep()
    assert _scan() == "not_scanned"


def test_clean_content_is_clean(keep: Keep, clamd: str, liaison: User) -> None:
    exhibit = keep(bytes(600_000))
    assert _scan() == "clean"
    assert b"".join(services.view(exhibit, by=liaison, why=WHY)) == bytes(600_000)


def test_par_07_what_the_scanner_finds_stays_in_quarantine(keep: Keep, clamd: str, liaison: User) -> None:
    exhibit = keep(b"x" * 300_000 + EICAR)
    assert _scan() == "infected"
    for deed in (services.view, services.copy_out):
        with pytest.raises(Refused) as refused:
            deed(exhibit, by=liaison, why=WHY)
        assert refused.value.rule == "evidence.quarantine"


def test_par_07_while_the_scanner_is_down_what_comes_in_stays_in_quarantine(
    keep: Keep, settings: Any, liaison: User, tmp_path: Path
) -> None:
    settings.CLAMD = str(tmp_path / "no-such.sock")
    exhibit = keep()
    assert _scan() == "scanner_down"
    with pytest.raises(Refused):
        services.release(
            exhibit.case_reference, references=[exhibit.reference], by=None, recipient="Harrow", why=WHY
        )


def test_it_is_asked_again_and_let_out(keep: Keep, settings: Any, clamd: str, liaison: User) -> None:
    settings.CLAMD = "127.0.0.1:9"
    exhibit = keep()
    settings.CLAMD = clamd
    assert services.rescan(exhibit, by=liaison) == "clean"
    assert services.view(exhibit, by=liaison, why=WHY)
