"""The parent's side of one host: starting, asking, and what to make of a host that hangs, dies or lies."""

import contextlib
import logging
import os
import re
import signal
import socket
import subprocess  # nosec B404 - a plugin's host is a process
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from coordination.channels.channel import Health, InauthenticInbound, Inbound, InboundRequest
from coordination.channels.codec import decode, encode
from coordination.channels.messages import Message, Rendered
from coordination.channels.receipts import (
    OutcomeUnknown,
    PermanentFailure,
    Receipt,
    TemporaryFailure,
    UnsupportedFeature,
)
from coordination.channels.secrets import MARK
from coordination.outbox.halt import NEVER, Halt
from coordination.outbox.hosts.flight import Flight
from coordination.outbox.hosts.frames import BadFrame, Gone, Wire
from coordination.outbox.hosts.limits import seconds_to_wait
from coordination.outbox.hosts.outcomes import ChannelBroke, HostFailed, Outcome, Parcel

logger = logging.getLogger(__name__)

START_SECONDS: Final = 30.0
LARGEST_CONTENT: Final = 25 * 1024 * 1024
MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,50}(; ?charset=[A-Za-z0-9-]{1,20})?")
FILENAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}")
T = TypeVar("T")

# -I: no environment, no user's packages, no current directory. The parent's import path comes by argument,
# because that is where the parent found the plugin.
PROGRAM: Final = """
import sys
sys.path[:] = sys.argv[2:]
from coordination.outbox.hosts.child import main
main(int(sys.argv[1]))
"""


@dataclass(frozen=True, kw_only=True)
class HostSpec:
    """What a host is given, and all that it is given."""

    plugin: str
    slug: str
    config: Mapping[str, Any] = field(repr=False)
    kit: Mapping[str, Any] = field(repr=False)
    deadline_seconds: float = 20.0
    max_concurrency: int = 16
    deduplicates: bool = False

    def secrets(self) -> Iterator[str]:
        """Yield the values that must appear in no error text."""
        stack: list[Any] = [self.config]
        while stack:
            each = stack.pop()
            if isinstance(each, Mapping) and set(each) == {MARK}:
                yield each[MARK]
            elif isinstance(each, Mapping):
                stack.extend(each.values())
            elif isinstance(each, list):
                stack.extend(each)


class Host:
    """One child process. One call at a time; the pool sees to that."""

    def __init__(self, spec: HostSpec) -> None:
        self.spec = spec
        self.lines = 0
        self._struck = [each for each in spec.secrets() if each]
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _start(theirs)
        self.wire = Wire(ours)
        threading.Thread(target=self._count_lines, daemon=True, name="host output").start()
        self._greet()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        # Not poll(), which would reap: `kill` must still be able to end what a dead host left running.
        if self._process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    @property
    def pid(self) -> int:
        """The process id of the host."""
        return self._process.pid

    def render(self, message: Message) -> Rendered:
        """Return the frozen content. Raises UnsupportedFeature, ChannelBroke, HostFailed."""
        rendered = _decoded(Rendered, self._call({"verb": "render", "message": encode(message)}))
        if len(rendered.content) > LARGEST_CONTENT:
            raise ChannelBroke("rendered more than 25 MiB")
        if not MEDIA_TYPE.fullmatch(rendered.media_type) or not FILENAME.fullmatch(rendered.filename):
            raise ChannelBroke("rendered a media type or file name that is not one")
        return rendered

    def deliver(
        self, parcels: Sequence[Parcel], *, window: float, begin_by: float, halt: Halt = NEVER
    ) -> list[Outcome]:
        """Send these, starting none after `window` seconds; return one outcome for each. Never raises.

        From `begin_by` (of `boot_seconds`) on the host itself begins none: the lease has too little left.
        A host that must be killed takes with it only the messages that it had started and not finished.
        """
        flight = Flight(self.wire, parcels, seconds=self.spec.deadline_seconds, redact=self._redact)
        if not flight.run(window, begin_by, halt):
            self.kill()
        return flight.outcomes()

    def fetch_status(self, message_id: str, receipt: Receipt) -> Receipt | None:
        """Return news of a message, if there is any. Raises a DeliveryError, ChannelBroke, HostFailed."""
        frame = {"verb": "fetch_status", "message_id": message_id, "receipt": encode(receipt)}
        result = self._call(frame)
        return None if result is None else _receipt(message_id, result)

    def parse_inbound(self, request: InboundRequest) -> list[Inbound]:
        """Return what a partner said. Raises as `fetch_status`, or InauthenticInbound."""
        result = self._call({"verb": "parse_inbound", "request": encode(request)})
        if not isinstance(result, list):
            raise ChannelBroke("parse_inbound returned no list")
        return [_decoded(Inbound, each) for each in result]

    def recall(self, message_id: str, receipt: Receipt, reason: str) -> Receipt:
        """Ask for a message back. Raises a DeliveryError, ChannelBroke, HostFailed."""
        frame = {"verb": "recall", "message_id": message_id, "receipt": encode(receipt), "reason": reason}
        return _receipt(message_id, self._call(frame))

    def check_health(self) -> Health:
        """Try the way. Raises ChannelBroke, HostFailed."""
        return _decoded(Health, self._call({"verb": "check_health"}))

    def kill(self) -> None:
        """End the process and whatever it started, now."""
        self.wire.close()
        if self._process.returncode is None:  # not reaped, so the number is still this process's own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _greet(self) -> None:
        first = {
            "plugin": self.spec.plugin,
            "slug": self.spec.slug,
            "config": self.spec.config,
            "kit": self.spec.kit,
        }
        try:
            self.wire.send(first, START_SECONDS)
            answer = self.wire.receive(START_SECONDS)
        except (TimeoutError, Gone, BadFrame) as error:
            answer = {"text": type(error).__name__}
        if not answer.get("ready"):
            self.kill()
            text = self._redact(str(answer.get("text", "")))
            raise HostFailed(f"the host of {self.spec.slug} did not start: {text}")

    def _call(self, frame: dict[str, Any]) -> Any:
        until = time.monotonic() + self.spec.deadline_seconds
        try:
            self.wire.send(frame, self.spec.deadline_seconds)
            answer = self.wire.receive(max(until - time.monotonic(), 0.001))
        except (TimeoutError, Gone, BadFrame) as error:
            self.kill()
            what = "did not answer in time" if isinstance(error, TimeoutError) else "died"
            raise HostFailed(f"the host of {self.spec.slug} {what}") from error
        if "error" in answer:
            raise self._error(answer)
        return answer.get("result")

    def _error(self, answer: Mapping[str, Any]) -> Exception:
        text = self._redact(str(answer.get("text", "")))
        kinds: dict[str, type[Exception]] = {
            "permanent": PermanentFailure,
            "unknown": OutcomeUnknown,
            "unsupported": UnsupportedFeature,
            "inauthentic": InauthenticInbound,
        }
        name = answer["error"]
        if name == "temporary":
            return TemporaryFailure(text, retry_after=seconds_to_wait(answer.get("retry_after")))
        return kinds[name](text) if name in kinds else ChannelBroke(f"raised {text}")

    def _redact(self, text: str) -> str:
        for secret in self._struck:
            text = text.replace(secret, "…")
        return text[:300]

    def _count_lines(self) -> None:
        """Read what the child prints, so that it never blocks; count it, and show it nowhere."""
        output = self._process.stdout
        if output is None:
            return
        with output:
            for _ in iter(lambda: output.readline(65_536), b""):
                self.lines += 1
        if self.lines:
            logger.info("the host of %s wrote %d lines, not shown", self.spec.slug, self.lines)


def _start(theirs: socket.socket) -> "subprocess.Popen[bytes]":
    path = [each for each in sys.path if each and os.path.isabs(each)]  # noqa: PTH117 - the strings are passed on
    return subprocess.Popen(  # nosec B603  # noqa: S603 - our own interpreter, our own program
        [sys.executable, "-I", "-c", PROGRAM, str(theirs.fileno()), *path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
        cwd="/",
        close_fds=True,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )


def _decoded(kind: type[T], data: Any) -> T:
    try:
        return decode(kind, data)
    except ValueError as error:
        raise ChannelBroke(f"answered something that is no {kind.__name__}") from error


def _receipt(message_id: str, data: Any) -> Receipt:
    receipt = _decoded(Receipt, data)
    if receipt.message_id != message_id:
        raise ChannelBroke("answered for another message")
    return receipt
