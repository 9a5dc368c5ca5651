"""What runs by the clock: expiry, and clearing away objects that no record names."""

from procrastinate.contrib.django import app

from coordination.evidence import services


@app.periodic(cron="17 * * * *")
@app.task(name="evidence.expire", queue="background", queueing_lock="evidence.expire")
def expire(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Delete what is past its time and not held."""
    services.expire()


@app.periodic(cron="47 3 * * *")
@app.task(name="evidence.sweep", queue="background", queueing_lock="evidence.sweep")
def sweep(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Delete what a crash left in the store."""
    services.sweep()


@app.periodic(cron="37 * * * *")
@app.task(name="evidence.forget_packages", queue="background", queueing_lock="evidence.forget_packages")
def forget_packages(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute
    """Delete packages whose hours are over."""
    services.forget_packages()
