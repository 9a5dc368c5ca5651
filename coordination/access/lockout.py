"""What axes asks and is told: our lock-out counts within a window and ends by an administrator alone."""

from typing import Any

from axes.handlers.base import AxesHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from coordination.access import services


class Handler(AxesHandler):  # type: ignore[misc]
    """Axes stands before every password that Django checks; this is what it does there."""

    def is_allowed(self, request: Any, credentials: Any = None) -> bool:  # noqa: ARG002
        """Tell whether the password is looked at, at all."""
        return not services.is_locked(_name(credentials))

    def user_login_failed(self, sender: Any, credentials: Any, request: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Count a wrong password, and say so once it locks."""
        locked = services.count_failure(_name(credentials), kind="password")
        if request is not None and locked:
            request.axes_locked_out = True


def answer(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:  # noqa: ARG001
    """Say that the account is locked, in the same words whether it exists or not."""
    return render(request, "access/locked_out.html", status=403)


def _name(credentials: Any) -> str:
    return str((credentials or {}).get("username") or "")
