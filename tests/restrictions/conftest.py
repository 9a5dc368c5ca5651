"""Policy in force, a restriction as intake imposes it, and the way to a lift."""

from collections.abc import Callable

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Restriction, RiskAssessment
from tests.people import Cast
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


WORDS = {
    "findings": "No further signs in four weeks; the account was dormant.",
    "protective_factors": "A family that knows; treatment began.",
    "reasons": "What was feared did not come about.",
    "reopens_when": "Any new flag.",
}


@pytest.fixture
def signers(cast: Cast) -> list[User]:
    """Two who may sign and had no part in anything."""
    return [
        cast("senior_reviewer", username="first_signer"),
        cast("counsel", username="second_signer"),
    ]


@pytest.fixture
def asked(automatic: Restriction, liaison: User) -> RiskAssessment:
    """A lift that was asked for."""
    return services.ask_lift(automatic, by=liaison, reason="The user wrote to us.")


@pytest.fixture
def assessed(asked: RiskAssessment, signers: list[User]) -> RiskAssessment:
    """A completed assessment that nobody signed."""
    return services.assess(asked, by=signers[0], **WORDS)


@pytest.fixture
def signed(assessed: RiskAssessment, signers: list[User]) -> RiskAssessment:
    """An assessment that two others signed."""
    for each in signers:
        services.sign(assessed, by=each, digest=assessed.digest)
    return assessed
