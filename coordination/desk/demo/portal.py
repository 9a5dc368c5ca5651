"""A fake police portal, run beside the product with `python -m`: real HTTP, signature check and answer.

It imports nothing of ours: what it knows is what a partner would be told. Its configuration is a JSON file:
`{"api", "port", "desks": {"harrow": {"secret", "token", "prefix", "officer", "answers"}}}`.
"""

import json
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
from standardwebhooks import Webhook, WebhookVerificationError

ANSWER_TRIES = 40
BETWEEN_TRIES = 0.25
A_PERSON_LOOKS = 0.5
CREATED = 201
NOT_YET = (404, 409, 503)


class Portal:
    """Takes messages for several desks, each id once; the officer of a desk that answers acknowledges."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.api = configuration["api"]
        self.desks = configuration["desks"]
        self.seen: dict[str, str] = {}
        self.lock = threading.Lock()
        self.http = urllib3.PoolManager(timeout=urllib3.Timeout(5.0), retries=False)

    def take(self, desk_name: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        """Verify, drop what was seen before, and answer under a reference of our own."""
        desk = self.desks.get(desk_name)
        if desk is None:
            return 404, {"error": "no such desk"}
        try:
            Webhook(desk["secret"]).verify(body, headers)
        except WebhookVerificationError:
            self.log(desk_name, "refused a message: its signature does not hold")
            return 401, {"error": "the signature does not hold"}
        message_id = headers["webhook-id"]
        with self.lock:
            known = self.seen.get(message_id)
            reference = known or f"{desk['prefix']}-{datetime.now(UTC):%y}-{secrets.randbelow(10**6):06d}"
            self.seen[message_id] = reference
        if known:
            self.log(desk_name, f"has {message_id} already")
        else:
            self.log(desk_name, f"took {message_id} under {reference}")
            if desk["answers"]:
                threading.Thread(target=self.answer, args=(desk, message_id, reference), daemon=True).start()
        return 200, {"reference": reference}

    def answer(self, desk: dict[str, Any], message_id: str, reference: str) -> None:
        """Acknowledge through the platform's API, as a named officer."""
        time.sleep(A_PERSON_LOOKS)
        for _ in range(ANSWER_TRIES):
            status = self.acknowledge(desk, message_id, reference)
            if status == CREATED:
                self.log(desk["officer"], f"acknowledged {message_id} under {reference}")
                return
            if status not in NOT_YET:
                self.log(desk["officer"], f"could not acknowledge {message_id}: HTTP {status}")
                return
            time.sleep(BETWEEN_TRIES)

    def acknowledge(self, desk: dict[str, Any], message_id: str, reference: str) -> int:
        """Make one call and return its status; 503 where nobody answers."""
        try:
            response = self.http.request(
                "POST",
                f"{self.api}/api/v1/messages/{message_id}/acknowledge",
                body=json.dumps({"reference": reference, "acknowledged_by": desk["officer"]}),
                headers={
                    "Authorization": f"Bearer {desk['token']}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": f"ack-{message_id}",
                },
            )
        except urllib3.exceptions.HTTPError:
            return 503
        return int(response.status)

    def log(self, who: str, what: str) -> None:
        """Say what happened, for the log file."""
        print(f"{datetime.now(UTC):%H:%M:%S} {who} {what}", flush=True)  # noqa: T201


class Handler(BaseHTTPRequestHandler):
    """POST /<desk>/messages takes a message; GET / says that the portal is up."""

    portal: Portal

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        desk, _, rest = self.path.strip("/").partition("/")
        status, answer = self.portal.take(desk, headers, body) if rest == "messages" else (404, {})
        self.reply(status, answer)

    def do_GET(self) -> None:
        """Say that the portal is up."""
        self.reply(200, {"portal": "up"})

    def reply(self, status: int, answer: dict[str, str]) -> None:
        """Send a JSON answer."""
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log nothing: the portal says what matters."""


def main() -> None:
    """Serve until stopped."""
    configuration = json.loads(Path(sys.argv[1]).read_text())
    handler = type("OnePortal", (Handler,), {"portal": Portal(configuration)})
    ThreadingHTTPServer(("127.0.0.1", configuration["port"]), handler).serve_forever()


if __name__ == "__main__":
    main()
