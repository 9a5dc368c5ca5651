"""Rotating what wraps the keys of exhibits: killed, it goes on; a wrong key opens nothing."""

import base64
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from coordination.access.services import User
from coordination.core import rotation, sealing
from coordination.evidence import services
from coordination.evidence.models import Exhibit, Keeping
from coordination.evidence.services import CustodyEvent
from tests.exhibits import WHY, Keep, objects

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

ONE, TWO = (f"{name}:{base64.b64encode(name[:1].encode() * 32).decode()}" for name in ("one", "two"))
NOT_TWO = f"two:{base64.b64encode(bytes(32)).decode()}"
MANY = 60
KILLED_AFTER = 20


@pytest.fixture(autouse=True)
def first_key(settings: Any) -> None:
    """Seal everything of these tests under one key."""
    settings.SEALING_KEYS = [ONE]


@pytest.fixture
def exhibits(keep: Keep) -> list[Exhibit]:
    """Many exhibits, their keys wrapped under the first key."""
    return [keep(_content(number)) for number in range(MANY)]


@pytest.fixture
def rotating(database_environment: dict[str, str]) -> Callable[[], subprocess.Popen[str]]:
    """Start manage.py rotate_keys from the first key to the second, in a process of its own."""

    def started() -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "manage.py", "rotate_keys", "--batch", "1"]
        environment = {**os.environ, **database_environment, "SEALING_KEYS": f"{TWO},{ONE}"}
        return subprocess.Popen(
            command, cwd=configured.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
        )

    return started


def _content(number: int) -> bytes:
    return f"Utterance {number}\n".encode() * 9


def _opened(exhibits: list[Exhibit], by: User) -> list[bytes]:
    return [b"".join(services.view(each, by=by, why=WHY)) for each in exhibits]


def _keys() -> Counter[str]:
    """Count the wrapped keys of objects by what wraps them."""
    return Counter(
        {
            key: number
            for (key, table), number in rotation.uses("owner").items()
            if table == "evidence_keeping"
        }
    )


def _records() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM evidence_exhibit ORDER BY id")
        return cursor.fetchall()


def test_a_rotation_killed_in_the_middle_goes_on_and_every_exhibit_opens_all_the_time(
    exhibits: list[Exhibit],
    rotating: Callable[[], subprocess.Popen[str]],
    store: Path,
    counsel: User,
    settings: Any,
) -> None:
    stored, records = {path: path.read_bytes() for path in objects(store)}, _records()
    with rotating() as killed:
        assert killed.stdout
        for line in killed.stdout:
            if line.startswith(f"evidence_keeping: {KILLED_AFTER} of"):
                killed.kill()
                break
    settings.SEALING_KEYS = [TWO, ONE]
    assert _keys()["two"] >= KILLED_AFTER
    assert _keys()["one"] > 0
    assert _keys().total() == MANY
    assert _opened(exhibits, counsel) == [_content(number) for number in range(MANY)]
    said = StringIO()
    call_command("rotate_keys", "--batch", "7", stdout=said)
    assert "Key one may be taken out of SEALING_KEYS." in said.getvalue()
    assert _keys() == {"two": MANY}
    settings.SEALING_KEYS = [TWO]
    assert _opened(exhibits, counsel) == [_content(number) for number in range(MANY)]
    assert ({path: path.read_bytes() for path in objects(store)}, _records()) == (stored, records)


def test_the_old_key_opens_nothing_any_more(exhibits: list[Exhibit], counsel: User, settings: Any) -> None:
    settings.SEALING_KEYS = [TWO, ONE]
    call_command("rotate_keys", stdout=StringIO())
    settings.SEALING_KEYS = [ONE]
    _refused(exhibits[0], counsel)


@pytest.mark.parametrize("ring", [[TWO], [NOT_TWO, ONE.replace("one:", "other:")]])
def test_a_ring_without_the_key_opens_nothing_and_rotates_nothing(
    exhibits: list[Exhibit], counsel: User, settings: Any, ring: list[str]
) -> None:
    settings.SEALING_KEYS = ring
    _refused(exhibits[0], counsel)
    with pytest.raises(CommandError, match="lacks one"):
        call_command("rotate_keys", stdout=StringIO())
    settings.SEALING_KEYS = [ONE]
    assert _keys() == {"one": MANY}
    assert _opened(exhibits[:1], counsel) == [_content(0)]


def test_a_wrong_key_under_the_right_name_opens_nothing_and_every_key_is_left_alone(
    exhibits: list[Exhibit], counsel: User, settings: Any
) -> None:
    settings.SEALING_KEYS = [TWO, ONE.partition(":")[0] + ":" + NOT_TWO.partition(":")[2]]
    _refused(exhibits[0], counsel)
    with pytest.raises(CommandError, match="do not open and were left alone"):
        call_command("rotate_keys", stdout=StringIO())
    settings.SEALING_KEYS = [ONE]
    assert _keys() == {"one": MANY}
    assert _opened(exhibits, counsel) == [_content(number) for number in range(MANY)]


def test_without_a_ring_nothing_is_taken_in(keep: Keep, store: Path, settings: Any) -> None:
    settings.SEALING_KEYS = []
    with pytest.raises(ImproperlyConfigured):
        keep()
    assert (objects(store), Exhibit.objects.count(), CustodyEvent.objects.count()) == ([], 0, 0)


def test_what_comes_in_during_a_rotation_is_under_the_new_key(
    exhibits: list[Exhibit], keep: Keep, counsel: User, settings: Any
) -> None:
    settings.SEALING_KEYS = [TWO, ONE]
    late: list[Exhibit] = []

    def tell(table: str, done: int) -> None:
        if table == "evidence_keeping" and done == KILLED_AFTER:
            late.append(keep(b"late"))

    rotation.reseal("owner", batch=1, tell=tell)
    assert _keys() == {"two": MANY + 1}
    assert _opened(late, counsel) == [b"late"]


def _refused(exhibit: Exhibit, by: User) -> None:
    acts = CustodyEvent.objects.count()
    with pytest.raises(sealing.SealBroken):
        b"".join(services.view(exhibit, by=by, why=WHY))
    assert CustodyEvent.objects.count() == acts
    with pytest.raises(sealing.SealBroken):
        Keeping.objects.get(exhibit=exhibit)
