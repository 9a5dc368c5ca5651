"""System checks of who is woken."""

from typing import Any

import pytest

from coordination.access.services import User
from coordination.oncall import checks, selectors, services
from tests.bus import SECRET


def _ids(found: list[Any]) -> list[str]:
    return [each.id for each in found]


def test_a_watchdog_with_nobody_to_tell_is_warned_of(settings: Any) -> None:
    assert checks.somebody_is_told() == []
    settings.PRODUCTION = True
    assert _ids(checks.somebody_is_told()) == ["coordination.oncall.W001"]
    settings.WATCHDOG = {**settings.WATCHDOG, "webhook": ["manager"]}
    assert checks.somebody_is_told() == []


def test_a_gateway_needs_an_address_and_a_key(settings: Any) -> None:
    assert checks.gateways_are_usable() == []
    settings.ONCALL_SMS_URL, settings.ONCALL_SMS_SECRET = "https://sms.platform.com/send", SECRET
    assert checks.gateways_are_usable() == []
    settings.ONCALL_SMS_SECRET = "secret"
    assert _ids(checks.gateways_are_usable()) == ["coordination.oncall.E001"]
    settings.ONCALL_SMS_URL = ""
    settings.WATCHDOG = {**settings.WATCHDOG, "ping_url": "ftp://monitor.example/"}
    assert _ids(checks.gateways_are_usable()) == ["coordination.oncall.E001"]


@pytest.mark.django_db
def test_nobody_on_call_who_can_be_reached_is_warned_of(settings: Any, rota: dict[str, User]) -> None:
    settings.PRODUCTION = True
    assert checks.somebody_is_woken(databases=["default"]) == []
    for person in rota.values():
        services.remove_way(selectors.ways_of(person).get(), by=person)
    assert _ids(checks.somebody_is_woken(databases=["default"])) == ["coordination.oncall.W002"]
    assert checks.somebody_is_woken(databases=None) == []
