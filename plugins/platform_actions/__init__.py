"""Commands to the platform's own systems: restrict, lift, preserve, release, report; signed, confirmed."""

from coordination.channels import Channel, hookimpl


@hookimpl
def register_channels() -> list[type[Channel]]:
    """Name the one channel of this plugin."""
    from plugins.platform_actions.channel import PlatformActions

    return [PlatformActions]
