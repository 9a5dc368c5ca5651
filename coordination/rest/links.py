"""Links to download by: for one thing, for one caller, for at most five minutes.

A link opens nothing by itself. The route that takes it asks for the token or the session as every other does,
so it ends with them at once; and it asks here that the link is the caller's own.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

from coordination.access.services import ApiToken
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, NotPermitted

LONGEST = timedelta(minutes=5)
_SALT = "coordination.rest.links"


def holder_of(request: Any) -> str:
    """Return what a link is bound to: the token of a call, or the session of a page; raise NotPermitted."""
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken):
        return f"token:{token.reference}"
    key = getattr(getattr(request, "session", None), "session_key", None)
    if not key or not request.user.is_authenticated:
        raise NotPermitted
    return f"session:{hashlib.sha256(str(key).encode()).hexdigest()}"


def make(what: str, *, request: Any, lasts: timedelta = LONGEST) -> str:
    """Return the signed part of a link to `what` (kind:id) for whoever asks in `request`."""
    if not timedelta(0) < lasts <= LONGEST:
        raise InvalidInput("lasts", "A link lasts at most five minutes.")
    until = int((clock.now() + lasts).timestamp())
    return signing.dumps({"what": what, "holder": holder_of(request), "until": until}, salt=_SALT)


def check(link: str, what: str, *, request: Any) -> None:
    """Raise NotFound unless `link` was made for `what` and this caller, and still lasts."""
    try:
        said = signing.loads(link, salt=_SALT)
    except signing.BadSignature:
        raise NotFound from None
    own = said["what"] == what and said["holder"] == holder_of(request)
    if not own or datetime.fromtimestamp(said["until"], UTC) <= clock.now():
        raise NotFound
