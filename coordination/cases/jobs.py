"""What runs by the clock: time stamps of the ledger, and the packages that were asked for."""

from typing import Final

from procrastinate.contrib.django import app

from coordination.cases import anchors, services

EVERY_MINUTE: Final = "* * * * *"


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
