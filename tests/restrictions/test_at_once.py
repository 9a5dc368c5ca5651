"""Signing, lifting and taking a role away at the same moment: never a lift without two signatures."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core.deadlocks import outlasting
from coordination.core.errors import CoordinationError
from coordination.restrictions import services
from coordination.restrictions.models import AssessmentSignature, Restriction, RiskAssessment
from coordination.restrictions.services import sending
from tests.people import Cast
from tests.restrictions.conftest import WORDS
from tests.threads import Beside, at_once

BY_ITSELF = {"step": "limit_features", "reason": "A flag.", "authority": "platform.ladder-limit"}
pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


class Round:
    """One case on its way to a lift: assessed, and signed by nobody."""

    def __init__(self, number: int, cast: Cast, asker: User) -> None:
        account = f"acct-{number}"
        self.case = cases.open_case("A threat", by=None, accounts=[account])
        self.signers = [
            cast("senior_reviewer", username=f"s{number}_{each}", password=None) for each in range(3)
        ]
        restriction = services.impose(
            self.case,
            account=account,
            step="limit_features",
            reason="A flag.",
            authority="platform.ladder-limit",
        )
        asked = services.ask_lift(restriction, by=asker, reason="They wrote.")
        self.assessment = services.assess(asked, by=self.signers[2], **WORDS)
        self.account = account
        self.asker = asker

    def sign(self, which: int) -> Callable[[], Any]:
        return lambda: services.sign(
            self.assessment, by=User.objects.get(pk=self.signers[which].pk), digest=self.assessment.digest
        )

    def lift(self, which: int) -> Callable[[], Any]:
        def try_again_and_again() -> None:
            person = User.objects.get(pk=self.signers[which].pk)
            for _ in range(6):
                with suppress(CoordinationError):
                    outlasting(lambda: services.lift(self.assessment, by=person))

        return try_again_and_again

    def revoke(self, which: int) -> Callable[[], Any]:
        return lambda: access.set_roles(User.objects.get(pk=self.signers[which].pk), [], by=None)

    def shell(self) -> Callable[[], Any]:
        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE restrictions_restriction SET state = 'lifting' WHERE case_id = %s", [self.case.pk]
                )

        return run

    def step_up(self) -> Callable[[], Any]:
        return lambda: services.impose(
            self.case,
            account=self.account,
            step="ban_with_watch",
            reason="Again.",
            authority="Terms",
            by=User.objects.get(pk=self.asker.pk),
        )

    def acts(self, chance: random.Random) -> list[Callable[[], Any]]:
        """Return THREADS acts in an order of their own; in some rounds a lift comes about."""
        against = chance.choice([[], [self.revoke(0)], [self.revoke(0), self.revoke(1)], [self.step_up()]])
        known: list[Callable[[], Any]] = [
            *(self.sign(which) for which in (0, 1, 0, 1, 2)),
            *(self.shell() for _ in range(4)),
            *against,
        ]
        known += [self.lift(which % 3) for which in range(THREADS - len(known))]
        chance.shuffle(known)
        assert len(known) == THREADS
        return known


def _no_lift_without_two(round_: Round) -> bool:
    """Check what came of a round; tell whether it was lifted."""
    restriction = Restriction.objects.get(case=round_.case)
    if restriction.state != "lifting":
        return False
    assessment = RiskAssessment.objects.get(pk=round_.assessment.pk)
    signed = AssessmentSignature.objects.filter(assessment=assessment, digest=assessment.digest)
    assert len({each.signed_by_id for each in signed}) >= 2
    assert restriction.level == 2, "a step that was imposed since was lifted with it"
    return True


def _race(rounds: int, cast: Cast, asker: User) -> int:
    lifted = 0
    for number in range(rounds):
        round_, chance = Round(number, cast, asker), random.Random(number)
        acts = [lambda act=act: outlasting(act) for act in round_.acts(chance)]
        for outcome in at_once(*acts):
            if isinstance(outcome, Exception) and not isinstance(outcome, CoordinationError):
                # The shell is refused by the database in its own words.
                assert "signature" in str(outcome) or "deadlock" in str(outcome), outcome
        lifted += _no_lift_without_two(round_)
    return lifted


def test_never_a_lift_without_two_valid_signatures(cast: Cast, liaison: User) -> None:
    """The reduced form: the full one has a thousand rounds of sixteen threads (make test-long)."""
    assert _race(40, cast, liaison) > 0, "no round ended in a lift: the race shows nothing"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_never_a_lift_without_two_valid_signatures_in_a_thousand_rounds(cast: Cast, liaison: User) -> None:
    assert _race(1_000, cast, liaison) > 0


def test_a_role_taken_away_at_the_same_moment_is_before_or_after_and_never_between(
    cast: Cast, liaison: User
) -> None:
    """Whoever lifts after a role was taken away finds that; whoever lifted before has what was valid then."""
    for number in range(20):
        round_ = Round(number, cast, liaison)
        for which in (0, 1):
            round_.sign(which)()
        once = partial(services.lift, round_.assessment, by=round_.signers[2])
        # As the desk does with a deadlock: once more.
        lifted, revoked = at_once(partial(outlasting, once), partial(outlasting, round_.revoke(0)))
        assert not isinstance(revoked, Exception)
        restriction = Restriction.objects.get(case=round_.case)
        assert (restriction.state == "lifting") == (not isinstance(lifted, Exception))


def test_the_same_imposed_at_the_same_moment_is_one_restriction(db: None) -> None:
    case = cases.open_case("A threat", by=None, accounts=["acct-1"])
    done = at_once(
        *[
            lambda: services.impose(
                case,
                account="acct-1",
                step="limit_features",
                reason="A flag.",
                authority="platform.ladder-limit",
            )
        ]
        * 8
    )
    assert {each.pk for each in done} == {Restriction.objects.get().pk}
    assert services.Command.objects.count() == 1


def test_the_same_preserved_at_the_same_moment_is_one_preservation(db: None) -> None:
    case = cases.open_case("A threat", by=None, accounts=["acct-1"])
    done = at_once(*[lambda: services.preserve(case, account="acct-1", reason="A flag.")] * 8)
    assert len({each.pk for each in done}) == 1


def test_a_lift_waits_for_what_another_case_is_imposing(
    signed: RiskAssessment, senior_reviewer: User, liaison: User
) -> None:
    """Its command is numbered after, and says what stands: nothing is lifted over a ban that comes in."""
    account = signed.restriction.account
    other = cases.open_case("Another", by=None, accounts=[account])
    imposed, go = threading.Event(), threading.Event()
    ban = {"account": account, "step": "ban_with_watch", "reason": "Again.", "authority": "Terms"}

    def impose() -> None:
        with transaction.atomic():
            services.impose(other, by=liaison, **ban)
            imposed.set()
            go.wait(20)

    def lift() -> tuple[str, int]:
        services.lift(signed, by=senior_reviewer)
        command = services.Command.objects.get(action="lift")
        return sending._body(command).step, command.pk

    imposing = Beside(impose)
    assert imposed.wait(20)
    lifting = Beside(lift)
    lifting.thread.join(1)
    go.set()
    imposing.thread.join(20)
    lifting.thread.join(20)
    step, number = lifting.outcome
    assert step == "ban_with_watch"
    assert number > services.Command.objects.get(restriction__case=other).pk
