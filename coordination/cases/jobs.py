"""What runs by the clock: the newest checkpoint of the ledger is stamped by the authority outside."""

from typing import Final

from procrastinate.contrib.django import app

from coordination.cases import anchors

EVERY_MINUTE: Final = "* * * * *"


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="cases.anchor", queue="background", queueing_lock="cases.anchor")
def anchor(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Ask for a time stamp where it is time."""
    anchors.anchor_newest()
