"""Each misconfiguration is named by its own check, and web and worker refuse to start with it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as configured
from django.core.checks import CheckMessage, run_checks
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from pytest_django import Settings

from coordination.core import checks, clock, embedded, grants
from coordination.core.checks import configuration, database, identity
from coordination.core.embedded import server
from coordination.core.embedded.addresses import EMBEDDED_ENGINE
from coordination.core.embedded.cluster import ROLES, Cluster
from tests.core.production import KEY, NAMES, PRODUCTION

ROOT = Path(__file__).parents[2]
ALL = (*configuration.CHECKS, *identity.CHECKS)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An embedded server of our own to misconfigure; its database is empty."""
    var = tmp_path_factory.mktemp("checks") / "var"
    server.start(var)
    yield var
    server.erase(var)


def test_a_production_that_is_configured_well_passes(production: Settings) -> None:
    assert _ids(ALL) == []


@pytest.mark.parametrize(
    ("setting", "value", "check"),
    [
        ("PROFILE", "prod", "coordination.E001"),
        ("SECRET_KEY", "", "coordination.E002"),
        ("SECRET_KEY", "short", "coordination.E002"),
        ("SEALING_KEYS", [], "coordination.E003"),
        ("SEALING_KEYS", ["k1:c2hvcnQ="], "coordination.E003"),
        ("BLIND_INDEX_KEY", "", "coordination.E004"),
        ("BLIND_INDEX_OLD_KEY", "c2hvcnQ=", "coordination.E004"),
        ("DEBUG", True, "coordination.E005"),
        ("ALLOWED_HOSTS", [], "coordination.E006"),
        ("ALLOWED_HOSTS", ["*"], "coordination.E006"),
    ],
)
def test_a_misconfigured_production_is_named(
    production: Settings, setting: str, value: Any, check: str
) -> None:
    setattr(production, setting, value)
    assert _ids(ALL) == [check]


def test_a_production_on_the_embedded_database_is_named_e007(
    production: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(configured.DATABASES["default"], "ENGINE", EMBEDDED_ENGINE)
    assert _ids(configuration.CHECKS) == ["coordination.E007"]


@pytest.mark.parametrize(
    ("key_id", "found"),
    [
        ("k20251127", ["coordination.W002"]),
        ("k20251128", []),
        ("old20251128", []),
        ("k20269999", []),
        ("k1", []),
    ],
)
def test_a_sealing_key_past_its_year_is_named_w002(
    production: Settings, key_id: str, found: list[str]
) -> None:
    production.SEALING_KEYS = [f"{key_id}:{KEY}", f"k20200101:{KEY}"]
    with clock.frozen(datetime(2026, 11, 29, tzinfo=UTC)):
        assert _ids([configuration.sealing_key_is_young]) == found
    production.PRODUCTION = False
    assert configuration.sealing_key_is_young() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgres://app@db.platform.com/coordination",
        "postgres://app@db.platform.com/coordination?sslmode=require",
        "postgres://app@10.0.0.7/coordination?sslmode=verify-ca",
        "postgres://app@127.0.0.1/coordination?host=db.platform.com",
        "postgres://app@127.0.0.1/coordination?hostaddr=10.0.0.7",
        "postgres://app@localhost,db.platform.com/coordination",
    ],
)
@pytest.mark.parametrize("alias", ["default", "owner"])
def test_a_database_elsewhere_without_verified_tls_is_named_e023(
    production: Settings, monkeypatch: pytest.MonkeyPatch, url: str, alias: str
) -> None:
    monkeypatch.setitem(configured.DATABASES, alias, embedded.databases(Path("unused"), url=url)["default"])
    (found,) = configuration.database_is_reached_by_tls()
    assert found.id == "coordination.E023"
    assert ("DATABASE_URL" if alias == "default" else "DATABASE_OWNER_URL") in found.msg
    production.PRODUCTION = False
    assert configuration.database_is_reached_by_tls() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgres://app@db.platform.com/coordination?sslmode=verify-full",
        "postgres://app@127.0.0.1/coordination",
        "postgres://app@[::1]/coordination",
        "postgres://app@localhost/coordination",
        "postgres://app@%2Fvar%2Frun%2Fpostgresql/coordination",
    ],
)
def test_a_database_here_or_by_verified_tls_passes(
    production: Settings, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    named = embedded.databases(Path("unused"), url=url)
    monkeypatch.setitem(configured.DATABASES, "default", named["default"])
    assert configuration.database_is_reached_by_tls() == []


def test_development_passes_with_what_it_makes_for_itself(settings: Settings) -> None:
    settings.PROFILE, settings.PRODUCTION = "development", False
    assert _ids(ALL) == []


@pytest.mark.django_db
def test_the_database_as_the_tests_have_it_passes() -> None:
    assert _database() == []


def test_no_database_is_asked_where_none_is_named() -> None:
    assert database.check(databases=None) == []
    assert database.check(databases=["owner"]) == []


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_named_e008_without_the_password() -> None:
    with _default("postgres://role:hidden@127.0.0.1:1/nothing"):
        found = database.check(databases=["default"])
    assert [each.id for each in found] == ["coordination.E008"]
    assert "hidden" not in str(found)


@pytest.mark.django_db
def test_an_old_server_is_named_e009(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST", 990_000)
    assert _database() == ["coordination.E009"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "check"),
    [
        ("fsync", "coordination.E010"),
        ("full_page_writes", "coordination.E011"),
        ("synchronous_commit", "coordination.E012"),
    ],
)
def test_rel_07_a_server_that_may_lose_what_it_confirmed_is_an_error_in_production(
    scratch: Path, settings: Settings, setting: str, check: str
) -> None:
    settings.PRODUCTION = True
    with _altered(scratch, setting, "off"), _default(_url(scratch, "app")):
        assert [each for each in _database() if each != "coordination.E015"] == [check]
        settings.PRODUCTION = False
        assert [each.level < 40 for each in database.check(databases=["default"]) if each.id == check] == [
            True
        ]


@pytest.mark.faults
def test_rel_07_a_production_web_process_refuses_to_start_without_fsync(scratch: Path) -> None:
    with _altered(scratch, "fsync", "off"):
        refused = _web({"DATABASE_URL": _url(scratch, "app")})
    assert refused.returncode != 0
    assert "coordination.E010" in refused.stderr
    assert "RefusedToStart" in refused.stderr


@pytest.mark.faults
def test_a_web_process_starts_where_all_is_well_and_names_all_that_is_not(
    database_environment: dict[str, str],
) -> None:
    started = _web(database_environment)
    assert (started.stderr, started.returncode) == ("", 0)
    names = {
        **dict.fromkeys(NAMES, ""),
        "SECRET_KEY": "",
        "SEALING_KEYS": "",
        "BLIND_INDEX_KEY": "",
        "ALLOWED_HOSTS": "*",
        "DEBUG": "1",
    }
    refused = _web(database_environment | names)
    assert refused.returncode != 0
    # Django itself already ends at an empty SECRET_KEY.
    assert "SECRET_KEY" in refused.stderr
    refused = _web(database_environment | names | {"SECRET_KEY": "short"})
    found = set(re.findall(r"coordination\.E\d+", refused.stderr))
    assert found == {f"coordination.E{number:03}" for number in (*range(2, 7), *range(17, 23))}


@pytest.mark.django_db
def test_an_application_role_that_owns_the_tables_is_named_e013() -> None:
    with _default(embedded.url_of(connections["owner"].settings_dict)):
        assert _database() == ["coordination.E013"]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["superuser", "backup"])
def test_an_application_role_that_no_grant_binds_is_named_e014(scratch: Path, role: str) -> None:
    with _default(_url(scratch, role)):
        assert "coordination.E014" in _database()


@pytest.mark.django_db
def test_a_database_that_is_not_migrated_is_named_e015(scratch: Path) -> None:
    with _default(_url(scratch, "app")):
        assert _database() == ["coordination.E015"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("privilege", "table"),
    [
        *((privilege, "ledger_leaf") for privilege in ("UPDATE", "DELETE", "TRUNCATE")),
        *((privilege, table) for privilege in ("DELETE", "TRUNCATE") for table in grants.KEPT),
        ("INSERT", "django_migrations"),
    ],
)
def test_rows_that_have_to_stay_and_can_be_changed_are_named_e016(
    owner: psycopg.Connection, privilege: str, table: str
) -> None:
    role = grants.role_names()["app"]
    owner.execute(f"GRANT {privilege} ON {table} TO {role}")
    try:
        assert _database() == ["coordination.E016"]
        [error] = database.check(databases=["default"])
        assert table in error.msg
    finally:
        owner.execute(f"REVOKE {privilege} ON {table} FROM {role}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("breach", "mend"),
    [
        (
            "ALTER TABLE outbox_message DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE outbox_message ENABLE ROW LEVEL SECURITY",
        ),
        (
            "ALTER POLICY partner_rows ON outbox_message RENAME TO renamed",
            "ALTER POLICY renamed ON outbox_message RENAME TO partner_rows",
        ),
        ("CREATE POLICY wide ON outbox_message USING (true)", "DROP POLICY wide ON outbox_message"),
        (
            "ALTER TABLE outbox_attempt ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE outbox_attempt DISABLE ROW LEVEL SECURITY",
        ),
    ],
)
def test_a_wall_with_a_gap_is_named_e030(owner: psycopg.Connection, breach: str, mend: str) -> None:
    owner.execute(breach)
    try:
        assert _database() == ["coordination.E030"]
    finally:
        owner.execute(mend)
    assert _database() == []


@pytest.mark.django_db
def test_a_partner_role_that_cannot_be_taken_is_named_e030(settings: Settings) -> None:
    settings.DATABASE_PARTNER_ROLE = "pg_checkpoint"
    assert _database() == ["coordination.E030"]


@pytest.mark.django_db
def test_a_role_that_does_not_exist_is_warned_of_as_w001(settings: Settings) -> None:
    settings.DATABASE_BACKUP_ROLE = "nobody_made_this"
    assert _database() == ["coordination.W001"]


@pytest.mark.django_db
def test_refusal_names_every_check_and_warnings_do_not_refuse(settings: Settings) -> None:
    settings.DATABASE_BACKUP_ROLE = "nobody_made_this"
    settings.PROFILE = "prod"
    settings.BLIND_INDEX_KEY = ""
    errors = checks.serious(run_checks(databases=["default"]))
    assert {"coordination.E001", "coordination.E004"} <= {each.id for each in errors}
    assert "coordination.W001" not in {each.id for each in errors}


def test_every_check_is_documented_and_tested() -> None:
    sources = " ".join(path.read_text() for path in (ROOT / "coordination/core/checks").glob("*.py"))
    ids = set(re.findall(r'"(coordination\.[EW]\d{3})"', sources))
    page = (ROOT / "docs/operations.md").read_text()
    documented = re.findall(r"^\| `(coordination\.[EW]\d{3})` \|", page, re.MULTILINE)
    assert sorted(ids) == sorted(documented)
    tested = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*checks.py"))
    assert [each for each in ids if f'"{each}"' not in tested] == []
    assert len(ids) >= 17


def _ids(found: Any) -> list[str | None]:
    return [each.id for check in found for each in check()]


def _database() -> list[str | None]:
    found: list[CheckMessage] = database.check(databases=["default"])
    return [each.id for each in found]


@contextmanager
def _default(url: str) -> Iterator[None]:
    """Let the alias `default` lead to another database for a while."""
    (parsed,) = embedded.databases(Path("unused"), url=url).values()
    before = connections["default"]
    connections["default"] = DatabaseWrapper(before.settings_dict | parsed, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


def _url(var: Path, role: str) -> str:
    (app, _) = embedded.databases(var).values()
    return embedded.url_of(app | {"USER": ROLES[role], "PASSWORD": Cluster.of(var).password(role)})


@contextmanager
def _altered(var: Path, setting: str, value: str) -> Iterator[None]:
    with psycopg.connect(_url(var, "superuser"), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {setting} = {value}")
        connection.execute("SELECT pg_reload_conf()")
        _until(connection, setting, value)
        try:
            yield
        finally:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            _until(connection, setting, "on")


def _until(connection: psycopg.Connection, setting: str, value: str) -> None:
    while connection.execute(f"SHOW {setting}").fetchone() != (value,):
        pass


def _web(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Load the web process's application as a server would, in production."""
    return subprocess.run(
        [sys.executable, "-c", "import coordination.wsgi"],
        cwd=ROOT,
        env={"PATH": os.defpath, "STATIC_ROOT": str(configured.BASE_DIR)} | PRODUCTION | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
