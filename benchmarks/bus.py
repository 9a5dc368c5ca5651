"""The bus beside procrastinate used job per message: `python -m benchmarks.bus [--quick] [--json]`.

In one run, on one machine, against one local sink: deliveries a second with attempts, receipts and ledger
entries, through plugin hosts and without, with one worker process and with two (one bulk slot each, two
destinations); procrastinate at concurrency 10 that only POSTs, with the same client; the median time from
commit to arrival of both; and how long a P0 takes behind six partners that hang. It makes a database of its
own, and drops it at the end.
"""

import base64
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import bus_data, report, sink
from benchmarks.bus_data import BODY

SECRET = "whsec_" + base64.b64encode(b"benchmark" * 4).decode()
TARGETS: dict[str, report.Target] = {
    "direct_to_jobs": (">=", 5.0),
    "hosts_to_jobs": (">=", 3.0),
    "second_process": (">=", 1.6),
    "p50_to_jobs": ("<=", 2.0),
    "p0_seconds": ("<=", 1.0),
}


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="one short run of each")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    os.environ["SECRET_BENCHMARK"] = SECRET
    import django

    django.setup()
    with bus_data.database() as environment:
        figures, ratios = Bench(environment, quick=options.quick, say=not options.json).run()
    report.show("bus", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


class Bench:
    """One run of everything."""

    def __init__(self, environment: dict[str, str], *, quick: bool, say: bool) -> None:
        self.environment, self.say = environment, say
        self.rounds = 1 if quick else 5
        self.deliveries = 2000 if quick else 4000
        self.jobs = 400 if quick else 1200
        self.singles = 40 if quick else 150

    def run(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figures and their ratios."""
        self.person = bus_data.person()
        figures: dict[str, float] = {}
        with sink.fast() as port:
            url = f"http://127.0.0.1:{port}/in"
            measured: dict[str, list[float]] = {}
            for number in range(self.rounds):
                for name, measure in self._throughputs(url).items():
                    measured.setdefault(name, []).append(measure())
                    self._tell(f"round {number + 1}: {name} {measured[name][-1]:.0f}/s")
            figures |= {name: statistics.median(each) for name, each in measured.items()}
        with sink.noting() as (port, times):
            figures["bus_p50_ms"], figures["bus_p99_ms"] = self._bus_latency(port, times)
            figures["jobs_p50_ms"], figures["jobs_p99_ms"] = self._jobs_latency(port, times)
            self._tell(f"p50: bus {figures['bus_p50_ms']:.1f} ms, jobs {figures['jobs_p50_ms']:.1f} ms")
            figures["p0_seconds"] = self._p0(port, times)
        jobs = figures["jobs_per_s"]
        ratios = {
            "direct_to_jobs": figures["direct_per_s"] / jobs,
            "hosts_to_jobs": figures["hosts_per_s"] / jobs,
            # What another process adds to the bus; with hosts, two of them fill both cores before.
            "second_process": figures["direct_two_processes_per_s"] / figures["direct_per_s"],
            "second_process_hosts": figures["hosts_two_processes_per_s"] / figures["hosts_per_s"],
            "p50_to_jobs": figures["bus_p50_ms"] / figures["jobs_p50_ms"],
            "p0_seconds": figures["p0_seconds"],
        }
        return figures, ratios

    def _throughputs(self, url: str) -> dict[str, Callable[[], float]]:
        return {
            "jobs_per_s": lambda: self._jobs(url),
            "direct_per_s": lambda: self._bus(url, "direct", 1),
            "hosts_per_s": lambda: self._bus(url, "hosts", 1),
            "direct_two_processes_per_s": lambda: self._bus(url, "direct", 2),
            "hosts_two_processes_per_s": lambda: self._bus(url, "hosts", 2),
        }

    def _bus(self, url: str, mode: str, processes: int) -> float:
        from coordination.outbox import wakeup

        self._empty()
        destinations = [bus_data.destination(url) for _ in range(2)]
        with self._processes(mode, processes, slots=1):
            # Every process has sent to every destination before it counts, so that its hosts are warm.
            for _ in range(processes):
                for each in destinations:
                    bus_data.insert([each], 60, by=self.person)
                    wakeup.wake(each.pk, "normal", 0)
                self._wait_until_sent()
            bus_data.insert(destinations, self.deliveries, by=self.person)
            self._query("ANALYZE outbox_delivery")
            began = self._now()
            for each in destinations:
                wakeup.wake(each.pk, "normal", 0)
            self._wait_until_sent()
            (ended,) = self._query("SELECT max(recorded_at) FROM outbox_receipt")
        (attempts, receipts, leaves) = self._query(
            "SELECT (SELECT count(*) FROM outbox_attempt), (SELECT count(*) FROM outbox_receipt),"
            " (SELECT count(*) FROM ledger_leaf WHERE action = 'outbox.delivery_accepted')"
        )
        expected = self.deliveries + 60 * 2 * processes
        if not attempts == receipts == leaves == expected:
            raise SystemExit(
                f"{expected} expected: {attempts} attempts, {receipts} receipts, {leaves} leaves"
            )
        return self.deliveries / float((ended - began).total_seconds())

    def _jobs(self, url: str) -> float:
        from benchmarks import bus_process

        self._empty()
        task = bus_process.register()
        with self._processes("jobs", 1, slots=10):
            for count in (50, self.jobs):
                body = BODY.decode()
                task.batch_defer(*[{"url": url, "body": body, "message_id": f"m{i}"} for i in range(count)])
                began = time.perf_counter()
                self._wait_until_worked()
                took = time.perf_counter() - began
        return self.jobs / took

    def _bus_latency(self, port: int, times: Any) -> tuple[float, float]:
        from django.db import transaction

        from coordination.outbox import wakeup

        self._empty()
        destination = bus_data.destination(f"http://127.0.0.1:{port}/in")
        sent: dict[str, float] = {}
        with self._processes("hosts", 1, slots=1):
            for _ in range(self.singles + 5):
                with transaction.atomic():
                    (delivery,) = bus_data.insert([destination], 1, by=self.person)
                    message_id = str(delivery.message_id)
                    wakeup.wake_after_commit(delivery)
                    sent[message_id] = time.time()  # the clock runs from COMMIT, of which NOTIFY is a part
                time.sleep(0.03)
            self._wait_until_sent()
        return _quantiles(sent, times)

    def _jobs_latency(self, port: int, times: Any) -> tuple[float, float]:
        from django.db import transaction

        from benchmarks import bus_process

        self._empty()
        task = bus_process.register()
        sent: dict[str, float] = {}
        with self._processes("jobs", 1, slots=10):
            for number in range(self.singles + 5):
                key = f"job-{number}"
                with transaction.atomic():
                    task.defer(url=f"http://127.0.0.1:{port}/in", body=BODY.decode(), message_id=key)
                    sent[key] = time.time()
                time.sleep(0.03)
            self._wait_until_worked()
        return _quantiles(sent, times)

    def _p0(self, port: int, times: Any) -> float:
        from coordination.outbox import wakeup

        self._empty()
        with sink.noting(hangs=True) as (hanging, taken), self._processes("p0", 1, slots=16):
            for _ in range(6):
                destination = bus_data.destination(f"http://127.0.0.1:{hanging}/in")
                bus_data.insert([destination], 1, lane="P0", by=self.person)
                wakeup.wake(destination.pk, "P0", 0)
            while len(taken) < 6:
                time.sleep(0.02)
            destination = bus_data.destination(f"http://127.0.0.1:{port}/in")
            (delivery,) = bus_data.insert([destination], 1, lane="P0", by=self.person)
            began = time.time()
            wakeup.wake(destination.pk, "P0", 0)
            while str(delivery.message_id) not in times:
                time.sleep(0.01)
            return float(times[str(delivery.message_id)]) - began

    @contextlib.contextmanager
    def _processes(self, mode: str, number: int, *, slots: int) -> Iterator[None]:
        program = f"from benchmarks.bus_process import main; main({mode!r}, {slots})"
        command = [sys.executable, "-c", program]
        running = [
            subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE) for _ in range(number)
        ]
        try:
            while self._query("SELECT count(*) FROM procrastinate_workers")[0] < number:
                time.sleep(0.02)
            time.sleep(0.3)
            yield
        finally:
            for each in running:
                each.terminate()
            for each in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    each.wait(10)
                each.kill()
            self._query("DELETE FROM procrastinate_workers RETURNING 1")

    def _wait_until_sent(self) -> None:
        until = time.monotonic() + 30
        while self._query("SELECT EXISTS (SELECT FROM outbox_delivery WHERE state IN ('queued', 'sending'))")[
            0
        ]:
            if time.monotonic() > until:
                raise SystemExit("the bus does not finish")
            time.sleep(0.02)

    def _wait_until_worked(self) -> None:
        until = time.monotonic() + 60
        query = (
            "SELECT count(*), count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
            " WHERE queue_name = 'benchmark'"
        )
        while (left := self._query(query))[0]:
            if left[1] or time.monotonic() > until:
                raise SystemExit(f"procrastinate does not finish: {left[0]} jobs left, {left[1]} failed")
            time.sleep(0.01)

    def _empty(self) -> None:
        from django.db import connections

        with connections["owner"].cursor() as cursor:
            cursor.execute("TRUNCATE cases_case, procrastinate_jobs, ledger_leaf CASCADE")

    def _query(self, query: str) -> tuple[Any, ...]:
        from django.db import connections

        with connections[
            "owner" if query.startswith(("ANALYZE", "DELETE")) else "default"
        ].cursor() as cursor:
            cursor.execute(query)
            found = cursor.fetchone() if cursor.description else None
        return tuple(found or ())

    def _now(self) -> Any:
        from coordination.core import clock

        return clock.now()

    def _tell(self, line: str) -> None:
        if self.say:
            report.tell(line)


def _quantiles(sent: dict[str, float], times: Any) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds, without the first few: they warm what comes after."""
    time.sleep(0.2)
    arrived = dict(times)
    waits = sorted((arrived[key] - at) * 1000 for key, at in list(sent.items())[5:])
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


if __name__ == "__main__":
    main()
