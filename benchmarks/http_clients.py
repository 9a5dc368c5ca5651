"""POSTs a second from threads to a local sink: the kit's client beside what else there is.

`python -m benchmarks.http_clients [--quick] [--json]`. The sink is nginx where it is installed, else a small
server in a process of its own. Clients that are not installed are left out. Why it matters:
docs/decisions/0002.
"""

import asyncio
import contextlib
import http.client
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import report
from coordination.channels import HttpClient, KitSettings, configure

BODY = b'{"note": "' + b"x" * 1000 + b'"}'
HEADERS = {"Content-Type": "application/json"}
THREADS = 8
HOST = "127.0.0.1"
NGINX = """
daemon off; worker_processes 1; pid {0}/pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
server {{ listen 127.0.0.1:{1}; location / {{ return 200 "ok"; }} }} }}
"""

Post = Callable[[], None]


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="one short round")
    seconds, rounds = (0.5, 1) if options.quick else (3.0, 5)
    configure(KitSettings(allowed_networks=("127.0.0.0/8",), allow_plain_http=True))
    with sink() as port:
        clients = {
            name: make for name, make in CLIENTS.items() if NEEDS.get(name) is None or find_spec(NEEDS[name])
        }
        figures = measure(clients, port, seconds, rounds)
    kit = figures["kit"]
    ratios = {f"kit / {name}": round(kit / figure, 2) for name, figure in figures.items() if name != "kit"}
    figures_per_s = {f"{name} POST/s": figure for name, figure in figures.items()}
    report.show("http_clients", figures=figures_per_s, ratios=ratios, targets={}, as_json=options.json)


def measure(clients: dict[str, Any], port: int, seconds: float, rounds: int) -> dict[str, int]:
    """Return POSTs a second for each client: the median of rounds taken in turn, so drift hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, make in clients.items():
            found[name].append(make(port, seconds))
    return {name: round(statistics.median(values)) for name, values in found.items()}


def from_threads(make_post: Callable[[int], Post]) -> Callable[[int, float], float]:
    """Return a measurement of a post that several threads share."""

    def run(port: int, seconds: float) -> float:
        post = make_post(port)
        post()
        start = time.perf_counter()

        def work(_: int) -> int:
            count = 0
            while time.perf_counter() - start < seconds:
                post()
                count += 1
            return count

        with ThreadPoolExecutor(THREADS) as pool:
            total = sum(pool.map(work, range(THREADS)))
        return total / (time.perf_counter() - start)

    return run


def kit(port: int) -> Post:
    """The kit: checked and pinned address, pool, deadline, digest of the wire."""
    client = HttpClient()
    return lambda: _ignore(client.post(f"http://{HOST}:{port}/", BODY, headers=HEADERS))


def stdlib(port: int) -> Post:
    """http.client with a connection for each thread and nothing else: the most a layer over it can reach."""
    local = threading.local()

    def post() -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(HOST, port)
        local.connection.request("POST", "/", BODY, HEADERS)
        local.connection.getresponse().read()

    return post


def urllib3_pinned(port: int) -> Post:
    """A urllib3 pool on the address, the name kept in the Host header: how it would be pinned."""
    import urllib3

    pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=THREADS, block=False)
    headers = {**HEADERS, "Host": "partner.example"}
    return lambda: _ignore(
        pool.urlopen("POST", "/", body=BODY, headers=headers, redirect=False, retries=False)
    )


def httpx2_client(port: int) -> Post:
    """httpx2, sync."""
    import httpx2  # type: ignore[import-not-found]

    client = httpx2.Client()
    return lambda: _ignore(client.post(f"http://{HOST}:{port}/", content=BODY, headers=HEADERS))


def requests_session(port: int) -> Post:
    """A requests session for each thread."""
    import requests

    local = threading.local()

    def post() -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        local.session.post(f"http://{HOST}:{port}/", data=BODY, headers=HEADERS)

    return post


def pyreqwest_client(port: int) -> Post:
    """pyreqwest: reqwest, in Rust, sync."""
    from pyreqwest.client import SyncClientBuilder  # type: ignore[import-not-found]

    client = SyncClientBuilder().build()
    return lambda: _ignore(
        client.post(f"http://{HOST}:{port}/").body_bytes(BODY).headers(HEADERS).build().send().bytes()
    )


def aiohttp_tasks(port: int, seconds: float) -> float:
    """aiohttp on one loop with 50 at once: no threads, so a channel written for it would be async."""
    import aiohttp

    async def run() -> float:
        counts = 0
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=50)) as session:
            start = time.perf_counter()

            async def work() -> None:
                nonlocal counts
                while time.perf_counter() - start < seconds:
                    async with session.post(f"http://{HOST}:{port}/", data=BODY, headers=HEADERS) as answer:
                        await answer.read()
                    counts += 1

            await asyncio.gather(*[work() for _ in range(50)])
            return counts / (time.perf_counter() - start)

    return asyncio.run(run())


def _ignore(_: Any) -> None:
    """Take an answer and do nothing with it."""


CLIENTS: dict[str, Callable[[int, float], float]] = {
    "kit": from_threads(kit),
    "http.client": from_threads(stdlib),
    "urllib3, pinned": from_threads(urllib3_pinned),
    "requests": from_threads(requests_session),
    "httpx2": from_threads(httpx2_client),
    "pyreqwest": from_threads(pyreqwest_client),
    "aiohttp, 50 tasks": aiohttp_tasks,
}
NEEDS = {
    "urllib3, pinned": "urllib3",
    "requests": "requests",
    "httpx2": "httpx2",
    "pyreqwest": "pyreqwest",
    "aiohttp, 50 tasks": "aiohttp",
}


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """Run something that says 200 to everything, in a process of its own; yield its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as directory:
        process: Any
        if nginx := shutil.which("nginx"):
            config = Path(directory) / "nginx.conf"
            config.write_text(NGINX.format(directory, port))
            process = subprocess.Popen([nginx, "-p", directory, "-c", str(config)], stderr=subprocess.DEVNULL)
        else:
            process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
            process.start()
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait() if isinstance(process, subprocess.Popen) else process.join()


def serve(port: int) -> None:
    """Answer every request that carries BODY."""

    class Sink(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.seen = transport, b""

        def data_received(self, data: bytes) -> None:
            self.seen += data
            while (end := self.seen.find(b"\r\n\r\n")) >= 0 and len(self.seen) >= end + 4 + len(BODY):
                self.seen = self.seen[end + 4 + len(BODY) :]
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, HOST, port)
        await server.serve_forever()

    asyncio.run(run())


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("the sink does not start")


if __name__ == "__main__":
    main()
