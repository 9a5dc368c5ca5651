"""What has to be done from time to time at the doors."""

from datetime import timedelta

from procrastinate.contrib.django import app

from coordination.access import services
from coordination.core import clock

KEPT = timedelta(days=30)


@app.periodic(cron="23 2 * * *")
@app.task(queue="background", name="access.disable_unused", pass_context=False)
def disable_unused(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Disable the accounts that nobody used for 90 days."""
    services.disable_unused()


@app.periodic(cron="29 * * * *")
@app.task(queue="background", name="access.forget", pass_context=False)
def forget(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Delete failures that count no longer, and sessions that ended long ago."""
    services.forget_failures(clock.now())
    services.forget_sessions(clock.now() - KEPT)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="background", name="access.expire_role_changes", pass_context=False)
def expire_role_changes(timestamp: int) -> None:  # noqa: ARG001 - as above
    """End the proposals that no second administrator decided in time."""
    services.expire_role_changes(clock.now())


@app.periodic(cron="7,37 * * * *")
@app.task(queue="background", name="access.end_unconfirmed", pass_context=False)
def end_unconfirmed(timestamp: int) -> None:  # noqa: ARG001 - as above
    """End the tokens that no second administrator confirmed in time, and their tasks."""
    services.end_unconfirmed(clock.now())


@app.periodic(cron="11 4 * * *")
@app.task(queue="background", name="access.open_ledger_reviews", pass_context=False)
def open_ledger_reviews(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Open the review of each week of the ledger that is over."""
    services.open_ledger_reviews(clock.now())
