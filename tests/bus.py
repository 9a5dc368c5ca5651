"""What tests share that prepare and send messages."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from coordination.outbox.hosts import Pool
from tests import shelf

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@pytest.fixture
def packs(db: None) -> None:
    """The shipped policy packs, in force."""
    shelf.load(Path(settings.BASE_DIR) / "fixtures" / "policy")


@pytest.fixture
def signing_secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """The secret that the destinations of tests/world.py name."""
    monkeypatch.setenv("SECRET_TEST_SIGNING", SECRET)
    return SECRET


@pytest.fixture
def shared_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let destinations of one configuration share a host: a fresh one costs each test half a second."""
    use = Pool.use

    def shared(self: Pool, destination: int | str, spec: Any) -> Any:
        return use(self, "shared", spec)

    monkeypatch.setattr(Pool, "use", shared)
