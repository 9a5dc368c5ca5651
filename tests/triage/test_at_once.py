"""Flags that come at the same moment."""

import pytest

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.triage import services
from coordination.triage.models import Flag
from tests.threads import at_once
from tests.triage.conftest import FLAG

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_flag_at_once_is_one_flag_and_one_case(platform_system: User) -> None:
    results = at_once(*[lambda: services.receive(by=platform_system, **FLAG)] * 4)
    assert sorted(created for _, created in results) == [False, False, False, True]
    assert Flag.objects.count() == Case.objects.count() == 1


def test_two_flags_of_one_account_at_once_share_a_case(platform_system: User) -> None:
    flags = [{**FLAG, "external_id": f"lc-{number}"} for number in range(4)]
    at_once(*[lambda each=each: services.receive(by=platform_system, **each) for each in flags])
    assert Flag.objects.count() == 4
    assert Case.objects.count() == 1
