"""Who calls: a bearer token and nothing else. No session, not even an administrator's, opens a route."""

from typing import Any

from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from coordination.access import selectors, services
from coordination.access.services import ApiToken, User
from coordination.rest import addresses, limits


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]
    """Bearer tokens, found by their digest.

    Unlike Knox's own it deletes nothing: expired tokens stay, as a record that they ended. Unknown, expired,
    revoked and disabled give one answer. An address that presented too many tokens that open nothing is not
    looked up any more for a while; one that presents good ones is never counted.
    """

    def authenticate(self, request: Any) -> tuple[User, ApiToken] | None:
        """Return the person and the token; None where no token came along."""
        if not request.headers.get("Authorization"):
            return None
        view = request.parser_context.get("view")
        flood = limits.limit("address_urgent" if getattr(view, "may_be_urgent", False) else "address")
        address = addresses.key_of(request)
        limits.look(flood, address)
        try:
            found: tuple[User, ApiToken] | None = super().authenticate(request)
        except AuthenticationFailed:
            limits.charge([(flood, address)])
            raise
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return the person and the token, or raise AuthenticationFailed."""
        found = selectors.token_presented(token)
        if found is None:
            raise AuthenticationFailed
        why = found.why_dead
        if why:
            services.record_refusal(found, why=why)
            raise AuthenticationFailed
        services.note_use(found)
        return found.user, found

    def authenticate_header(self, request: Any) -> str:  # noqa: ARG002
        """Return the scheme for WWW-Authenticate (RFC 6750 section 3)."""
        return "Bearer"
