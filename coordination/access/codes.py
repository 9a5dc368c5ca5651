"""Codes of applications and of paper: at the door refused while the account is locked, like its password."""

from typing import Any

from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError

from coordination.access import selectors
from coordination.access.services import User, coming_codes, count_failure, is_locked

LOCKED = (
    "Codes and the password of this account are locked until an administrator releases them. A passkey works."
)


class AuthenticateForm(forms.AuthenticateForm):  # type: ignore[misc]
    """A code at sign-in."""

    user: Any

    def clean_code(self) -> str:
        """Look at no code while the account is locked."""
        if is_locked(self.user.username):
            count_failure(self.user.username, kind="code")
            raise ValidationError(LOCKED)
        code: str = super().clean_code()
        return code


def shown_in_the_demo(user: User) -> dict[str, Any]:
    """Return the codes that a page of the demo shows, for want of anybody's telephone; elsewhere nothing."""
    shown = settings.DEMO_SHOW_CODES and not settings.PRODUCTION
    if not shown or not selectors.factors_of(user).filter(type=Authenticator.Type.TOTP).exists():
        return {}
    codes = coming_codes(user)
    return {"demo_codes": codes, "demo_left": codes[-1].ends_in}
