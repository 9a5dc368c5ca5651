"""The hooks of the kit.

Hooks find and observe; the work of a channel is a class, because delivery is one to one.
"""

from collections.abc import Iterable
from typing import Final

import pluggy

from coordination.channels.channel import Channel
from coordination.channels.messages import Message
from coordination.channels.receipts import Receipt

PROJECT: Final = "coordination"
ENTRY_POINT_GROUP: Final = "coordination.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_channels() -> Iterable[type[Channel]]:
    """Return the channel classes of this plugin.

    Called once for each plugin when the registry loads, outside any transaction. Return an empty list for
    none; None means the same. Every plugin is asked; a slug that two name stops the process.
    """
    raise NotImplementedError


@hookspec
def object_to_delivery(message: Message, channel_slug: str, destination: str) -> str | None:
    """Say why this message must not go out this way, or None to let it pass.

    Called when a message is prepared and again before its deliveries are made, inside the caller's
    transaction: be quick and do no input or output. Every plugin is asked, one by one; any objection holds
    the message for a human, and so does a plugin that raises. `destination` is the reference of the
    destination.
    """
    raise NotImplementedError


@hookspec
def receipt_recorded(message_id: str, receipt: Receipt) -> None:
    """Learn that a receipt was recorded.

    Called after the transaction that recorded it has committed, plugin by plugin, once for each receipt. The
    return value is ignored. A plugin that raises is logged and stops nobody: the receipt stands.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def describe_receipt(channel_slug: str, receipt: Receipt) -> str | None:
    """Return one plain sentence that tells a liaison what the receipt means, or None to leave it to others.

    Called while a page is built, outside any transaction of its own. The first result that is not None wins
    and stops the rest; with none the kit's own words are used.
    """
    raise NotImplementedError
