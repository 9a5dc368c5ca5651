"""What has to be done from time to time under the API."""

from datetime import timedelta

from procrastinate.contrib.django import app

from coordination.core import clock
from coordination.rest import services

# The promise of docs/api.md.
KEPT = timedelta(hours=24)
# Far longer than a signature is young enough to be taken.
NONCES_KEPT = timedelta(hours=24)


@app.periodic(cron="17 * * * *")
@app.task(queue="background", name="rest.forget_answers", pass_context=False)
def forget_answers(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the hour it stands for
    """Delete answers that nobody may ask for again, limits that are free, and old nonces."""
    services.purge_idempotency(clock.now() - KEPT)
    services.purge_allowances(clock.now())
    services.purge_nonces(clock.now() - NONCES_KEPT)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="background", name="rest.close_refusals", pass_context=False)
def close_refusals(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Record how many refusals followed the first one of each kind."""
    services.close_refusals(clock.now())
