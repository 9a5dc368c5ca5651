"""What has to be done from time to time. Climbing is no job: the worker's supervisor does it."""

from datetime import timedelta

from procrastinate.contrib.django import app

from coordination.core import clock
from coordination.oncall import services

KEPT = timedelta(days=1)


@app.periodic(cron="* * * * *")
@app.task(queue="background", name="oncall.page_again", queueing_lock="oncall.page_again")
def page_again(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Wake others where whoever had a danger to life is disabled or has lost the role."""
    services.page_again()


@app.periodic(cron="41 * * * *")
@app.task(queue="background", name="oncall.forget_links", pass_context=False)
def forget_links(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Delete the links of messages that ended long ago."""
    services.forget_links(clock.now() - KEPT)
