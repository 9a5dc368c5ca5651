"""What a lane does until it is told to stop: it works on its queue, and finishes what is in hand.

Not in lane.py, which is a program: procrastinate warns at each start of an application made in `__main__`.
"""

import asyncio
import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from psycopg import AsyncConnection

from coordination.outbox.hosts import collector
from coordination.outbox.jobs import HALT

logger = logging.getLogger("coordination.worker")

QUEUES: Final = {"p0": ["p0"], "bulk": ["bulk"], "background": ["background", "default"]}
HEARTBEAT_SECONDS: Final = 5.0
# A notification that comes while procrastinate looks is lost; so long it then takes to look again.
POLL_SECONDS: Final = 0.5
# What is broken off at the end of the grace must still be recorded.
RECORD_SECONDS: Final = 3.0
# Threads beside the slots: procrastinate looks up the database's address in the same executor.
SPARE_THREADS: Final = 4


async def run(lane: str, *, slots: int, grace: float) -> None:
    """Work on the lane's queue until SIGTERM, SIGINT or the supervisor's end; then finish what is in hand."""
    collector.rest()
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(slots + SPARE_THREADS, thread_name_prefix=lane)
    loop.set_default_executor(executor)
    connector = PsycopgConnector(kwargs=connector_params("default"), configure=at_once)
    worker_app = app.with_connector(connector)
    async with worker_app.open_async():
        working = asyncio.create_task(
            worker_app.run_worker_async(
                queues=QUEUES[lane],
                name=lane,
                concurrency=slots,
                delete_jobs="successful",
                install_signal_handlers=False,
                fetch_job_polling_interval=POLL_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                shutdown_graceful_timeout=grace,
            )
        )

        def stop() -> None:
            # First the drains, so that they claim no more; then the worker, so that it fetches no more.
            HALT.ask(max(grace - RECORD_SECONDS, 0.1))
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        _stop_with_parent(loop, stop)
        logger.info("%s: working with %d slots", lane, slots)
        try:
            await working
        except asyncio.CancelledError:
            if not HALT.asked:
                raise
    executor.shutdown(wait=False)
    logger.info("%s: stopped", lane)


async def at_once(connection: AsyncConnection) -> None:
    """Have the queue's connection take a job in one round trip, and not wait for the disk.

    Procrastinate's own takes three (BEGIN, the statement, COMMIT), and plans it anew each time. A server that
    crashes may forget that a job was taken, which is then worked on again: that is what jobs allow for.
    """
    connection.prepare_threshold = 1
    await connection.set_autocommit(True)
    await connection.execute("SET synchronous_commit = off")


def _stop_with_parent(loop: asyncio.AbstractEventLoop, stop: object) -> None:
    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stop)  # type: ignore[arg-type]

    threading.Thread(target=watch, daemon=True, name="parent watch").start()
