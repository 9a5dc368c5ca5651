"""The second administrator for a token: who has it, they know from the person, and not from who issued it."""

from datetime import datetime

from django.db import transaction

from coordination.access import signals
from coordination.access.models import CONFIRMED_WITHIN, ApiToken, User
from coordination.access.services import proposals
from coordination.access.services.rights import has, require
from coordination.access.services.tokens import end_overlapped, revoke_token
from coordination.core.clock import now
from coordination.core.errors import Refused
from coordination.ledger import services as ledger

_CHANGE = "access.change_user"


@transaction.atomic
def confirm_token(token: ApiToken, *, by: User, how: str) -> ApiToken:
    """Let a token open what it is for; `how` says how its person confirmed that they hold it.

    Raises InvalidInput naming `reason`; Refused for whoever issued it, where that is no administrator any
    more, where nothing waits, and where nobody confirmed it within three days.
    """
    require(by, _CHANGE)
    rows = ApiToken.objects.select_for_update(of=("self",))
    locked = rows.select_related("user", "issued_by", "replaces").get(pk=token.pk)
    why = proposals.said(how)
    if by.pk == locked.issued_by_id:
        raise Refused("Whoever issued a token does not confirm it.", rule="access.two-administrators")
    if not locked.waits or not locked.user.is_active:
        raise Refused("The token does not wait to be confirmed: issue another.", rule="token-state")
    if not has(locked.issued_by, _CHANGE):
        raise Refused("Who issued it is no administrator any more.", rule="access.two-administrators")
    locked.confirmed_by, locked.confirmed_at, locked.how_confirmed = by, now(), why
    locked.save(update_fields=["confirmed_by", "confirmed_at", "how_confirmed"])
    end_overlapped(locked)
    details: dict[str, ledger.Value] = {"user": locked.user_id, "how_digest": ledger.digest(why)}
    ledger.record("access.token_confirmed", subject=locked.reference, by=by, details=details)
    signals.token_settled.send(sender=ApiToken, token=locked, by=by)
    return locked


def end_unconfirmed(at: datetime) -> int:
    """Revoke the tokens that nobody confirmed in time; return how many. For a periodic job."""
    late = ApiToken.objects.filter(
        confirmed_at__isnull=True, revoked_at__isnull=True, created__lte=at - CONFIRMED_WITHIN
    )
    for token in late:
        revoke_token(token, by=None, reason="Nobody confirmed it in time.")
    return len(late)
