"""Preservation that an authority bids: for its own term, by the slice that took the request in.

The platform is told by the same commands, with the same code: nothing in them says that anybody asked. Where
more than one case keeps an account, the platform keeps it for the longest.
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.evidence import selectors as evidence
from coordination.ledger import services as ledger
from coordination.restrictions import selectors
from coordination.restrictions.models import Preservation
from coordination.restrictions.services import commands
from coordination.restrictions.services.preserving import command_for, tell
from coordination.restrictions.services.words import one_at_a_time, said
from coordination.restrictions.workflow import Action, PreservationState

_PREFIX: Final = selectors.BIDDEN


@transaction.atomic
def keep_until(
    case: Case, *, account: str, until: datetime, reason: str, authority: str, about: str, by: User | None
) -> Preservation:
    """Have the platform keep an account until a date; where this case keeps it already, that long at least.

    Whoever calls has asked for the rights. `about` begins with `datarequests.`.
    """
    one_at_a_time([account])
    found = _of(case, account)
    if found is not None:
        _prolong(found, until)
        return found
    row = Preservation(
        case=case,
        account=account,
        account_index=case_selectors.account_index(account),
        reason=said("reason", reason),
        authority=authority,
        about=about,
        by=by,
        started_at=clock.now(),
        until=until,
    )
    row.save(force_insert=True)
    tell([row], by)
    return row


@transaction.atomic
def keep_longer(preservation: Preservation, *, until: datetime, by: User | None) -> None:
    """Have the platform keep it until a later date."""
    one_at_a_time([preservation.account])
    locked = _locked(preservation)
    _prolong(locked, until)
    _record("preservation_extended", locked, by=by)


@transaction.atomic
def delete_kept(preservation: Preservation) -> None:
    """End what an authority bade to keep: the platform deletes it, unless another case keeps the account.

    What the case keeps for itself goes on. Raises Refused while a hold stands on the case.
    """
    one_at_a_time([preservation.account])
    locked = _locked(preservation)
    if not locked.about.startswith(_PREFIX) or locked.state == PreservationState.ENDED:
        return
    if evidence.holds_of(locked.case.reference).exists():
        raise Refused("A hold stands on what is kept: nothing is let go.", rule="restrictions.hold")
    locked.state, locked.ended_at = PreservationState.ENDED, clock.now()
    locked.end_reason = "Its term is over."
    locked.save(update_fields=["state", "ended_at", "end_reason"])
    commands.supersede(locked)
    commands.queue(
        [
            commands.Wanted(
                action=Action.RELEASE,
                about=locked,
                reason_code=commands.LET_GO,
                authority=locked.authority,
            )
        ]
    )
    _record("preservation_ended", locked, by=None)


def _prolong(locked: Preservation, until: datetime) -> None:
    if locked.until >= until:
        return
    locked.until, locked.confirmed_at = until, None
    locked.save(update_fields=["until", "confirmed_at"])
    commands.supersede(locked)
    commands.queue([command_for(locked)])


def _of(case: Case, account: str) -> Preservation | None:
    rows = selectors.running_preservations([case.pk], case_selectors.account_indexes(account))
    return rows.select_related("case").select_for_update(of=("self",)).first()


def _locked(preservation: Preservation) -> Preservation:
    rows = Preservation.objects.select_for_update(of=("self",)).select_related("case")
    return rows.get(pk=preservation.pk)


def _record(action: str, preservation: Preservation, *, by: User | None) -> None:
    ledger.record(
        f"restrictions.{action}",
        subject=preservation.case.reference,
        by=by,
        details={"preservation": preservation.pk, "until": ledger.timestamp(preservation.until)},
    )
