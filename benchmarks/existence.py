"""Does time tell whether a record exists? `python -m benchmarks.existence [--quick] [--json]`.

A real web process answers, over loopback, an officer who asks for messages of another agency and for ones
that do not exist, and somebody at the desk who asks for a case that they were not let into and for ones that
do not exist; in random order, 2,000 of each. Told are the difference of the medians and the p of the
Mann-Whitney rank test. It makes a database of its own, and drops it at the end.
"""

import contextlib
import http.client
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from benchmarks import bus_data, report

TARGETS: dict[str, report.Target] = {"difference_ms": ("<=", 0.5), "rank_p": (">=", 0.01)}


@dataclass(frozen=True)
class Route:
    """A question that time could answer: how to ask it, about what is there, and about what is not."""

    ask: Callable[[str], float]
    foreign: str
    missing: Callable[[], str]


@dataclass(frozen=True)
class World:
    """What is there, and who may not know."""

    message: str
    token: str
    case: str
    cookie: str


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="200 of each")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    with bus_data.database() as environment:
        figures, ratios = run(environment, samples=200 if options.quick else 2000)
    report.show("existence", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


def run(environment: dict[str, str], *, samples: int) -> tuple[dict[str, float], dict[str, float]]:
    """Ask `samples` times for each, on each route; return figures and what the targets are about."""
    world = _world()
    figures: dict[str, float] = {"samples": samples}
    ratios: dict[str, float] = {}
    with _web(environment) as port:
        for name, route in _routes(port, world).items():
            there, missing = _measure(route, samples)
            figures[f"{name}.foreign_ms"] = statistics.median(there)
            figures[f"{name}.missing_ms"] = statistics.median(missing)
            ratios[f"{name}.difference_ms"] = abs(statistics.median(there) - statistics.median(missing))
            ratios[f"{name}.rank_p"] = rank_test(there, missing)
    return figures, ratios


def rank_test(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p of the Mann-Whitney rank test: normal approximation, corrected for ties."""
    rows = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total, rank_sum, ties, start = len(rows), 0.0, 0.0, 0
    while start < total:
        end = start
        while end < total and rows[end][0] == rows[start][0]:
            end += 1
        rank_sum += (start + 1 + end) / 2 * sum(1 for _, arm in rows[start:end] if arm == 0)
        ties += (end - start) ** 3 - (end - start)
        start = end
    n, m = len(first), len(second)
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
    if not variance:
        return 1.0
    return math.erfc(abs(u - n * m / 2) / math.sqrt(2 * variance))


def _measure(route: Route, samples: int) -> tuple[list[float], list[float]]:
    for _ in range(50):
        route.ask(route.foreign)
        route.ask(route.missing())
    order = [True, False] * samples
    random.Random(9).shuffle(order)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for is_there in order:
        spent[is_there].append(route.ask(route.foreign if is_there else route.missing()))
    return spent[True], spent[False]


def _routes(port: int, world: World) -> dict[str, Route]:
    from coordination.core import identifiers

    connection = http.client.HTTPConnection("127.0.0.1", port)
    bearer = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
    session = {"Cookie": world.cookie}
    said = json.dumps({"reference": "HC-26-1107"})

    def timed(method: str, path: str, headers: dict[str, str], body: str | None = None) -> float:
        key = {"Idempotency-Key": uuid.uuid4().hex} if body else {}
        began = time.perf_counter()
        connection.request(method, path, body, headers | key)
        answer = connection.getresponse()
        answer.read()
        spent = (time.perf_counter() - began) * 1000
        if answer.status != 404:
            raise SystemExit(f"{path} was answered {answer.status}")
        return spent

    def read(wanted: str) -> float:
        return timed("GET", f"/api/v1/messages/{wanted}", bearer)

    def acknowledge(wanted: str) -> float:
        return timed("POST", f"/api/v1/messages/{wanted}/acknowledge", bearer, said)

    def case(wanted: str) -> float:
        return timed("GET", f"/admin/cases/case/{wanted}/change/", session)

    return {
        "read": Route(read, world.message, lambda: str(uuid.uuid4())),
        "acknowledge": Route(acknowledge, world.message, lambda: str(uuid.uuid4())),
        "case": Route(case, world.case, lambda: identifiers.reference("C")),
    }


def _world() -> World:
    """Make a message that one agency has, an officer of another, and a custodian whom no case was given."""
    from coordination.access import services as access
    from coordination.outbox.models import Delivery
    from coordination.partners import services as partners

    theirs = bus_data.destination("http://127.0.0.1:9/")
    other = bus_data.destination("http://127.0.0.1:9/").agency
    [delivery] = bus_data.insert([theirs], 1, by=bus_data.person(), lane="P0")
    Delivery.objects.filter(pk=delivery.pk).update(state="accepted")
    officer = partners.register_officer(other, by=None, name="Benchmark", username="officer")
    partners.verify_officer(officer, by=None, how_verified="a benchmark")
    _, token = access.issue_token(
        officer.user, by=None, name="benchmark", scopes=["read", "respond"], expires_in=timedelta(days=1)
    )
    custodian = access.create_person("custodian", by=None, roles=["custodian"])
    return World(str(delivery.message_id), token, delivery.case.reference, _signed_in(custodian))


def _signed_in(user: Any) -> str:
    """Return the cookie of a session in which somebody is signed in."""
    from django.conf import settings
    from django.test import Client

    from coordination.access import selectors, services

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = selectors.live_session(client.session.session_key)
    if session is None:
        raise SystemExit("signing in began no session of the desk")
    services.confirm_session(session, kind="totp", during="benchmark")
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


@contextlib.contextmanager
def _web(environment: dict[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    many = dict.fromkeys(("RATE_LIMIT_CALLER", "RATE_LIMIT_GROUP", "RATE_LIMIT_URGENT"), "10000000/60")
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--threads", "2", "--keep-alive", "60", "--log-level", "error", "coordination.wsgi"],
        env=environment | many,
        stderr=subprocess.DEVNULL,  # a line for each 404
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
