"""Does time tell whether a record exists? `python -m benchmarks.existence [--quick] [--json]`.

A real web process answers, over loopback, an officer who asks for messages of another agency and for ones
that do not exist, in random order, 2,000 of each: reading one, and acknowledging one. Told are the difference
of the medians and the p of the Mann-Whitney rank test. It makes a database of its own, and drops it at the
end.
"""

import argparse
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
from datetime import timedelta

from benchmarks import bus_data

TARGETS = {"difference_ms": ("<=", 0.5), "rank_p": (">=", 0.01)}
Ask = Callable[[str], float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 of each")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    with bus_data.database() as environment:
        found = run(environment, samples=200 if options.quick else 2000)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in {**found["figures"], **found["ratios"]}.items():
        sign, target = TARGETS.get(name.partition(".")[2], ("", 0.0))
        met = value <= target if sign == "<=" else value >= target
        print(f"{name:32} {value:10.4f}{f'   {sign} {target:g}: {_word(met)}' if sign else ''}")


def _word(met: bool) -> str:
    return "met" if met else "MISSED"


def run(environment: dict[str, str], *, samples: int) -> dict[str, dict[str, float]]:
    """Ask `samples` times for each, on each route; return figures and what the targets are about."""
    foreign, token = _world()
    figures: dict[str, float] = {"samples": samples}
    ratios: dict[str, float] = {}
    with _web(environment) as port:
        for name, ask in _routes(port, token).items():
            there, missing = _measure(ask, foreign, samples)
            figures[f"{name}.foreign_ms"] = statistics.median(there)
            figures[f"{name}.missing_ms"] = statistics.median(missing)
            ratios[f"{name}.difference_ms"] = abs(statistics.median(there) - statistics.median(missing))
            ratios[f"{name}.rank_p"] = rank_test(there, missing)
    return {"figures": figures, "ratios": ratios}


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


def _measure(ask: Ask, foreign: str, samples: int) -> tuple[list[float], list[float]]:
    for _ in range(50):
        ask(foreign)
        ask(str(uuid.uuid4()))
    order = [True, False] * samples
    random.Random(9).shuffle(order)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for is_there in order:
        spent[is_there].append(ask(foreign if is_there else str(uuid.uuid4())))
    return spent[True], spent[False]


def _routes(port: int, token: str) -> dict[str, Ask]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def timed(method: str, path: str, body: str | None = None) -> float:
        key = {"Idempotency-Key": uuid.uuid4().hex} if body else {}
        began = time.perf_counter()
        connection.request(method, path, body, headers | key)
        answer = connection.getresponse()
        answer.read()
        spent = (time.perf_counter() - began) * 1000
        if answer.status != 404:
            raise SystemExit(f"{path} was answered {answer.status}")
        return spent

    said = json.dumps({"reference": "HC-26-1107"})
    return {
        "read": lambda wanted: timed("GET", f"/api/v1/messages/{wanted}"),
        "acknowledge": lambda wanted: timed("POST", f"/api/v1/messages/{wanted}/acknowledge", said),
    }


def _world() -> tuple[str, str]:
    """Return a message that one agency has, and the token of an officer of another."""
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
    return str(delivery.message_id), token


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
