"""The referrals application."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Referrals out: filed, reviewed, approved, sent, answered."""

    name = "coordination.referrals"
    label = "referrals"
