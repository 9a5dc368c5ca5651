"""The child's side: a fresh interpreter in which one channel works. Of ours it imports the kit alone."""

import contextlib
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NoReturn

from coordination.channels import kit, registry, secrets
from coordination.channels.channel import Channel, InauthenticInbound, InboundRequest
from coordination.channels.codec import decode, encode
from coordination.channels.messages import Attempt, Message, Rendered
from coordination.channels.receipts import (
    OutcomeUnknown,
    PermanentFailure,
    Receipt,
    TemporaryFailure,
    UnsupportedFeature,
)
from coordination.outbox.hosts import collector
from coordination.outbox.hosts.crew import Crew
from coordination.outbox.hosts.frames import BadFrame, Gone, Wire
from coordination.outbox.hosts.limits import TooLate, boot_seconds, seconds_to_wait

ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (TemporaryFailure, "temporary"),
    (PermanentFailure, "permanent"),
    (OutcomeUnknown, "unknown"),
    (UnsupportedFeature, "unsupported"),
    (InauthenticInbound, "inauthentic"),
    (TooLate, "late"),
)
LONGEST_TEXT = 500


def main(descriptor: int) -> NoReturn:
    """Serve until the parent closes the connection, or is gone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the secrets
    wire = Wire(socket.socket(fileno=descriptor))
    with contextlib.suppress(Gone, BadFrame):
        _serve(wire)
    # Not sys.exit: a channel's thread that hangs would keep the process.
    os._exit(0)


def _serve(wire: Wire) -> None:
    first = wire.receive()
    try:
        kit.start_host(kit.KitSettings.from_json(first["kit"]))
        channel = registry.load_one(first["plugin"], first["slug"])(secrets.unpack(first["config"]))
    except BaseException as error:  # noqa: BLE001 - told to the parent, which records it
        wire.send({"ready": False, "text": f"{type(error).__name__}: {error}"[:LONGEST_TEXT]})
        return
    collector.rest()
    wire.send({"ready": True})
    batch = Batch(wire, channel)
    while True:
        frame = wire.receive()
        verb = frame.get("verb")
        if verb == "deliver":
            batch.start(frame["parcels"], frame["begin_by"])
        elif verb == "stop":
            batch.stop()
        else:
            wire.send(_answer(lambda frame=frame: CALLS[frame["verb"]](channel, frame)))  # type: ignore[misc]


def _render(channel: Channel, frame: dict[str, Any]) -> Any:
    return encode(channel.render(decode(Message, frame["message"])))


def _fetch_status(channel: Any, frame: dict[str, Any]) -> Any:
    return encode(channel.fetch_status(frame["message_id"], decode(Receipt, frame["receipt"])))


def _parse_inbound(channel: Any, frame: dict[str, Any]) -> Any:
    return encode(list(channel.parse_inbound(decode(InboundRequest, frame["request"]))))


def _recall(channel: Any, frame: dict[str, Any]) -> Any:
    return encode(channel.recall(frame["message_id"], decode(Receipt, frame["receipt"]), frame["reason"]))


def _check_health(channel: Any, _: dict[str, Any]) -> Any:
    return encode(channel.check_health())


CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "render": _render,
    "fetch_status": _fetch_status,
    "parse_inbound": _parse_inbound,
    "recall": _recall,
    "check_health": _check_health,
}


def _answer(work: Callable[[], Any]) -> dict[str, Any]:
    """Return the frame of a result, or of whatever was raised: SystemExit must not end the host either."""
    try:
        return {"result": work()}
    except BaseException as error:  # noqa: BLE001 - told to the parent, which records it
        for kind, name in ERRORS:
            if isinstance(error, kind):
                text = str(error)[:LONGEST_TEXT]
                after = seconds_to_wait(getattr(error, "retry_after", None))
                return {"error": name, "text": text, "retry_after": after}
        # The text of an unforeseen error may hold anything: its type is enough to find it.
        return {"error": "broke", "text": type(error).__name__}


class Batch:
    """The parcels in hand; a thread of their own leads those that carry them, so that `stop` is heard."""

    def __init__(self, wire: Wire, channel: Channel) -> None:
        self.wire, self.channel = wire, channel
        self.given: SimpleQueue[list[Any]] = SimpleQueue()
        self.stopped = False
        self.begin_by = 0.0
        threading.Thread(target=self._lead, daemon=True).start()

    def start(self, parcels: list[Any], begin_by: float) -> None:
        """Carry these, beginning none after `begin_by`; the frame `done` says that none is left."""
        self.stopped, self.begin_by = False, begin_by
        self.given.put(parcels)

    def stop(self) -> None:
        """Begin no more of them."""
        self.stopped = True

    def _lead(self) -> None:
        most = self.channel.info.max_concurrency
        while True:
            Crew(self.given.get(), self._carry, most=most).run()
            self._send({"done": True})

    def _carry(self, parcel: dict[str, Any]) -> None:
        if self.stopped:
            return
        message_id = parcel["attempt"]["message_id"]
        self._send({"started": message_id})
        self._send({"finished": message_id, **_answer(lambda: self._receipt(parcel))})

    def _send(self, frame: dict[str, Any]) -> None:
        try:
            self.wire.send(frame)
        except (Gone, BadFrame):
            os._exit(0)

    def _receipt(self, parcel: dict[str, Any]) -> Any:
        rendered, attempt = decode(Rendered, parcel["rendered"]), decode(Attempt, parcel["attempt"])
        # At the last moment: whatever stood still before this line, another worker may have the message now.
        if boot_seconds() >= self.begin_by:
            raise TooLate
        return encode(self.channel.deliver(rendered, attempt))


if __name__ == "__main__":
    main(int(sys.argv[1]))
