"""What has to be done from time to time about partners."""

from procrastinate.contrib.django import app

from coordination.core import clock
from coordination.partners import services


@app.periodic(cron="*/10 * * * *")
@app.task(queue="background", name="partners.expire_unsigned", pass_context=False)
def expire_unsigned(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """End the proposals to let an agency send unsigned that nobody decided in time."""
    services.expire_unsigned(clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(queue="background", name="partners.ask_about_waiting", pass_context=False)
def ask_about_waiting(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Ask administrators about where commands to the platform go that nobody confirmed."""
    services.ask_about_waiting()


@app.periodic(cron="* * * * *")
@app.task(queue="background", name="partners.send_notices", pass_context=False)
def send_notices(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Tell old addresses of changes that are held; what does not get through is tried again."""
    services.send_notices()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="background", name="partners.record_lapses", pass_context=False)
def record_lapses(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes the minute it stands for
    """Record the verifications of officers that have ended, and ask for those that end soon."""
    services.record_lapses(clock.now())
    services.remind(clock.now())
