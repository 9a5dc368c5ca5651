"""Codes of applications and of paper: refused while the account is locked, like its password."""

import time
from typing import Any

from allauth.mfa.base import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from coordination.access.services import User, count_failure, current_code, is_locked

STEP = 30  # seconds that a code lasts
LOCKED = (
    "Codes and the password of this account are locked until an administrator releases them. A passkey works."
)


class _RefusedWhileLocked:
    user: Any

    def clean_code(self) -> str:
        if is_locked(self.user.username):
            count_failure(self.user.username, kind="code")
            raise ValidationError(LOCKED)
        code: str = super().clean_code()  # type: ignore[misc]
        return code


class AuthenticateForm(_RefusedWhileLocked, forms.AuthenticateForm):  # type: ignore[misc]
    """A code at sign-in."""


class ReauthenticateForm(_RefusedWhileLocked, forms.ReauthenticateForm):  # type: ignore[misc]
    """A code of somebody who is signed in."""


def shown_in_the_demo(user: User) -> dict[str, Any]:
    """Return the code that a page of the demo shows, for want of anybody's telephone; elsewhere nothing."""
    if not settings.DEMO_SHOW_CODES or settings.PRODUCTION:
        return {}
    return {"demo_code": current_code(user), "demo_left": STEP - int(time.time()) % STEP}
