"""The jobs: leaves find their places, checkpoints are stamped. The work itself is elsewhere."""

from typing import Final

from procrastinate.contrib.django import app

from coordination.ledger import sequencing

BACKGROUND: Final = "background"
EVERY_MINUTE: Final = "* * * * *"


# By the clock and never woken: a notification in every business transaction would cost two of three commits.
@app.periodic(cron=EVERY_MINUTE)
@app.task(name="ledger.sequence", queue=BACKGROUND, queueing_lock="ledger.sequence")
def sequence(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Give what waits its place in the tree, and sign it."""
    sequencing.sequence_all()
