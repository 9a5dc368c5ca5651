"""What a person is asked for next: a notice that is owed, accounts to keep, a hold to place."""

from typing import Any

from django.dispatch import receiver

from coordination.access.services import User
from coordination.datarequests import services
from coordination.datarequests.services import DataRequest, Production
from coordination.datarequests.signals import accepted, filed, produced, silence_ended


@receiver(produced, dispatch_uid="datarequests.owe_notice")
def owe_after_production(sender: Any, *, production: Production, by: User, **_: Any) -> None:  # noqa: ARG001
    """Have the user told afterwards, where nobody told them before."""
    services.owe_notice(production.request, by=by)


@receiver(silence_ended, dispatch_uid="datarequests.owe_notice_after_silence")
def owe_after_silence(sender: Any, *, request: DataRequest, by: User, **_: Any) -> None:  # noqa: ARG001
    """Have the user told of what left while an order stood."""
    services.owe_notice(request, by=by)


@receiver(filed, dispatch_uid="datarequests.keep_on_receipt")
@receiver(accepted, dispatch_uid="datarequests.keep_accepted")
def ask_to_keep(sender: Any, *, request: DataRequest, signal: Any, **_: Any) -> None:  # noqa: ARG001
    """Have a custodian keep what a request asks to keep, and counsel place the hold of a civil letter."""
    services.ask_to_keep(request, on_receipt=signal is filed)
