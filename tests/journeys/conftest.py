"""The outside world of the journeys."""

from collections.abc import Iterator

import pytest

from coordination.channels.testing import FakePartner


@pytest.fixture
def sheriffs_system() -> Iterator[FakePartner]:
    """The sheriff's own system: a real HTTP server."""
    with FakePartner() as partner:
        yield partner
