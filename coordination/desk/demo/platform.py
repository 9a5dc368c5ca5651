"""The fake account systems of the platform, run beside the product with `python -m`: they do and call back.

They import nothing of ours: what they know is in plugins/platform_actions/README.md. The configuration is a
JSON file: `{"port", "callbacks", "secret", "callback_secret", "in_force": {account: step}}`.
"""

import json
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import urllib3
from standardwebhooks import Webhook, WebhookVerificationError

CALLBACK_TRIES: Final = 40
BETWEEN_TRIES: Final = 0.25
TAKES_A_MOMENT: Final = 0.3
TAKEN, NO_CONTENT = 202, 204
# A newer command takes the place of an older one of its sort.
SORTS: Final = {"impose": "restricting", "lift": "restricting", "preserve": "keeping", "release": "keeping"}
NOT_YET: Final = (404, 409, 500, 503)


class Platform:
    """Carries commands out, each once and none that is older than what was done, and confirms each."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.callbacks = configuration["callbacks"]
        self.signed = Webhook(configuration["secret"])
        self.own = Webhook(configuration["callback_secret"])
        self.in_force: dict[str, str | None] = dict(configuration["in_force"])
        self.kept: set[str] = set()
        self.told: dict[str, str] = {}
        self.seen: set[str] = set()
        self.newest: dict[tuple[str, str], int] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.calls_back = True
        self.lock = threading.Lock()
        self.http = urllib3.PoolManager(timeout=urllib3.Timeout(5.0), retries=False, maxsize=8)

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Verify a command, carry it out and say that a callback follows."""
        try:
            said = self.signed.verify(body, headers)
        except WebhookVerificationError:
            self.log("refused a command: its signature does not hold")
            return 401, {"error": "the signature does not hold"}
        command_id = headers["webhook-id"]
        with self.lock:
            again = command_id in self.seen
            self.seen.add(command_id)
            if not again:
                self.carry_out(said)
        if not again:
            threading.Thread(target=self.confirm, args=(command_id, said), daemon=True).start()
        return TAKEN, {}

    def carry_out(self, said: dict[str, Any]) -> None:
        """Do what a command asks for, unless a newer one of its sort about the account was carried out."""
        action, account = said["action"], said.get("account", "")
        sort = SORTS.get(action)
        if sort is None or said["sequence"] < self.newest.get((account, sort), 0):
            return
        self.newest[account, sort] = said["sequence"]
        if sort == "restricting":
            self.in_force[account] = said["step"] or None
        else:
            (self.kept.add if action == "preserve" else self.kept.discard)(account)
        if said["statement"]:
            self.told[account] = said["statement"]
        told = ", and told its user why" if said["statement"] else ""
        self.log(f"{action} {said['step']} on {account}{told}")

    def tell(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Verify a question, and say what became of a command."""
        try:
            asked = self.signed.verify(body, headers)["message_id"]
        except WebhookVerificationError:
            return 401, {"error": "the signature does not hold"}
        if asked not in self.seen:
            return 404, {}
        return 200, {"message_id": asked, "confirmed": None, **self.done.get(asked, {})}

    def confirm(self, command_id: str, said: dict[str, Any]) -> None:
        """Say in a signed callback that it was done, and what is in force now."""
        time.sleep(TAKES_A_MOMENT)
        became = {
            "message_id": command_id,
            "confirmed": True,
            "reference": f"LC-{secrets.randbelow(10**6):06d}",
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        if said.get("account"):
            became["in_force"] = self.in_force.get(said["account"])
        self.done[command_id] = became
        callback = {"id": f"cb_{secrets.token_hex(8)}", **became}
        if not self.calls_back:
            return
        for _ in range(CALLBACK_TRIES):
            status = self.call_back(callback)
            if status == NO_CONTENT:
                self.log(f"confirmed {command_id}")
                return
            if status not in NOT_YET:
                break
            time.sleep(BETWEEN_TRIES)
        self.log(f"could not confirm {command_id}: HTTP {status}")

    def call_back(self, callback: dict[str, Any]) -> int:
        """Make one call and return its status; 503 where nobody answers."""
        body, now = json.dumps(callback), datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": callback["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.own.sign(callback["id"], now, body),
        }
        try:
            return int(self.http.request("POST", self.callbacks, body=body, headers=headers).status)
        except urllib3.exceptions.HTTPError:
            return 503

    def log(self, what: str) -> None:
        """Say what happened, for the log file."""
        print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)  # noqa: T201


class Handler(BaseHTTPRequestHandler):
    """POST /commands takes a command, POST /status a question about one; GET / says that they are up."""

    platform: Platform

    def do_POST(self) -> None:
        """Take a command or a question."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        ways = {"/commands": self.platform.take, "/status": self.platform.tell}
        way = ways.get(self.path)
        self.reply(*(way(headers, body) if way else (404, {})))

    def do_GET(self) -> None:
        """Say that they are up."""
        self.reply(200, {"platform": "up"})

    def reply(self, status: int, answer: dict[str, Any]) -> None:
        """Send a JSON answer."""
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log nothing: the platform says what matters."""


def server(platform: Platform, port: int) -> ThreadingHTTPServer:
    """Return a server on loopback, which does not serve yet; port 0 takes any that is free."""
    handler = type("OnePlatform", (Handler,), {"platform": platform})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until stopped."""
    configuration = json.loads(Path(sys.argv[1]).read_text())
    server(Platform(configuration), configuration["port"]).serve_forever()


if __name__ == "__main__":
    main()
