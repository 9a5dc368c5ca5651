"""How allauth fits this desk: nobody signs up, factors are sealed, the last factor stays."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from coordination.access import selectors
from coordination.core import clock, sealing

SEALED_AS = "mfa_authenticator.data"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: people are created by an administrator."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Turn away who has no place on the desk: partners and systems use tokens."""
        if user.is_active and not user.is_staff:
            clear_login(request)
            turned_away: HttpResponse = self.respond_user_inactive(request, user)
            return turned_away
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ARG002
        """Ask again before factors change, unless the person just signed in or confirmed."""
        session = selectors.live_session(context.request.session.session_key)
        if session is None:
            return True
        # Who has no factor yet showed the password at sign-in; for who has one a password is not enough.
        shown = session.confirmed_at if selectors.has_factor(session.user) else session.began_at
        return shown is None or clock.now() - shown >= settings.STEP_UP_WITHIN

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Offer the password to who has no factor yet, and to nobody else."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and selectors.has_factor(user):
            return [each for each in methods if each["id"] != "reauthenticate"]
        return methods


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return base64.b64encode(sealing.seal(text, context=SEALED_AS)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret."""
        return sealing.unseal(base64.b64decode(encrypted_text), context=SEALED_AS)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last factor: without it a password alone could set up the next."""
        others = selectors.factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - allauth's name
        """Propose a name that says which key it is."""
        return f"Passkey {selectors.factors_of(user).filter(type=type).count() + 1}"

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.username)

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)
