"""The workflow of a flag under any order of acts by anybody: what never happens, whoever tries."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import booleans, sampled_from

from coordination.access import services as access
from coordination.access.services import Role, User
from coordination.core import clock
from coordination.core.errors import CoordinationError
from coordination.triage import selectors, services
from coordination.triage.models import Assessment, Decision, Dissent, Flag
from coordination.triage.workflow import FlagState
from tests.triage.conftest import FLAG, FOUND

WHO = {
    "reviewer": Role.REVIEWER,
    "senior": Role.SENIOR_REVIEWER,
    "second_senior": Role.SENIOR_REVIEWER,
    "duty": Role.DUTY_OFFICER,
    "duty_counsel": Role.DUTY_COUNSEL,
    "counsel": Role.COUNSEL,
    "liaison": Role.SAFETY_LIAISON,
    "auditor": Role.AUDITOR,
}
SAID: dict[str, Any] = {"reasons": "As found.", "reopens_when": "More comes."}
people = sampled_from(sorted(WHO))
# Mostly those who may, or the runs would be refusals.
assessors = sampled_from(["reviewer", "senior", "duty", "auditor"])
deciders = sampled_from(["senior", "second_senior", "duty", "duty_counsel", "reviewer"])
dissenters = sampled_from(["liaison", "second_senior", "duty_counsel", "auditor"])


class Workflow(RuleBasedStateMachine):
    """One flag, and everybody on the desk trying everything in any order; each run is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        self.cast = {name: User.objects.get(username=f"machine.{name}") for name in WHO}
        self.outside_at: dict[int, set[int]] = {}

    def teardown(self) -> None:
        """Take it all back."""
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)

    @initialize(high=booleans())
    def begin(self, high: bool) -> None:
        """Receive a flag, of high severity or not."""
        system = User.objects.get(username="machine.system")
        category = "mass_casualty" if high else "stalking"
        self.flag, _ = services.receive(by=system, **{**FLAG, "category": category})

    def attempt(self, act: Any) -> None:
        """Do it, or be refused; a refusal leaves nothing behind."""
        before = self.counts()
        try:
            with transaction.atomic():
                act()
        except CoordinationError:
            assert self.counts() == before
        self.flag.refresh_from_db()

    def counts(self) -> tuple[Any, ...]:
        """Return what there is, and the state."""
        rows = [model.objects.filter(flag=self.flag).count() for model in (Assessment, Decision, Dissent)]
        return (*rows, Flag.objects.get(pk=self.flag.pk).state)

    @rule(who=assessors, level=sampled_from(["low", "medium", "high"]))
    def assess(self, who: str, level: str) -> None:
        """Assess."""
        self.attempt(lambda: services.assess(self.flag, by=self.cast[who], **{**FOUND, "level": level}))

    @rule(who=deciders, own=booleans(), refer=booleans())
    def decide(self, who: str, own: bool, refer: bool) -> None:
        """Decide, with an assessment of one's own or without."""
        inside = selectors.had_a_part(self.flag) if selectors.standing_dissent(self.flag) else set()
        said = {**SAID, "outcomes": ["refer_police" if refer else "no_action"]}

        def act() -> None:
            made = services.decide(self.flag, by=self.cast[who], **said, assessment=FOUND if own else None)
            self.outside_at[made.pk] = inside

        self.attempt(act)

    @rule(who=dissenters)
    def dissent(self, who: str) -> None:
        """Dissent."""
        self.attempt(lambda: services.dissent(self.flag, by=self.cast[who], reasons="It is wrong."))

    @rule(who=deciders)
    def reopen(self, who: str) -> None:
        """Open it again."""
        self.attempt(lambda: services.reopen(self.flag, by=self.cast[who], reason="More came."))

    @rule(who=people)
    def deconflict(self, who: str) -> None:
        """Have police ask to wait."""

        def act() -> None:
            if self.flag.case is not None:
                until = clock.now() + timedelta(hours=1)
                by = self.cast[who]
                services.deconflict(
                    self.flag.case, by=by, asked_by="Harrow", reason="An arrest.", until=until
                )

        self.attempt(act)

    @invariant()
    def nothing_is_decided_unseen(self) -> None:
        """Each decision rests on another person's assessment, or for high severity on its maker's own."""
        if not hasattr(self, "flag"):
            return
        for decision in Decision.objects.filter(flag=self.flag).select_related("assessment"):
            rests_on = decision.assessment
            assert rests_on is not None
            assert rests_on.flag_id == self.flag.pk
            if rests_on.assessed_by_id == decision.decided_by_id:
                assert rests_on.direct
                assert self.flag.high_severity
        decided = Decision.objects.filter(flag=self.flag).exists()
        assert decided or self.flag.state in (FlagState.RECEIVED, FlagState.ASSESSED)

    @invariant()
    def a_dissent_is_heard_outside(self) -> None:
        """Nobody decides after a dissent who had a part in what is reviewed, and no dissent is lost."""
        for pk, inside in self.outside_at.items():
            assert Decision.objects.get(pk=pk).decided_by_id not in inside
        if hasattr(self, "flag") and selectors.standing_dissent(self.flag):
            assert self.flag.state == FlagState.REOPENED

    @invariant()
    def nobody_waits_where_life_is_in_danger(self) -> None:
        """A P0 case never waits for police."""
        if hasattr(self, "flag") and self.flag.case is not None and self.flag.case.priority == "P0":
            assert selectors.standing_deconfliction(self.flag.case) is None


@pytest.fixture
def _cast(db: None) -> None:
    """Everybody, once for all runs."""
    for name, role in {**WHO, "system": Role.PLATFORM_SYSTEM}.items():
        access.create_person(f"machine.{name}", by=None, roles=[role], first_name=name, last_name="M.")


@pytest.mark.usefixtures("_cast")
def test_no_order_of_acts_decides_alone_unseen_or_past_a_dissent() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis's own
        Workflow,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )
