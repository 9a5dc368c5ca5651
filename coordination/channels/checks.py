"""System checks of the kit. Each id stands in docs/channels.md with what to do about it."""

import ipaddress
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

from coordination.channels.registry import survey


@register(Tags.compatibility)
def plugins_hold(_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """E001-E006: each allow-listed plugin is installed, imports, and keeps the contract."""
    return [Error(each.message, hint=each.hint, id=each.id) for each in survey().problems]


@register(Tags.security)
def networks_are_networks(_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """E007: each allowed network is a CIDR block. W001: the whole internet is not one of them."""
    found: list[CheckMessage] = []
    for name in settings.CHANNELS_ALLOWED_NETWORKS:
        try:
            network = ipaddress.ip_network(name)
        except ValueError:
            hint = "Write it as 10.20.0.0/16."
            found.append(Error(f"{name!r} is not a network.", hint=hint, id="coordination.channels.E007"))
            continue
        if network.prefixlen == 0:
            hint = "Name the partner's own network."
            message = f"CHANNELS_ALLOWED_NETWORKS holds {name}: every address may be reached."
            found.append(Warning(message, hint=hint, id="coordination.channels.W001"))
    return found


@register(Tags.security)
def secrets_are_private(_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """E008: others on this machine cannot read the directory of secrets."""
    directory = Path(settings.SECRETS_DIR) if settings.SECRETS_DIR else None
    if directory is None or not directory.is_dir() or not directory.stat().st_mode & stat.S_IRWXO:
        return []
    message = "SECRETS_DIR can be read or entered by every user of this machine."
    return [Error(message, hint=f"chmod o-rwx {directory}", id="coordination.channels.E008")]


@register(Tags.security, deploy=True)
def production_sends_over_tls(_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """W002: a deployment does not send referrals over plain HTTP."""
    if not settings.CHANNELS_ALLOW_PLAIN_HTTP:
        return []
    message = "Channels may send over plain HTTP."
    return [Warning(message, hint="Unset CHANNELS_ALLOW_PLAIN_HTTP.", id="coordination.channels.W002")]


@register(Tags.security, deploy=True)
def production_mails_over_tls(_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """W003: a deployment does not hand letters to a mail server elsewhere in clear text."""
    local = settings.EMAIL_HOST in {"localhost", "127.0.0.1", "::1"}
    if local or settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL:
        return []
    message = "Letters are handed to the mail server without TLS."
    return [Warning(message, hint="Set EMAIL_USE_TLS.", id="coordination.channels.W003")]
