"""The data requests application."""

from django.apps import AppConfig


class DataRequestsConfig(AppConfig):
    """Data requests in: verified, docketed, checked, collected, signed off, produced."""

    name = "coordination.datarequests"
    label = "datarequests"
    verbose_name = "data requests"

    def ready(self) -> None:
        """Listen to the partners."""
        from coordination.datarequests import noticereceivers, receivers  # noqa: F401
