"""Django's sessions in the database, found by a digest: what the cookie says is written down nowhere.

A key is 165 random bits, so an unkeyed digest of it tells nothing; 240 bits of it fill Django's column.
"""

import base64
import hashlib
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

_LENGTH = 40  # of django_session.session_key


def digest(session_key: str) -> str:
    """Return what the database holds of a session's key."""
    return base64.urlsafe_b64encode(hashlib.sha256(session_key.encode()).digest()).decode()[:_LENGTH]


class SessionStore(db.SessionStore):
    """`session_key` is the cookie's value, as everywhere in Django; the row bears its digest."""

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session with this key."""
        return super().exists(digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to be saved."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]  # it is this model
        row.session_key = digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Delete the session with this key, this one if none is given."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(digest(key))

    def _get_session_from_db(self) -> Session | None:
        key, self._session_key = self._session_key, digest(str(self._session_key))
        found: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        # Where there is none, Django forgets the key: nobody chooses their own.
        self._session_key = key if found is not None else None
        return found

    # Django writes each of these twice; the second must not write a key down either.
    async def aexists(self, session_key: str) -> bool:
        """Do as `exists`."""
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        """Do as `create_model_instance`."""
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        """Do as `delete`."""
        await sync_to_async(self.delete)(session_key)

    async def _aget_session_from_db(self) -> Session | None:
        return await sync_to_async(self._get_session_from_db)()
