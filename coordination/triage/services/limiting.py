"""What a flag of high severity brings at once and by itself: a temporary restriction, and a preservation."""

from collections.abc import Sequence

from coordination.restrictions import selectors as restrictions
from coordination.restrictions.services import Imposing, Preserving, impose_many, preserve_many
from coordination.triage.models import Flag

_WHY = "A flag of high severity came in; a person has not looked at it yet."


def limit(flags: Sequence[Flag]) -> None:
    """Restrict the accounts of these flags by the step that policy gives, and have what they hold kept.

    Where no policy in force gives a step, the accounts are preserved and not restricted.
    """
    placed = [(each, each.case) for each in flags if each.case is not None]
    if not placed:
        return
    policy = restrictions.on_intake()
    if policy is not None:
        impose_many(
            [
                Imposing(
                    case=case,
                    account=flag.account,
                    step=policy.step,
                    reason=_WHY,
                    authority=policy.authority,
                    about=flag.origin,
                )
                for flag, case in placed
            ]
        )
    preserve_many(
        [Preserving(case=case, account=flag.account, reason=_WHY, about=flag.origin) for flag, case in placed]
    )
