"""An embedded server, and an ordinary user for tests that root runs."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from coordination.core.embedded import binaries, server
from coordination.core.embedded.accounts import Account
from coordination.core.embedded.addresses import ENGINE
from tests.core.ordinary import Ordinary
from tests.core.production import NAMES, PRODUCTION


@pytest.fixture
def ordinary() -> Iterator[Ordinary]:
    """The user nobody, with a home directory outside root's private directories."""
    entry = pwd.getpwnam("nobody")
    account = Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    home = Path(tempfile.mkdtemp(prefix="coordination-test-", dir="/tmp"))
    os.chown(home, entry.pw_uid, entry.pw_gid)
    if not binaries.runs(binaries.installed(), account):
        pytest.skip("the environment lies in a directory that an ordinary user cannot enter")
    yield Ordinary(entry.pw_uid, entry.pw_gid, home)
    shutil.rmtree(home)


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A checkout's `var` directory, not yet used."""
    yield tmp_path / "var"
    server.erase(tmp_path / "var")


@pytest.fixture
def started(var: Path) -> Path:
    """A checkout's `var` directory with a running server."""
    server.start(var)
    return var


@pytest.fixture
def production(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a production that is configured well."""
    settings.PROFILE = "production"
    settings.PRODUCTION = True
    settings.DEBUG = False
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"]
    settings.ALLOWED_HOSTS = ["desk.example"]
    for name in NAMES:
        setattr(settings, name, PRODUCTION[name])
    monkeypatch.setitem(configured.DATABASES["default"], "ENGINE", ENGINE)
    return settings
