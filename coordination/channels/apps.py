"""The channels application."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """The plugin kit: what an integrator may use, and all a plugin sees of us."""

    name = "coordination.channels"
    label = "channels"

    def ready(self) -> None:
        """Tell the kit what the settings say, and register its checks."""
        from django.conf import settings

        from coordination.channels import checks, kit  # noqa: F401

        kit.configure(kit.KitSettings.from_django(settings))
