"""An ordinary user, for tests that root runs."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coordination.core.embedded import binaries
from coordination.core.embedded.accounts import Account
from tests.core.ordinary import Ordinary


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
