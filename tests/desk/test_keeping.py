"""What is said of how long things are kept is true of every table, and the jobs do it to the minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from coordination.access import jobs as doors
from coordination.access import services as access
from coordination.access.models import DeskSession, LockOut, SignInFailure
from coordination.access.services import User
from coordination.core import clock, generated
from coordination.desk import keeping
from coordination.rest import jobs as rest
from coordination.rest import services as rest_services
from coordination.rest.models import Refusal, SeenNonce

TABLES = sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)})
# Of no model: Django's own, the cache, and a library's that our tokens take the place of.
OTHERS = {"django_migrations", "access_cache", "knox_authtoken"}


@pytest.mark.parametrize("table", TABLES)
def test_V14_1_2_of_every_table_it_is_said_once_how_long_it_is_kept(table: str) -> None:
    assert len(keeping.kinds_of(table)) == 1


def test_every_table_of_the_database_is_of_a_model_or_named_here(db: None) -> None:
    assert {each for each in connection.introspection.table_names() if each not in TABLES} <= OTHERS


def test_every_kind_has_a_table() -> None:
    claimed = {each.what for table in TABLES for each in keeping.kinds_of(table)}
    assert {each.what for each in keeping.kinds()} == claimed


def test_the_documentation_shows_it() -> None:
    assert generated.section("docs/security.md", "keeping") == keeping.as_markdown(), generated.HINT


def test_every_job_that_is_named_runs_by_the_clock() -> None:
    from procrastinate.contrib.django import app

    named = {
        word.strip(",;")
        for each in keeping.kinds()
        for word in each.ended_by.split()
        if word.partition(".")[0] in {"rest", "access", "outbox", "oncall", "evidence"}
    }
    periodic = {name for name, _ in app.periodic_registry.periodic_tasks}
    assert named
    assert named <= periodic


@pytest.mark.django_db
def test_V14_2_4_what_passes_is_gone_when_its_time_is_over_and_not_before(liaison: User) -> None:
    began = timezone.now()
    with clock.frozen(began):
        access.count_failure("nobody-has-this", kind="password")
        LockOut.objects.create(who=b"1" * 32, at=began)
        access.begin_session(liaison, session_key="x" * 32, browser="", methods=[], confirmed=True)
        rest_services.see_nonce("key", "nonce")
        rest_services.note_refusal(who="address:1", by=None, kind="any", route="r", status=403)

    def left(after: timedelta) -> dict[str, bool]:
        with clock.frozen(began + after):
            doors.forget(0)
            rest.forget_answers(0)
            rest.close_refusals(0)
        rows: list[Any] = [SignInFailure, LockOut, DeskSession, SeenNonce, Refusal]
        return {each.__name__: each.objects.exists() for each in rows}

    minute = timedelta(minutes=1)
    order = [
        ("SignInFailure", timedelta(minutes=15)),
        ("Refusal", timedelta(hours=1)),
        ("SeenNonce", timedelta(days=1)),
        ("LockOut", timedelta(days=30)),
    ]
    for name, age in order:
        assert left(age - minute)[name], name
        assert not left(age + minute)[name], name
    assert not left(timedelta(days=31))["DeskSession"]
