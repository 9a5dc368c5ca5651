"""What runs beside: commands are sent after commit, and swept, chased and asked for by the clock."""

from typing import Final

from procrastinate.contrib.django import app

from coordination.restrictions import services
from coordination.restrictions.services import commands

EVERY_MINUTE: Final = "* * * * *"


@app.task(name=commands.TASK, queue="bulk")
def send(lane: str) -> None:
    """Send what is due; come again where that is not all."""
    if services.send_due(lane):
        commands.wake(lane)


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="restrictions.sweep", queue="background", queueing_lock="restrictions.sweep")
def sweep(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Wake what a lost wake-up left, and ask people what only they can do or know."""
    services.wake_all()
    services.chase()
    services.ask_to_review()
    services.ask_about_links()


@app.periodic(cron="23 * * * *")
@app.task(name="restrictions.report", queue="background", queueing_lock="restrictions.report")
def report(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Ask the platform what is in force."""
    services.ask_regularly()
