"""The jobs: drains, and what runs by the clock. The work itself is elsewhere."""

import logging
from typing import Final

from procrastinate.contrib.django import app

from coordination.outbox import dispatch, polling, wakeup
from coordination.outbox import sweep as sweeping
from coordination.outbox.halt import Halt

logger = logging.getLogger(__name__)

BACKGROUND: Final = "background"
EVERY_MINUTE: Final = "* * * * *"

# Asked when this process is told to stop (coordination.outbox.working).
HALT: Final = Halt()


@app.task(name=wakeup.DRAIN, queue="bulk")
def drain(destination_id: int, lane: str, shard: int) -> None:
    """Send what is due for a destination; come again where that is not all."""
    done = dispatch.drain(destination_id, lane, shard, halt=HALT)
    if done.more and not HALT.asked:
        wakeup.wake(destination_id, lane, shard)


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="outbox.sweep", queue=BACKGROUND, queueing_lock="outbox.sweep")
def sweep(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Sweep, even where no supervisor does."""
    sweeping.sweep()


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="outbox.poll", queue=BACKGROUND, queueing_lock="outbox.poll")
def poll(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Ask partners what became of messages."""
    polling.poll(HALT)


@app.periodic(cron="17 3 * * *")
@app.task(name="outbox.forget_jobs", queue=BACKGROUND, queueing_lock="outbox.forget_jobs", pass_context=False)
async def forget_jobs(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Delete what failed long ago. Successful jobs are deleted when they end."""
    await app.job_manager.delete_old_jobs(
        nb_hours=sweeping.KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
