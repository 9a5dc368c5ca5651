"""Django's cache in a table, as JSON. Django pickles: whoever can write the table would run code here."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router
from django.utils import timezone

_NEVER = datetime.max.replace(microsecond=0, tzinfo=UTC)
_WRITES = {
    "set": """
        INSERT INTO {table} (cache_key, value, expires) VALUES (%(key)s, %(value)s, %(expires)s)
        ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    """,
    "add": """
        INSERT INTO {table} AS held (cache_key, value, expires) VALUES (%(key)s, %(value)s, %(expires)s)
        ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
        WHERE held.expires < %(now)s
    """,
    "touch": "UPDATE {table} SET expires = %(expires)s WHERE cache_key = %(key)s AND expires >= %(now)s",
}


class JsonCache(DatabaseCache):
    """What is put in has to be JSON, and comes back as JSON gives it; a row that is no JSON is not there."""

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        """Return what is there and has not expired."""
        asked = {self.make_and_validate_key(key, version=version): key for key in keys}
        database = router.db_for_read(self.cache_model_class)
        with connections[database].cursor() as cursor:
            cursor.execute(
                f"SELECT cache_key, value FROM {self._quoted(database)} "  # noqa: S608  # nosec B608 - our table
                "WHERE cache_key = ANY(%s) AND expires >= %s",
                [list(asked), timezone.now()],
            )
            rows = cursor.fetchall()
        return {asked[key]: value for key, text in rows for value in _read(text)}

    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> bool:
        until = self.get_backend_timeout(timeout)
        now = timezone.now()
        said: dict[str, str | datetime] = {
            "key": key,
            "value": json.dumps(value),
            "expires": _NEVER if until is None else datetime.fromtimestamp(until, UTC),
            "now": now,
        }
        database = router.db_for_write(self.cache_model_class)
        with connections[database].cursor() as cursor:
            self._keep_small(database, cursor, now)
            cursor.execute(_WRITES[mode].format(table=self._quoted(database)), said)
            return bool(cursor.rowcount)

    def _keep_small(self, database: str, cursor: Any, now: datetime) -> None:
        cursor.execute(f"SELECT count(*) FROM {self._quoted(database)}")  # noqa: S608  # nosec B608 - our table
        number = cursor.fetchone()[0]
        if number > self._max_entries:
            self._cull(database, cursor, now, number)  # type: ignore[attr-defined]  # not in the stubs

    def _quoted(self, database: str) -> str:
        return str(connections[database].ops.quote_name(self._table))  # type: ignore[attr-defined]


def _read(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return []
