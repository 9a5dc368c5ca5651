"""A flag as the platform posts it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from coordination.access.services import User
from coordination.triage import services
from coordination.triage.jobs import mark_coordinated
from coordination.triage.models import Flag
from coordination.triage.services.coordinated import TASK

FLAG: dict[str, Any] = {
    "external_id": "lc-2026-000117",
    "source": "classifier",
    "category": "mass_casualty",
    "content": "On Monday they will all know my name.",
    "content_at": datetime(2026, 11, 20, 23, 12, tzinfo=UTC),
    "content_zone": "America/Denver",
    "account": "acct-7731",
    "provenance": "observed",
    "score": 0.94,
    "classifier": "harm",
    "classifier_version": "3.2",
    "context": "Asked before for the timetable of a school.",
    "identifiers": [{"kind": "payment_token", "value": "tok-55", "provenance": "observed"}],
    "files": [{"name": "map.png", "sha256": "0" * 64}],
}

# What a person finds in it; for high severity who decides may say so with the decision.
FOUND: dict[str, Any] = {
    "level": "high",
    "threat_type": "direct",
    "target": "present",
    "target_note": "The school of the county.",
    "target_provenance": "inferred",
    "means": "unknown",
    "timing": "present",
    "timing_note": "Monday.",
    "timing_provenance": "claimed_by_user",
    "danger_to_others": True,
}

Receive = Callable[..., Flag]
Report = Callable[..., Flag]


def look_for_coordinated() -> None:
    """Run the jobs that look for reports that look coordinated, as a worker would."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = %s RETURNING args", [TASK])
        for (arguments,) in cursor.fetchall():
            mark_coordinated(**(json.loads(arguments) if isinstance(arguments, str) else arguments))


@pytest.fixture(autouse=True)
def _ready(packs: None) -> None:
    """Criteria in force."""


@pytest.fixture
def receive(platform_system: User) -> Receive:
    """Receive a flag: `receive()`, `receive(category="stalking", external_id="lc-2")`."""
    return lambda **changes: services.receive(by=platform_system, **{**FLAG, **changes})[0]


@pytest.fixture
def report(receive: Receive) -> Report:
    """Receive the report of a user: `report(reporter="u-1", content="…")`."""
    count = iter(range(1000))

    def make(**changes: Any) -> Flag:
        number = next(count)
        said = {"external_id": f"r-{number}", "source": "user_report", "classifier": "", "identifiers": []}
        said |= {"category": "other", "provenance": "claimed_by_user", "content": f"Report {number} of mine."}
        flag = receive(**{**said, "reporter": f"u-{number}", **changes})
        look_for_coordinated()
        return flag

    return make
