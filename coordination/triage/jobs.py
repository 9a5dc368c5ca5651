"""What runs beside: reports are looked at together once they are in."""

from procrastinate.contrib.django import app

from coordination.triage import services
from coordination.triage.services.coordinated import TASK


@app.task(name=TASK, queue="background")
def mark_coordinated(accounts: list[str]) -> None:
    """Mark the reports about these accounts, by index in hex, that look coordinated."""
    for each in accounts:
        services.mark_coordinated(bytes.fromhex(each))
