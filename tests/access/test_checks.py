"""The check of the doors: no way in for the demo in production. The jobs, as Procrastinate knows them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from procrastinate.contrib.django import app
from pytest_django import Settings

from coordination.access import jobs, services
from coordination.access.checks import no_code_is_shown
from coordination.access.models import SignInFailure
from coordination.access.services import User
from coordination.core import clock


@pytest.mark.parametrize(("production", "shown"), [(True, True), (True, False), (False, True)])
def test_codes_on_the_page_are_an_error_in_production(
    settings: Settings, production: bool, shown: bool
) -> None:
    settings.PRODUCTION, settings.DEMO_SHOW_CODES = production, shown
    found = [each.id for each in no_code_is_shown()]
    assert found == (["coordination.access.E001"] if production and shown else [])
    assert ("coordination.access.E001" in [each.id for each in run_checks()]) == bool(found)


def test_the_jobs_are_known_and_run(db: None, liaison: User, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"access.disable_unused", "access.forget"}
    assert names <= set(app.tasks)
    assert names <= {each.task.name for each in app.periodic_registry.periodic_tasks.values()}
    called: list[Any] = []
    monkeypatch.setattr(services, "disable_unused", lambda: called.append("unused"))
    jobs.disable_unused(0)
    assert called == ["unused"]
    with clock.frozen(clock.now() - timedelta(days=31)):
        for _ in range(5):
            services.count_failure(liaison.username, kind="password")
            services.count_failure("no.such.person", kind="password")
    jobs.forget(0)
    assert not SignInFailure.objects.exists()
    assert services.is_locked(liaison.username), "a person's lock waits for an administrator"
    assert not services.is_locked("no.such.person")
