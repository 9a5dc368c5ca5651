"""News from access, in the transaction that tells it: a lock-out is work for an administrator."""

from typing import Any

from django.dispatch import receiver

from coordination.access.services import Role, User
from coordination.access.signals import locked_out, released
from coordination.cases import services

LOCK_OUT = "lock_out"


@receiver(locked_out, dispatch_uid="cases.tell_of_lock_out")
def tell_of_lock_out(sender: Any, *, user: User, **_: Any) -> None:  # noqa: ARG001
    """Tell administrators that somebody is locked out, and what to look at before they release it."""
    services.open_task(
        None,
        kind=LOCK_OUT,
        title=f"{user} is locked out: password and codes are refused",
        instructions="Ask them, on a line that you know, whether it was them; then release, or disable them.",
        role=Role.ADMINISTRATOR,
        about=f"access.user:{user.pk}",
    )


@receiver(released, dispatch_uid="cases.end_lock_out")
def end_lock_out(sender: Any, *, user: User, by: User, reason: str, **_: Any) -> None:  # noqa: ARG001
    """End the task."""
    services.end_tasks(about=f"access.user:{user.pk}", kind=LOCK_OUT, outcome=reason, by=by)
