"""An emergency approval by one person is looked at by others: each alert by the role that was asked."""

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core.errors import Refused
from coordination.referrals import services
from coordination.referrals.models import Referral
from tests.people import Cast, Glass
from tests.referrals.conftest import Draft, Seen

KINDS = ("break_glass_review", "break_glass_alert_duty_officer", "break_glass_alert_counsel")


@pytest.fixture
def alone(  # noqa: PLR0917 - fixtures
    draft: Draft,
    duty_officer: User,
    liaison: User,
    senior_reviewer: User,
    seen: Seen,
    break_glass: Glass,
) -> Referral:
    """Return a referral in which a senior reviewer wrote a part and that the duty officer approved alone."""
    referral = draft(by=duty_officer)
    services.revise(referral, by=senior_reviewer, feared="Another thing.")
    referral = services.submit(referral, by=liaison)
    break_glass(duty_officer)
    return services.approve(
        referral, by=duty_officer, digests=seen(referral), break_glass=True, reason="Nobody answers."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_ins_06_neither_who_approved_nor_who_wrote_nor_a_junior_ends_it(  # noqa: PLR0917 - fixtures
    kind: str, alone: Referral, duty_officer: User, senior_reviewer: User, liaison: User, reviewer: User
) -> None:
    task = cases.open_task(kind, alone.origin)
    assert task is not None
    for person in (duty_officer, senior_reviewer, liaison, reviewer):
        with pytest.raises(Refused):
            case_services.complete_task(task, by=person, outcome="Fine.")
        with pytest.raises(Refused):
            case_services.cancel_task(task, by=person, reason="Fine.")
    assert cases.open_task(kind, alone.origin) is not None


@pytest.mark.parametrize("role", [Role.COUNSEL, Role.DUTY_COUNSEL])
def test_counsels_alert_is_ended_by_counsel_alone(role: Role, alone: Referral, cast: Cast) -> None:
    task = cases.open_task("break_glass_alert_counsel", alone.origin)
    assert task is not None
    another = cast(Role.DUTY_OFFICER, username="another")
    with pytest.raises(Refused):
        case_services.complete_task(task, by=another, outcome="Fine.")
    case_services.complete_task(task, by=cast(role), outcome="The danger was stated; it stands.")


def test_another_person_of_the_role_ends_what_was_asked_of_it(alone: Referral, cast: Cast) -> None:
    roles = {"break_glass_review": Role.SENIOR_REVIEWER, "break_glass_alert_duty_officer": Role.DUTY_OFFICER}
    for kind, role in roles.items():
        task = cases.open_task(kind, alone.origin)
        assert task is not None
        case_services.complete_task(task, by=cast(role, username=f"second_{role}"), outcome="Looked at.")
        assert cases.open_task(kind, alone.origin) is None
