"""What a session holds, sealed: a row of django_session says nothing to whoever has a dump."""

from typing import Any

from django.contrib.sessions.serializers import JSONSerializer

from coordination.core import sealing

CONTEXT = "django_session.session_data"


class Serializer:
    """JSON, sealed."""

    def dumps(self, obj: Any) -> bytes:
        """Return the session's data as sealed bytes."""
        return sealing.ring().seal(JSONSerializer().dumps(obj), context=CONTEXT)

    def loads(self, data: bytes) -> Any:
        """Open what `dumps` made. Django takes any error for an empty session: its person signs in again."""
        return JSONSerializer().loads(sealing.ring().open(data, context=CONTEXT))
