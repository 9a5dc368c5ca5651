"""Codes of applications and of paper: refused while the account is locked, like its password."""

from typing import Any

from allauth.mfa.base import forms
from django.core.exceptions import ValidationError

from coordination.access.services import count_failure, is_locked

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
