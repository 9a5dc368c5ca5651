"""Scenario 8: 41 past "no actions", held to the criteria of today: 3 would refer, one with a dissent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from coordination.access.services import User
from coordination.core import clock
from coordination.ledger.models import Leaf
from coordination.policy import selectors as policy
from coordination.policy.models import CriteriaProposal
from coordination.triage import services as triage
from coordination.triage.models import Decision, Flag
from coordination.triage.replaying import Kind
from tests.doors import SignIn

WINTER = datetime(2026, 11, 2, 9, tzinfo=UTC)
TODAY = datetime(2026, 12, 7, 18, tzinfo=UTC)
# A person is named, and they speak of it to others; no means and no time is known.
NEAR = {"level": "medium", "behaviours": ["leakage"]}
FAR = {"level": "low"}
FOUND = {
    "threat_type": "veiled",
    "target": "present",
    "target_note": "A former colleague.",
    "target_provenance": "inferred",
    "means": "unknown",
    "timing": "unknown",
    "danger_to_others": True,
}


def decided(number: int, found: dict[str, Any], *, system: User, first: User, second: User) -> Decision:
    """Take one flag to "no action"."""
    flag, _ = triage.receive(
        by=system,
        external_id=f"lc-2026-{number:06}",
        source="user_report",
        category="targeted_harassment",
        content="She will see what comes of it.",
        content_at=clock.now() - timedelta(hours=1),
        content_zone="America/Denver",
        account=f"acct-{number}",
        provenance="observed",
    )
    triage.assess(flag, by=first, **FOUND, **found)
    return triage.decide(
        flag,
        by=second,
        outcomes=["no_action"],
        reasons="A target; no means, no time, and one warning behaviour at most.",
        reopens_when="A second warning behaviour.",
    )


@pytest.fixture
def past(packs: None, platform_system: User, reviewer: User, senior_reviewer: User) -> list[Decision]:
    """Decide 41 flags not to act, over the weeks before; three of them were near."""
    made = []
    for number in range(41):
        with clock.frozen(WINTER + timedelta(hours=19 * number)):
            found = NEAR if number in (7, 20, 33) else FAR
            cast = {"system": platform_system, "first": reviewer, "second": senior_reviewer}
            made.append(decided(number, found, **cast))
    return made


@pytest.mark.django_db
def test_three_of_forty_one_would_be_referred_today_and_one_carries_a_dissent(
    past: list[Decision], senior_reviewer: User, duty_officer: User, counsel: User, sign_in: SignIn
) -> None:
    near = [past[number] for number in (7, 20, 33)]
    with clock.frozen(TODAY - timedelta(days=6)):
        triage.dissent(near[1].flag, by=counsel, reasons="He told two people. That is enough.")

    # Who decides proposes that one warning behaviour is enough; counsel reads the difference and approves it.
    with clock.frozen(TODAY - timedelta(days=5)):
        browser = sign_in(senior_reviewer)
        add = reverse("admin:policy_criteriaproposal_add")
        form = browser.get(add).context["form"]
        data = {name: form[name].value() or "" for name in form.fields}
        data["rules"] = data["rules"].replace("behaviours_at_least = 2", "behaviours_at_least = 1")
        data |= {
            "version": "v3",
            "effective_on": "2026-12-07",
            "reason": "Three were near, and one of us said so.",
        }
        assert browser.post(add, data).status_code == 302
        proposal = CriteriaProposal.objects.get()
        page = f"/admin/policy/criteriaproposal/{proposal.pk}/do/approve/"
        assert sign_in(counsel).post(page, {"digest": proposal.digest}).status_code == 302

    with clock.frozen(TODAY):
        assert policy.criteria_in_force().version == "v3"
        browser = sign_in(duty_officer)
        replay = reverse("admin:triage_flag_replay")
        shown = browser.get(replay, {"version": policy.criteria_in_force().label}).context

        assert shown["found"].looked_at == 41
        assert shown["found"].counts == {Kind.WOULD_REFER: 3, Kind.SAME: 38}
        assert shown["found"].dissents == 1
        assert {row["found"].decision for row in shown["rows"]} == {each.pk for each in near}
        # What somebody dissented from is looked at first; it waits for its re-review already.
        first = shown["rows"][0]["found"]
        assert (first.decision, first.dissent, first.waits) == (near[1].pk, True, True)
        assert (first.missing, first.rules) == ({"refer_police"}, ("medium-behaviours",))

        # Under the criteria that they were made under, nothing differs.
        before = browser.get(replay, {"version": "platform 2026.3 (v2)"}).context["found"]
        assert (before.looked_at, before.differ) == (41, 0)

        # The other two are opened again from the page; all three wait for a decision, and none was changed.
        for row in shown["rows"][1:]:
            act = reverse("admin:triage_flag_do", args=[row["found"].flag, "reopen"])
            assert browser.post(act, {"reason": row["why"]}).status_code == 302
        assert Flag.objects.filter(state="reopened").count() == 3
        assert Decision.objects.count() == 41
        assert {each.outcomes[0] for each in Decision.objects.all()} == {"no_action"}

    asked = Leaf.objects.filter(action="triage.criteria_replayed").order_by("pk")
    assert [leaf.subject for leaf in asked] == ["criteria:v3", "criteria:v2"]
    assert asked[0].data["by"] == duty_officer.pk
