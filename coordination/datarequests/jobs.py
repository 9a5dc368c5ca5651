"""What runs beside: orders are looked at and terms end by the clock. Nobody is told anything by a job."""

from procrastinate.contrib.django import app

from coordination.datarequests import services


@app.periodic(cron="*/10 * * * *")
@app.task(name="datarequests.follow", queue="background", queueing_lock="datarequests.follow")
def follow(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Remind requesters that an order ends, and ask people about those whose last day is over."""
    services.follow_silences()


@app.periodic(cron="17 * * * *")
@app.task(name="datarequests.expire", queue="background", queueing_lock="datarequests.expire")
def expire(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Delete what was kept for an authority and is past its term, unless a hold stands."""
    services.expire_preservations()
