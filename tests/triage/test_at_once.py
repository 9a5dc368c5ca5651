"""Flags that come at the same moment, on connections of their own."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.triage import services
from coordination.triage.models import Flag
from tests.triage.conftest import FLAG

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts in threads that start together; return what each gave."""
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            results[number] = act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_the_same_flag_at_once_is_one_flag_and_one_case(platform_system: User) -> None:
    results = _at_once(*[lambda: services.receive(by=platform_system, **FLAG)] * 4)
    assert sorted(created for _, created in results) == [False, False, False, True]
    assert Flag.objects.count() == Case.objects.count() == 1


def test_two_flags_of_one_account_at_once_share_a_case(platform_system: User) -> None:
    flags = [{**FLAG, "external_id": f"lc-{number}"} for number in range(4)]
    _at_once(*[lambda each=each: services.receive(by=platform_system, **each) for each in flags])
    assert Flag.objects.count() == 4
    assert Case.objects.count() == 1
