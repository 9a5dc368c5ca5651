"""The stage, set once for all tests of a module: every call is undone before the next."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.outbox import hosts
from coordination.outbox.hosts import Pool
from coordination.policy import services as policy
from tests.bus import SECRET
from tests.exhibits import in_folder
from tests.routes import callers, stage
from tests.routes.callers import Caller
from tests.routes.stage import World


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A case that every team sees, one that none does, and who calls."""

    shared: World
    hidden: World
    callers: dict[str, Caller]


@pytest.fixture(scope="module")
def scene(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Set the stage in one transaction that ends in nothing."""
    # The factor was shown when the scene was set, and a slow machine walks for longer than it would count.
    kept = override_settings(
        STORAGES=in_folder(tmp_path_factory.mktemp("exhibits")), STEP_UP_WITHIN=timedelta(hours=6)
    )
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), kept:
        # Thousands of refusals, each a line with its traceback.
        patch.setattr(logging.getLogger("django.request"), "disabled", True)
        patch.setenv("SECRET_TEST_SIGNING", SECRET)
        use = Pool.use
        patch.setattr(Pool, "use", lambda self, destination, spec: use(self, "shared", spec))
        with transaction.atomic():
            policy.load(Path(settings.BASE_DIR) / "fixtures" / "policy")
            yield _scene()
            transaction.set_rollback(True)
        hosts.pool().close()
        hosts.pool.cache_clear()


def _scene() -> Scene:
    people: dict[str, User] = {
        name: access.create_person(name, by=None, roles=[role])
        for name, role in {
            "author": Role.SAFETY_LIAISON,
            "approver": Role.SENIOR_REVIEWER,
            "system": Role.PLATFORM_SYSTEM,
        }.items()
    }
    shared, hidden = stage.build("harrow", **people), stage.build("springfield", **people)
    stage.share(shared)
    stage.hide(hidden)
    calling = callers.everybody(
        shared["partners.agency"], hidden["partners.agency"], stage.suspended("elsewhere")
    )
    stage.add_what_takes_two()
    stage.add_compartment(shared, members=[Role.COUNSEL, Role.DUTY_COUNSEL, Role.VICTIM_LIAISON])
    stage.add_compartment(hidden, members=[])
    stage.add_tasks(shared, hidden)
    stage.add_rows_of_all(shared)
    stage.add_rows_of_all(hidden)
    return Scene(shared=shared, hidden=hidden, callers=calling)
