"""A real time stamp authority, `openssl ts`, that answers over HTTP, and can be made to answer wrongly."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coordination.desk.demo import authority as real
from coordination.desk.demo.authority import POLICY, Authority

__all__ = ["POLICY", "Served", "Timestamps", "serving"]
Wrong = Callable[["Answering", bytes], None]


class Answering(real.Handler):
    """Answers as the authority does, or as a test says."""

    wrong: Wrong | None = None

    def answer(self, query: bytes) -> None:
        """Let the test answer, where it wants to."""
        type(self).queries.append(query)
        if (wrong := type(self).wrong) is not None:
            wrong(self, query)
        else:
            super().answer(query)

    queries: list[bytes] = []


@dataclass
class Served:
    """An authority that listens at `url`."""

    authority: Authority
    url: str
    handler: type[Answering]

    @property
    def queries(self) -> list[bytes]:
        """What it was asked."""
        return self.handler.queries

    def will(self, wrong: Wrong | None) -> None:
        """Answer so from now on; None for as it should."""
        self.handler.wrong = staticmethod(wrong) if wrong else None  # type: ignore[assignment]

    def will_send(self, content: bytes, kind: str = real.REPLY) -> None:
        """Answer with these bytes, whatever is asked."""
        self.will(lambda handler, _: handler.reply(content, kind))

    def will_hang(self, seconds: float) -> None:
        """Say nothing for a while."""
        self.will(lambda _, __: time.sleep(seconds))


@contextmanager
def serving(authority: Authority) -> Iterator[Served]:
    """Serve an authority on a port of its own."""
    handler = type("OneAnswering", (Answering,), {"queries": [], "wrong": None})
    server = real.server(authority, 0, handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    bound = server.RequestHandlerClass
    try:
        port = server.server_address[1]
        yield Served(authority, f"http://127.0.0.1:{port}/", bound)  # type: ignore[arg-type]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Timestamps = Served


@pytest.fixture
def timestamps(tmp_path: Path, settings: Any) -> Iterator[Served]:
    """Let the ledger be stamped by an authority of the test's own."""
    if shutil.which("openssl") is None:
        pytest.skip("the authority is made of the openssl command, which is not installed")
    made = Authority(tmp_path / "authority")
    with serving(made) as served:
        settings.LEDGER_AUTHORITY_URL = served.url
        settings.LEDGER_AUTHORITY_ROOTS = str(made.roots)
        settings.LEDGER_AUTHORITY_POLICY = POLICY
        yield served
