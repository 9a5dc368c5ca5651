"""Plugin hosts: warm child processes, one for each destination, in which a channel does its work.

A host is a fresh interpreter with an empty environment. It is given one destination's configuration and
secrets and nothing else: no settings, no database, no keys. Data crosses as JSON frames, never as pickles.
"""

from coordination.outbox.hosts.host import Host, HostSpec
from coordination.outbox.hosts.limits import boot_seconds, seconds_to_wait
from coordination.outbox.hosts.outcomes import ChannelBroke, HostFailed, Kind, Outcome, Parcel
from coordination.outbox.hosts.pool import Pool, pool, spec_for

__all__ = [
    "ChannelBroke",
    "Host",
    "HostFailed",
    "HostSpec",
    "Kind",
    "Outcome",
    "Parcel",
    "Pool",
    "boot_seconds",
    "pool",
    "seconds_to_wait",
    "spec_for",
]
