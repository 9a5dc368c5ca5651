"""What a channel whose partner calls back under a Standard Webhooks signature keeps beside the contract."""

# ruff: noqa: S101 - this is a test

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from coordination.channels.channel import Channel, InauthenticInbound, InboundRequest, ReceivesInbound
from coordination.channels.envelopes import sign_webhook
from coordination.channels.messages import MessageKind
from coordination.channels.testing import samples

STRANGERS_KEY = "whsec_" + b64encode(b"a key of somebody else entirely.").decode()
TOO_OLD = timedelta(seconds=301)


def signed_callback(
    said: Mapping[str, Any], *, key: str, signed_as: str = "", age: timedelta = timedelta()
) -> InboundRequest:
    """Return the call of a partner that signs `said` with `key`, `age` ago, under its `id` or another one."""
    now, body = datetime.now(UTC), json.dumps(said).encode()
    headers = sign_webhook(signed_as or said["id"], now - age, body, key)
    return InboundRequest(method="POST", path="/in", headers=headers, body=body, received_at=now)


class SignedCallbacks:
    """Beside ChannelContract: calls that are not the partner's are refused.

    Say `callback`, a body that the channel takes, and `callback_key`, the key that it is signed with.
    """

    callback: ClassVar[Mapping[str, Any]]
    callback_key: ClassVar[str]

    def test_it_takes_the_partners_own_call(self, channel: Channel) -> None:
        [said] = self._receiving(channel).parse_inbound(signed_callback(self.callback, key=self.callback_key))
        assert said.id == self.callback["id"], "the id of what was said is the partner's own"

    @pytest.mark.parametrize("how", ["forged", "replayed", "under another id", "unsigned"])
    def test_it_refuses_a_call_that_is_not_the_partners(self, how: str, channel: Channel) -> None:
        key = STRANGERS_KEY if how == "forged" else self.callback_key
        age = TOO_OLD if how == "replayed" else timedelta()
        signed_as = "another" if how == "under another id" else ""
        call = signed_callback(self.callback, key=key, signed_as=signed_as, age=age)
        if how == "unsigned":
            call = InboundRequest(method="POST", path="/in", headers={}, body=call.body)
        with pytest.raises(InauthenticInbound):
            self._receiving(channel).parse_inbound(call)

    def _receiving(self, channel: Channel) -> ReceivesInbound:
        assert isinstance(channel, ReceivesInbound), "the channel takes no calls"
        return cast("ReceivesInbound", channel)


class RecordedContent:
    """Beside ChannelContract: what leaves is, byte for byte, what `recordings` holds as `<kind>.json`.

    A change of these bytes is a change for every partner, and breaks approvals that are under way.
    """

    recordings: ClassVar[Path]

    def test_its_content_is_what_was_recorded(self, carried: MessageKind, channel: Channel) -> None:
        recorded = (self.recordings / f"{carried}.json").read_bytes().rstrip(b"\n")
        assert channel.render(samples.message(carried)).content == recorded
