"""The kit under the settings of production: public addresses over TLS only, unless a test says otherwise."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coordination.channels.kit import KitSettings, configure, current
from coordination.channels.testing import FakePartner

Configure = Callable[..., KitSettings]


@pytest.fixture(autouse=True)
def kit() -> Iterator[Configure]:
    """Set the kit's settings for one test."""
    before = current()

    def change(**values: Any) -> KitSettings:
        settings = KitSettings(**values)
        configure(settings)
        return settings

    change()
    yield change
    configure(before)


@pytest.fixture
def loopback(kit: Configure) -> None:
    """Let channels reach loopback without TLS, and wait half a second for it."""
    kit(allowed_networks=("127.0.0.0/8", "::1/128"), allow_plain_http=True, http_seconds=0.5)


@pytest.fixture
def partner(loopback: None) -> Iterator[FakePartner]:
    with FakePartner() as started:
        yield started
