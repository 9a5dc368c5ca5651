"""Policy in force, and a restriction as intake imposes it."""

from collections.abc import Callable

import pytest

from coordination.cases.services import Case
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Restriction
from tests.world import ACCOUNT

Impose = Callable[..., Restriction]


@pytest.fixture(autouse=True)
def _ready(packs: None) -> None:
    """A ladder and clocks in force."""


@pytest.fixture
def automatic(case: Case) -> Restriction:
    """What a flag of high severity brings by itself."""
    found = selectors.on_intake()
    assert found is not None
    return services.impose(
        case,
        account=ACCOUNT,
        step=found.step,
        reason="A flag of high severity.",
        authority=found.authority,
        about="triage.flag:1",
    )


@pytest.fixture
def impose(case: Case) -> Impose:
    """Impose as a person: `impose(liaison, "suspend_pending_review")`."""
    return lambda by, step="suspend_pending_review", **changes: services.impose(
        case,
        by=by,
        **{
            "account": ACCOUNT,
            "step": step,
            "reason": "It was threatened again.",
            "authority": "Terms of use, 4.2",
            **changes,
        },
    )
