"""What the tests of cases share."""

from datetime import timedelta

import pytest

from coordination.cases import services
from coordination.cases.models import Case, Deadline
from coordination.core import clock


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
