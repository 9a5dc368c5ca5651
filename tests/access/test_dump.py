"""Whoever has a dump of the database has no cookie; whoever writes to it runs no code."""

import base64
import json
import pickle
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from coordination.access import selectors, services
from coordination.access.jsoncache import JsonCache
from coordination.access.models import DeskSession
from coordination.access.services import User
from coordination.access.sessionstore import SessionStore, digest
from tests.doors import give_way_in
from tests.people import PASSWORD

COOKIE = settings.SESSION_COOKIE_NAME
HOME = "/admin/"


def _dump() -> Iterator[str]:
    """Return every value of every row of every table, as text; those inside JSON one by one."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT to_jsonb(each) FROM {connection.ops.quote_name(table)} each")
            for (row,) in cursor.fetchall():
                yield from _values(json.loads(row) if isinstance(row, str) else row)


def _values(found: Any) -> Iterator[str]:
    if isinstance(found, dict | list):
        for each in found.values() if isinstance(found, dict) else found:
            yield from _values(each)
    elif found is not None:
        yield str(found)


def _opens(cookie: str) -> bool:
    browser = Client()
    browser.cookies[COOKIE] = cookie
    return bool(browser.get(HOME).status_code == 200)


@pytest.mark.django_db(transaction=True)
def test_ins_09_nothing_in_a_dump_opens_a_page_as_a_cookie(client: Client, liaison: User) -> None:
    code = give_way_in(liaison)
    client.post("/account/login/", {"login": liaison.username, "password": PASSWORD})
    client.post("/account/mfa/authenticate/", {"code": code})
    cookie = client.cookies[COOKIE].value
    assert _opens(cookie)
    dump = list(_dump())
    assert digest(cookie) in dump, "the rows of the session were looked at"
    assert not [value for value in dump if cookie in value]
    usable = {value for value in dump if 8 <= len(value) <= 200 and value.isascii() and value.isprintable()}
    assert len(usable) > 50
    assert not [value for value in usable if _opens(value)]


def test_a_key_that_nobody_was_given_begins_no_session(db: None) -> None:
    chosen = SessionStore("a-key-that-somebody-chose")
    assert chosen.get("anything") is None
    assert chosen.session_key is None


def test_the_other_way_into_a_session_writes_its_key_down_as_little(db: None) -> None:
    async_to_sync(_live_and_go)()
    assert not Session.objects.exists()


async def _live_and_go() -> None:
    session = SessionStore()
    await session.aset("planted", 1)
    await session.asave()
    again = SessionStore(session.session_key)
    assert await again.aget("planted") == 1
    assert await again.aexists(str(session.session_key))
    assert not await SessionStore().aexists(digest(str(session.session_key)))
    await again.adelete()
    assert await SessionStore(session.session_key).aget("planted") is None


def test_sessions_from_before_go_on_and_their_keys_are_gone(liaison: User) -> None:
    session = SessionStore()
    session["planted"] = 1
    session.save()
    key = str(session.session_key)
    session.model.objects.filter(pk=digest(key)).update(session_key=key)
    services.begin_session(liaison, session_key=key, browser="", methods=[], confirmed=True)
    DeskSession.objects.update(key_digest=key)
    executor = MigrationExecutor(connection)
    migration = executor.loader.get_migration("access", "0004_session_digests")
    with connection.schema_editor() as editor:
        migration.operations[1].code(apps, editor)  # type: ignore[attr-defined]
        migration.operations[1].code(apps, editor)  # type: ignore[attr-defined]
    assert SessionStore(key)["planted"] == 1
    assert selectors.live_session(key) is not None
    assert not [value for value in _dump() if key in value]


class _Trap:
    sprung = False

    def __reduce__(self) -> Any:
        return _spring, ()


def _spring() -> None:
    _Trap.sprung = True


def test_V1_5_2_a_pickle_that_somebody_wrote_into_the_cache_is_not_read(db: None) -> None:
    planted = base64.b64encode(pickle.dumps(_Trap())).decode()
    cache.set("key", "ours", 60)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_cache SET value = %s", [planted])
        assert cursor.rowcount == 1
    assert cache.get("key") is None
    assert not _Trap.sprung
    pickle.loads(pickle.dumps(_Trap()))
    assert _Trap.sprung


def test_what_is_cached_is_json_and_nothing_else_is_taken(db: None) -> None:
    held = {"times": [1.5, 2], "who": None, "words": "Ä"}
    cache.set("key", held, 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM access_cache")
        assert [json.loads(value) for (value,) in cursor.fetchall()] == [held]
    assert cache.get_many(["key", "none"]) == {"key": held}
    with pytest.raises(TypeError):
        cache.set("key", object())


def test_the_cache_adds_touches_expires_and_stays_small(db: None) -> None:
    assert isinstance(cache, JsonCache) or isinstance(cache._connections["default"], JsonCache)  # type: ignore[attr-defined]
    assert cache.add("key", 1, 60)
    assert not cache.add("key", 2, 60)
    assert cache.get("key") == 1
    assert cache.touch("key", -1)
    assert cache.get("key", "gone") == "gone"
    assert not cache.touch("key", 60)
    assert cache.add("key", 3, None)
    assert (cache.get("key"), cache.incr("key"), "key" in cache) == (3, 4, True)
    assert cache.delete("key")
    cache.set("short", 1, 0.01)
    time.sleep(0.02)
    assert "short" not in cache.get_many(["short"])
    small = JsonCache("access_cache", {"OPTIONS": {"MAX_ENTRIES": 10}})
    for number in range(30):
        small.set(f"key {number}".replace(" ", "-"), number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_cache")
        assert cursor.fetchone()[0] <= 12
