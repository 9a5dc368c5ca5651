"""What runs by the clock: deadlines, keepers of compartments, time stamps of the ledger, and packages."""

from typing import Final

from procrastinate.contrib.django import app

from coordination.cases import anchors, services
from coordination.core import clock

EVERY_MINUTE: Final = "* * * * *"


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="cases.miss_deadlines", queue="background", queueing_lock="cases.miss_deadlines")
def miss_deadlines(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Mark the deadlines that passed, and warn of those that are due soon; both open tasks."""
    services.miss_deadlines(clock.now())
    services.warn_of_deadlines(clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="cases.ask_for_keepers", queue="background", queueing_lock="cases.ask_for_keepers")
def ask_for_keepers(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Have somebody named for the compartments in which nobody is left who lets others in."""
    services.ask_for_keepers()


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="cases.anchor", queue="background", queueing_lock="cases.anchor")
def anchor(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Ask for a time stamp where it is time."""
    anchors.anchor_newest()


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="cases.pack", queue="background")
def pack(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Make the packages that wait."""
    services.pack_waiting()
