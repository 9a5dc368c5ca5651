"""Who calls: a bearer token and nothing else. No session, not even an administrator's, opens a route."""

from typing import Any

from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from coordination.access import selectors
from coordination.access.services import ApiToken, User


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Bearer tokens, found by their digest.

    Unlike Knox's own it reads one row and writes none: expired tokens stay, as a record that they ended.
    Unknown, expired, revoked and disabled give one answer.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return the person and the token, or raise AuthenticationFailed."""
        found = selectors.live_token(token)
        if found is None:
            raise AuthenticationFailed
        return found.user, found

    def authenticate_header(self, request: Any) -> str:  # noqa: ARG002
        """Return the scheme for WWW-Authenticate (RFC 6750 section 3)."""
        return "Bearer"
