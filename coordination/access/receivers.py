"""What Django and allauth tell of people at the doors becomes sessions, lock-outs and ledger entries."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from coordination.access import selectors, services
from coordination.access.models import DeskSession
from coordination.access.services import User


@receiver(user_logged_in, dispatch_uid="access.begin_session")
def begin_session(sender: Any, *, request: HttpRequest, user: User, **_: Any) -> None:  # noqa: ARG001
    """Open the session that a sign-in begins."""
    earlier = selectors.live_session(request.session.session_key)
    if earlier is not None:
        services.end_session(earlier, why="signed in again", by=user)
    if earlier is not None or request.session.session_key is None:
        request.session.cycle_key()
    records = get_authentication_records(request, user)
    services.begin_session(
        user,
        session_key=str(request.session.session_key),
        browser=request.META.get("HTTP_USER_AGENT", ""),
        methods=[str(each.get("type") or each["method"]) for each in records],
        confirmed=any(each["method"] == "mfa" for each in records),
    )


@receiver(user_logged_out, dispatch_uid="access.end_session")
def end_session(sender: Any, *, request: HttpRequest, user: User | None, **_: Any) -> None:  # noqa: ARG001
    """Close the session that its person leaves."""
    if user is not None and request.session.session_key:
        services.sign_out(request.session.session_key, by=user)


@receiver(mfa.authenticator_used, dispatch_uid="access.confirm_session")
def confirm_session(
    sender: Any,  # noqa: ARG001
    *,
    request: HttpRequest,
    authenticator: Any,
    reauthenticated: bool,
    **_: Any,
) -> None:
    """Note a second factor that somebody shows again. At sign-in the session does not stand yet."""
    session = selectors.live_session(request.session.session_key)
    if reauthenticated and session is not None:
        _confirm(request, session, kind=authenticator.type, during="confirmation")


@receiver(mfa.authenticator_added, dispatch_uid="access.note_added_factor")
def note_added_factor(sender: Any, *, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:  # noqa: ARG001
    """Record a new factor; who set up the first has shown it."""
    services.note_factor(user, change="added", kind=authenticator.type, by=user)
    session = selectors.live_session(request.session.session_key)
    if session is not None and authenticator.type != Authenticator.Type.RECOVERY_CODES:
        _confirm(request, session, kind=authenticator.type, during="enrolment")
        services.end_others(session, why="factor added")


@receiver(mfa.authenticator_removed, dispatch_uid="access.note_removed_factor")
def note_removed_factor(
    sender: Any,  # noqa: ARG001
    *,
    request: HttpRequest,
    user: User,
    authenticator: Any,
    **_: Any,
) -> None:
    """Record a factor that is gone; what it opened elsewhere is over."""
    services.note_factor(user, change="removed", kind=authenticator.type, by=user)
    session = selectors.live_session(request.session.session_key)
    if session is not None:
        services.end_others(session, why="factor removed")


@receiver(mfa.authenticator_reset, dispatch_uid="access.note_renewed_factor")
def note_renewed_factor(sender: Any, *, user: User, authenticator: Any, **_: Any) -> None:  # noqa: ARG001
    """Record new recovery codes."""
    services.note_factor(user, change="renewed", kind=authenticator.type, by=user)


@receiver(mfa.authentication_failed, dispatch_uid="access.count_wrong_code")
def count_wrong_code(
    sender: Any,  # noqa: ARG001
    *,
    request: HttpRequest,
    user: User,
    authenticator: Any,
    reauthentication: bool,
    **_: Any,
) -> None:
    """Count a wrong code: against the account at the door, against the session once one is open."""
    session = selectors.live_session(request.session.session_key) if reauthentication else None
    if session is None:
        services.count_failure(user.username, kind=authenticator.type)
    elif services.count_wrong_code(session, kind=authenticator.type):
        request.thrown_out = True  # type: ignore[attr-defined]


def _confirm(request: HttpRequest, session: DeskSession, *, kind: str, during: str) -> None:
    """Note the factor, and go on under a new key: whoever had the old one has not shown it (ASVS V7.2.4)."""
    request.session.cycle_key()
    services.confirm_session(session, kind=kind, during=during, session_key=request.session.session_key)
