"""A plugin for tests: the note of a test message says what the channel does with it. Installed by a path."""

import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django import forms

from coordination.channels import (
    Attempt,
    Channel,
    ChannelInfo,
    EndpointField,
    Health,
    HttpClient,
    Message,
    MessageKind,
    OutcomeUnknown,
    PermanentFailure,
    Receipt,
    ReceiptLevel,
    Rendered,
    SecretReferenceField,
    TemporaryFailure,
    TestBody,
    UnsupportedFeature,
    hookimpl,
)


class Form(forms.Form):
    endpoint = EndpointField()
    secret = SecretReferenceField(required=False)


class Scripted(Channel):
    info = ChannelInfo(
        slug="scripted",
        title="Scripted, for tests",
        kinds=frozenset({MessageKind.TEST}),
        deduplicates=True,
        max_concurrency=4,
        deadline_seconds=1.5,
    )
    config_form = Form

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.client = HttpClient()

    def render(self, message: Message) -> Rendered:
        if not isinstance(message.body, TestBody):
            raise UnsupportedFeature(f"a script carries no {message.kind}")
        note = message.body.note
        if note == "render: hang":
            time.sleep(60)
        if note == "render: raise":
            raise RuntimeError("a secret text")
        return Rendered(content=note.encode(), media_type="text/plain", filename="note.txt", preview=note)

    def deliver(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        word, _, rest = rendered.content.decode().partition(" ")
        act = getattr(self, f"do_{word}", None)
        if act is not None:
            answer = act(rest, attempt)
            if isinstance(answer, Receipt) or word == "nonsense":
                return answer
        return self.post(rendered, attempt)

    def post(self, rendered: Rendered, attempt: Attempt) -> Receipt:
        answer = self.client.post(
            self.config["endpoint"], rendered.content, headers={"webhook-id": attempt.message_id}
        )
        return receipt(attempt, proof=answer.body, wire_digest=answer.wire_digest)

    def do_crash(self, *_: Any) -> None:
        os._exit(3)

    def do_crashonce(self, path: str, attempt: Attempt) -> None:
        if not Path(path).exists():
            Path(path).touch()
            os._exit(3)

    def do_sleep(self, seconds: str, attempt: Attempt) -> None:
        time.sleep(float(seconds))

    def do_mark(self, path: str, attempt: Attempt) -> None:
        Path(path).touch()
        time.sleep(1)

    def do_raise(self, *_: Any) -> None:
        raise ValueError("somebody's home address")

    def do_exit(self, *_: Any) -> None:
        raise SystemExit(1)

    def do_temporary(self, seconds: str, attempt: Attempt) -> None:
        raise TemporaryFailure("busy", retry_after=float(seconds) if seconds else None)

    def do_permanent(self, *_: Any) -> None:
        raise PermanentFailure("they do not want it")

    def do_say(self, words: str, attempt: Attempt) -> Receipt:
        return receipt(attempt, reference=words, detail=words)

    def do_fail(self, words: str, attempt: Attempt) -> None:
        raise PermanentFailure(words)

    def do_leak(self, *_: Any) -> None:
        raise PermanentFailure("the key is " + self.config["secret"].reveal())

    def do_unknown(self, *_: Any) -> None:
        raise OutcomeUnknown("the line went dead")

    def do_level(self, level: str, attempt: Attempt) -> Receipt:
        return receipt(attempt, level=ReceiptLevel(level))

    def do_lie(self, _: str, attempt: Attempt) -> Receipt:
        return Receipt(message_id="another", level=ReceiptLevel.ACCEPTED, occurred_at=datetime.now(UTC))

    def do_nonsense(self, *_: Any) -> Any:
        return {"level": "splendid"}

    def do_odd(self, _: str, attempt: Attempt) -> Receipt:
        return Receipt(
            message_id=attempt.message_id,
            level=ReceiptLevel.ACCEPTED,
            occurred_at=datetime.now(UTC),
            sequence=10**30,
            reference="a\x00b" + "x" * 500,
            detail="\ud800 alone" + "y" * 9000,
            wire_digest="not one",
        )

    def do_environment(self, _: str, attempt: Attempt) -> Receipt:
        return receipt(attempt, detail=",".join(sorted(os.environ)), reference=str(os.getpid()))

    def do_print(self, *_: Any) -> None:
        print("a secret line\n" * 5000, flush=True)  # noqa: T201 - more than a pipe holds

    def fetch_status(self, message_id: str, last: Receipt) -> Receipt | None:
        answer = self.client.get(self.config["endpoint"])
        if answer.body != b"delivered":
            return None
        return Receipt(
            message_id=message_id,
            level=ReceiptLevel.DELIVERED,
            occurred_at=datetime.now(UTC),
            sequence=last.sequence + 1,
        )

    def check_health(self) -> Health:
        return Health(healthy=True, detail=hashlib.sha256(b"").hexdigest()[:8])


class Once(Scripted):
    """As scripted, but its receiver does not drop what it has seen."""

    info = ChannelInfo(
        slug="scripted_once",
        title="Scripted without deduplication, for tests",
        kinds=frozenset({MessageKind.TEST}),
        deduplicates=False,
        max_concurrency=4,
        deadline_seconds=1.5,
    )


class Recallable(Scripted):
    """As scripted, and its partner can be asked to give a message back: the reason says what it answers."""

    info = ChannelInfo(
        slug="scripted_recall",
        title="Scripted with recall, for tests",
        kinds=frozenset({MessageKind.TEST}),
        deduplicates=True,
    )

    def recall(self, message_id: str, last: Receipt, reason: str) -> Receipt:
        if reason == "down":
            raise TemporaryFailure("busy")
        self.client.post(
            self.config["endpoint"], reason.encode(), headers={"webhook-id": f"recall-{message_id}"}
        )
        return Receipt(
            message_id=message_id,
            level=ReceiptLevel.ACCEPTED if reason == "noted" else ReceiptLevel.REJECTED,
            occurred_at=datetime.now(UTC),
            detail=reason,
        )


def receipt(attempt: Attempt, *, level: ReceiptLevel = ReceiptLevel.ACCEPTED, **more: Any) -> Receipt:
    return Receipt(message_id=attempt.message_id, level=level, occurred_at=datetime.now(UTC), **more)


@hookimpl
def register_channels() -> list[type[Channel]]:
    return [Scripted, Once, Recallable]


@hookimpl
def object_to_delivery(message: Message, channel_slug: str, destination: str) -> str | None:
    note = getattr(message.body, "note", "")
    if note == "objection: raise":
        raise RuntimeError("no answer")
    return "This plugin does not like it." if note == "objection" else None
