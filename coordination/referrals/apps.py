"""The referrals application."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Referrals out: filed, reviewed, approved, sent, answered."""

    name = "coordination.referrals"
    label = "referrals"

    def ready(self) -> None:
        """Listen to the outbox and the inbox."""
        from coordination.referrals import receivers  # noqa: F401
