"""Any order of deeds, by anybody: a restriction is never lifted without two valid signatures."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import CoordinationError
from coordination.policy.workflow import Step
from coordination.restrictions import selectors, services
from coordination.restrictions.models import (
    AssessmentSignature,
    Command,
    Imposition,
    ProtectiveOrder,
    Restriction,
    RiskAssessment,
)
from tests.restrictions.conftest import WORDS
from tests.world import ACCOUNT

ROLES = {
    "liaison": "safety_liaison",
    "senior": "senior_reviewer",
    "second": "senior_reviewer",
    "officer": "duty_officer",
    "counsel": "counsel",
}
BY_ITSELF = {"step": "limit_features", "reason": "A flag.", "authority": "platform.ladder-limit"}
WHO = st.sampled_from(sorted(ROLES))
STEPS = st.sampled_from([step.value for step in Step])


class Reinstatement(RuleBasedStateMachine):
    """One account of one case, and five people who try everything."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.lifts: list[int] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def _do(self, deed: Any, *args: Any, **more: Any) -> Any:
        """Do it, or be refused: both are fine, and neither may break the invariant."""
        try:
            with transaction.atomic():
                return deed(*args, **more)
        except CoordinationError:
            return None

    def _person(self, who: str) -> User:
        return User.objects.get(pk=self.people[who])

    @property
    def restriction(self) -> Restriction:
        return Restriction.objects.select_related("case").latest("pk")

    @property
    def assessment(self) -> RiskAssessment | None:
        return selectors.open_assessment(self.restriction)

    @initialize()
    def begin(self) -> None:
        self.people = {
            name: access.create_person(f"m_{name}", by=None, roles=[role]).pk for name, role in ROLES.items()
        }
        self.case = cases.open_case("A threat", by=None, accounts=[ACCOUNT])
        services.impose(
            self.case,
            account=ACCOUNT,
            step="limit_features",
            reason="A flag.",
            authority="platform.ladder-limit",
        )

    @rule(who=WHO, step=STEPS)
    def impose(self, who: str, step: str) -> None:
        self._do(
            services.impose,
            self.case,
            account=ACCOUNT,
            step=step,
            reason="Again.",
            authority="Terms",
            by=self._person(who),
        )

    @rule(who=WHO, step=st.sampled_from(["", "warn", "limit_features"]))
    def ask(self, who: str, step: str) -> None:
        self._do(
            services.ask_lift, self.restriction, by=self._person(who), reason="They wrote.", to_step=step
        )

    @rule(who=WHO)
    def assess(self, who: str) -> None:
        if self.assessment:
            self._do(services.assess, self.assessment, by=self._person(who), **WORDS)

    @rule(who=WHO)
    def sign(self, who: str) -> None:
        if self.assessment:
            self._do(services.sign, self.assessment, by=self._person(who), digest=self.assessment.digest)

    @rule(who=WHO)
    def lift(self, who: str) -> None:
        if (assessment := self.assessment) and self._do(services.lift, assessment, by=self._person(who)):
            self.lifts.append(assessment.pk)
            self._two_valid_signatures(RiskAssessment.objects.get(pk=assessment.pk))
            assert not self._order_in_force()

    @rule(who=WHO)
    def decline(self, who: str) -> None:
        if self.assessment:
            self._do(services.decline_lift, self.assessment, by=self._person(who), reason="Too soon.")

    @rule(who=WHO)
    def take_role_away(self, who: str) -> None:
        self._do(access.set_roles, self._person(who), [], by=None)

    @rule(who=WHO)
    def give_role_back(self, who: str) -> None:
        self._do(access.set_roles, self._person(who), [ROLES[who]], by=None)

    @rule(who=WHO)
    def order(self, who: str) -> None:
        self._do(
            services.record_order,
            self.case,
            by=self._person(who),
            court="Harrow County Court",
            number="1",
            valid_from=clock.now() - timedelta(days=1),
        )

    @rule(who=WHO)
    def end_order(self, who: str) -> None:
        if order := ProtectiveOrder.objects.filter(ended_at=None).first():
            self._do(services.end_order, order, by=self._person(who), reason="Dissolved.")

    @rule(who=WHO)
    def appeal(self, who: str) -> None:
        self._do(services.receive_appeal, self.restriction, by=self._person(who), text="It was a joke.")

    @rule()
    def expire(self) -> None:
        Restriction.objects.update(review_at=clock.now() - timedelta(days=1))
        services.ask_to_review()

    @rule()
    def platform_confirms(self) -> None:
        if command := Command.objects.filter(state="queued").first():
            self._do(services.follow_delivery, command, state="acknowledged")

    def _order_in_force(self) -> bool:
        return ProtectiveOrder.objects.filter(ended_at=None).exists()

    def _two_valid_signatures(self, assessment: RiskAssessment) -> None:
        imposers = set(
            Imposition.objects.filter(restriction=assessment.restriction_id, pk__lte=assessment.imposition_id)
            .exclude(by=None)
            .values_list("by", flat=True)
        )
        signers = {
            each.signed_by_id
            for each in AssessmentSignature.objects.filter(assessment=assessment, digest=assessment.digest)
            if access.has(User.objects.get(pk=each.signed_by_id), "restrictions.sign_assessment")
        }
        assert len(signers - imposers - {assessment.asked_by_id}) >= 2

    @invariant()
    def never_lifted_without(self) -> None:
        for restriction in Restriction.objects.filter(state__in=["lifting", "lifted"]):
            used = RiskAssessment.objects.filter(restriction=restriction, state="used", to_level=0)
            assert used.exists()
            assert all(each.signatures.count() >= 2 for each in used)

    @invariant()
    def only_a_used_assessment_went_down(self) -> None:
        if self.__dict__.get("case") is None:
            return
        highest = 0
        for step in Imposition.objects.filter(restriction=self.restriction).order_by("pk"):
            if step.level < highest:
                assert step.about.startswith("restrictions.riskassessment:")
            highest = step.level


def test_never_lifted_without_two_valid_signatures(db: None) -> None:
    run_state_machine_as_test(
        Reinstatement,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_never_lifted_without_two_valid_signatures_in_many_more_ways(db: None) -> None:
    run_state_machine_as_test(
        Reinstatement,
        settings=settings(
            max_examples=1_000,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
