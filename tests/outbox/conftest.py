"""The scripted plugin, loaded as any plugin is: by its entry point, from the allow-list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coordination.channels import registry
from coordination.channels.testing import FakePartner
from coordination.outbox import hosts
from tests.people import *  # noqa: F403

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Install the plugin of the tests beside the in-tree ones."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    settings.PLUGINS_ALLOWED = [*settings.PLUGINS_ALLOWED, "scripted_channel"]
    registry.survey.cache_clear()
    yield
    registry.survey.cache_clear()


@pytest.fixture(autouse=True)
def no_hosts_left() -> Iterator[None]:
    """End the hosts of a test with it."""
    yield
    hosts.pool().close()
    hosts.pool.cache_clear()


@pytest.fixture
def partner() -> Iterator[FakePartner]:
    """A real HTTP server that drops ids it has seen."""
    with FakePartner() as server:
        yield server
