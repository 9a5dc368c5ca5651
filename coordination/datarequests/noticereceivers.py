"""Something left, or an order ended: the user is owed a notice, and a person is asked for it."""

from typing import Any

from django.dispatch import receiver

from coordination.access.services import User
from coordination.datarequests import services
from coordination.datarequests.services import DataRequest, Production
from coordination.datarequests.signals import produced, silence_ended


@receiver(produced, dispatch_uid="datarequests.owe_notice")
def owe_after_production(sender: Any, *, production: Production, by: User, **_: Any) -> None:  # noqa: ARG001
    """Have the user told afterwards, where nobody told them before."""
    services.owe_notice(production.request, by=by)


@receiver(silence_ended, dispatch_uid="datarequests.owe_notice_after_silence")
def owe_after_silence(sender: Any, *, request: DataRequest, by: User, **_: Any) -> None:  # noqa: ARG001
    """Have the user told of what left while an order stood."""
    services.owe_notice(request, by=by)
