"""Receivers for the benchmarks: as fast as can be had, or noting when what came, or hanging."""

import asyncio
import contextlib
import multiprocessing
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
NGINX = """
daemon off; worker_processes 1; pid {0}/pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
server {{ listen 127.0.0.1:{1}; location / {{ return 200 "ok"; }} }} }}
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.contextmanager
def fast() -> Iterator[int]:
    """Answer 200 to everything: nginx where it is installed, else a small server; yield the port."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        with noting() as (port, _):
            yield port
        return
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "nginx.conf"
        config.write_text(NGINX.format(directory, port))
        process = subprocess.Popen([nginx, "-p", directory, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def noting(*, hangs: bool = False) -> Iterator[tuple[int, Any]]:
    """Note when each webhook-id came first; yield the port and the shared record of ids and times."""
    port = _free_port()
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        times = manager.dict()
        process = context.Process(target=serve, args=(port, times, hangs), daemon=True)
        process.start()
        try:
            _wait_for(port)
            yield port, times
        finally:
            process.kill()
            process.join()


def serve(port: int, times: Any, hangs: bool) -> None:  # noqa: C901 - a server around one dictionary
    """Serve until killed."""
    pending: dict[str, float] = {}

    class Sink(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.seen = transport, b""

        def data_received(self, data: bytes) -> None:
            self.seen += data
            while (end := self.seen.find(b"\r\n\r\n")) >= 0:
                head = self.seen[:end].lower()
                length = int(_header(head, b"content-length") or 0)
                if len(self.seen) < end + 4 + length:
                    return
                self.seen = self.seen[end + 4 + length :]
                if message_id := _header(head, b"webhook-id"):
                    pending.setdefault(message_id.decode(), time.time())
                if not hangs:
                    self.transport.write(ANSWER)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, HOST, port)
        async with server:
            while True:
                await asyncio.sleep(0.02)
                if pending:
                    # Written in one go and off the path of the answers.
                    times.update(pending)
                    pending.clear()

    asyncio.run(run())


def _header(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b":")
    return head[start + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if start >= 0 else b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the sink does not start")
