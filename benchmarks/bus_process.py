"""The processes that benchmarks.bus compares: a bus lane with or without hosts, and procrastinate alone."""

import asyncio
import os
import signal
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import django

QUEUE = "benchmark"
TASK = "benchmark.post"


def main(mode: str, slots: int) -> None:
    """Run one of: hosts, direct (no plugin hosts), p0, jobs (procrastinate, a job per message)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    django.setup()
    if mode == "jobs":
        asyncio.run(jobs(slots))
        return
    if mode == "direct":
        _without_hosts()
    from coordination.outbox import working

    asyncio.run(working.run("p0" if mode == "p0" else "bulk", slots=slots, grace=2.0))
    os._exit(0)


@cache
def register() -> Any:
    """Register the task of the comparison: it POSTs with the kit's client, and that is all."""
    from procrastinate.contrib.django import app

    from coordination.channels import HttpClient

    client = HttpClient()

    @app.task(name=TASK, queue=QUEUE)
    def post(url: str, body: str, message_id: str) -> None:
        client.post(url, body.encode(), headers={"webhook-id": message_id})

    return post


async def jobs(slots: int) -> None:
    """Run procrastinate's worker as it comes, with an executor for its slots."""
    from concurrent.futures import ThreadPoolExecutor

    from procrastinate.contrib.django import app

    register()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(slots + 4))
    worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with worker_app.open_async():
        working = asyncio.create_task(
            worker_app.run_worker_async(
                queues=[QUEUE], concurrency=slots, delete_jobs="successful", install_signal_handlers=False
            )
        )
        loop.add_signal_handler(signal.SIGTERM, working.cancel)
        await asyncio.gather(working, return_exceptions=True)
    os._exit(0)


def _without_hosts() -> None:
    """Let channels work in this process: what the hosts cost is the difference."""
    from coordination.channels import registry, secrets
    from coordination.core import clock
    from coordination.outbox import hosts
    from coordination.outbox.hosts.crew import Crew

    class Direct:
        alive = True

        def __init__(self, spec: hosts.HostSpec) -> None:
            self.channel = registry.channel(spec.slug)(secrets.unpack(spec.config))
            self.most = spec.max_concurrency

        def deliver(self, parcels: Sequence[hosts.Parcel], **_: Any) -> list[hosts.Outcome]:
            found: dict[str, hosts.Outcome] = {}

            def carry(parcel: hosts.Parcel) -> None:
                found[parcel.attempt.message_id] = self._deliver(parcel)

            Crew(parcels, carry, most=self.most).run()
            return [found[each.attempt.message_id] for each in parcels]

        def _deliver(self, parcel: hosts.Parcel) -> hosts.Outcome:
            started = clock.now()
            receipt = self.channel.deliver(parcel.rendered, parcel.attempt)
            return hosts.Outcome(
                message_id=parcel.attempt.message_id,
                kind=hosts.Kind.RECEIPT,
                receipt=receipt,
                started_at=started,
                finished_at=clock.now(),
            )

        def kill(self) -> None:
            """Do nothing: a crew ends with its batch."""

    found = hosts.Pool(start=cast("Any", Direct))
    hosts.pool = lambda: found  # type: ignore[assignment]
