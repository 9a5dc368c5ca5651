"""Where the database is, and the keys that development makes for itself."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from coordination.core import embedded
from coordination.core.embedded.errors import BadDatabaseURL, UnusableDirectory

KEYS = """
import pathlib, sys
from coordination.core import embedded
print(embedded.local_keys(pathlib.Path(sys.argv[1])))
"""


def test_a_url_becomes_settings_with_everything_decoded() -> None:
    url = "postgresql://us%40er:p%3Aw%2Fd@DB.example:5433/na%20me?sslmode=verify-full&application_name=desk"
    (found,) = embedded.databases(Path("unused"), url=url).values()
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("us@er", "p:w/d", "na me")
    assert (found["HOST"], found["PORT"]) == ("DB.example", "5433")
    assert found["OPTIONS"] == {"sslmode": "verify-full", "application_name": "desk"}


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("%2Fvar%2FRun:6000", "/var/Run", "6000"),
        ("[::1]:5432", "::1", "5432"),
        ("db", "db", ""),
        ("", "", ""),
    ],
)
def test_sockets_and_ipv6_are_addresses_too(address: str, host: str, port: str) -> None:
    (found,) = embedded.databases(Path("unused"), url=f"postgres://role@{address}/name").values()
    assert (found["HOST"], found["PORT"]) == (host, port)


def test_owner_is_there_only_where_its_url_is() -> None:
    found = embedded.databases(Path("unused"), url="postgres://app@h/n", owner_url="postgres://own@h/n")
    assert {alias: settings["USER"] for alias, settings in found.items()} == {
        "default": "app",
        "owner": "own",
    }


def test_url_of_leads_to_the_same_database(tmp_path: Path) -> None:
    for settings in embedded.databases(tmp_path).values():
        (again,) = embedded.databases(tmp_path, url=embedded.url_of(settings)).values()
        names = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
        assert [again[name] for name in names] == [settings[name] for name in names]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://role:hidden@h/n",
        "postgres://h/n",
        "postgres://role:hidden@h/",
        "postgres://role:hidden@h:x/n",
        "n",
    ],
)
def test_a_bad_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadDatabaseURL, match="DATABASE_URL") as caught:
        embedded.databases(Path("unused"), url=url)
    assert "hidden" not in str(caught.value)


def test_an_owner_without_an_application_is_refused() -> None:
    with pytest.raises(BadDatabaseURL, match="or neither"):
        embedded.databases(Path("unused"), owner_url="postgres://own@h/n")


def test_describing_the_embedded_database_starts_nothing(tmp_path: Path) -> None:
    embedded.databases(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["postgres", "cluster.json"]


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    var = tmp_path / "var"
    keys = embedded.local_keys(var)
    assert embedded.local_keys(var) == keys
    assert len(keys["SECRET_KEY"]) >= 50
    name, _, sealing = keys["SEALING_KEY"].partition(":")
    assert (name, len(base64.b64decode(sealing)), len(base64.b64decode(keys["BLIND_INDEX_KEY"]))) == (
        "k1",
        32,
        32,
    )
    assert [path.stat().st_mode & 0o777 for path in (var, var / "keys.json")] == [0o700, 0o600]
    assert [path.name for path in var.iterdir()] == ["keys.json"]


def test_processes_that_need_keys_at_once_agree_on_them(tmp_path: Path) -> None:
    run = [sys.executable, "-c", KEYS, str(tmp_path)]
    waiting = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert len({process.communicate()[0] for process in waiting}) == 1


def test_damaged_keys_are_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(UnusableDirectory, match=r"keys\.json is damaged"):
        embedded.local_keys(tmp_path)
    assert (tmp_path / "keys.json").read_text() == "{"
