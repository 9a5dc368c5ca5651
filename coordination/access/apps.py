"""The access application."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """People, tokens and the table of roles."""

    name = "coordination.access"
    label = "access"

    def ready(self) -> None:
        """Let the groups follow the table of roles; listen at the doors."""
        from coordination.access import checks, receivers, sync  # noqa: F401
        from coordination.access.services import glass, rotating
        from coordination.core import rotation
        from coordination.ledger import services as ledger

        ledger.marks.append(glass.mark)
        rotation.ELSEWHERE.append(rotating)
        sync.connect()
        checks.connect()
