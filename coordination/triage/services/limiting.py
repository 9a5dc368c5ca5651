"""What a flag of high severity brings at once and by itself: a temporary restriction, and a preservation."""

from collections.abc import Sequence

from coordination.access.roles import Role
from coordination.cases import services as cases
from coordination.cases.services import NewTask
from coordination.restrictions import selectors as restrictions
from coordination.restrictions.services import Imposing, Preserving, impose_many, preserve_many
from coordination.triage.models import Flag
from coordination.triage.services.telling import told
from coordination.triage.services.trying import try_all

FAILED = "limit_failed"
_BY_HAND = (
    "The account is neither restricted nor preserved: that failed, and the application's log says why. Do "
    "both now: Restrict an account, on the case; on the restriction's page, Preserve what the account holds. "
    "Or do it in the platform's own tools."
)
_WHY = "A flag of high severity came in; a person has not looked at it yet."


def limit(flags: Sequence[Flag]) -> None:
    """Restrict the accounts of these flags by the step that policy gives, and have what they hold kept.

    Where no policy in force gives a step, the accounts are preserved and not restricted. Where it fails, the
    flags come in all the same, and people are asked at once to do it by hand.
    """
    failed = try_all([each for each in flags if each.case is not None], _limit)
    if not failed:
        return
    cases.open_tasks(
        [
            NewTask(
                case=each.case,
                kind=FAILED,
                title="Restrict and preserve an account by hand",
                instructions=_BY_HAND,
                role=Role.SAFETY_LIAISON,
                about=each.origin,
                priority="P0",
            )
            for each in failed
        ],
        by=None,
    )


def _limit(flags: Sequence[Flag]) -> None:
    placed = [(each, each.case) for each in flags if each.case is not None]
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
                    **told(flag),
                )
                for flag, case in placed
            ]
        )
    preserve_many(
        [Preserving(case=case, account=flag.account, reason=_WHY, about=flag.origin) for flag, case in placed]
    )
