"""Which danger to life wakes somebody: every kind of task, or it is said here why not."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.duties import DUTIES
from coordination.oncall.models import Page
from tests.oncall.conftest import page_of

POLICY = Path(settings.BASE_DIR) / "fixtures" / "policy"
PACKS = [
    POLICY / "platform" / "2026.3.toml",
    POLICY / "requesters" / "2026.1.toml",
    POLICY / "us-process" / "2026.1.toml",
]
# These are never opened as a danger to life, or tell of one that was met already.
WAIT = {
    *(
        "triage_tier_1",
        "monitor",
        "deconfliction_ends",
        "approve_criteria",
        "dual_role",
        "review_restriction",
        "review_preservation",
        "say_eu_link",
    ),
    *("assess_lift", "sign_assessment", "lift_restriction", "answer_appeal", "revise_referral"),
    *("answer_stopped", "after_action_review", "break_glass_review", "break_glass_alert_duty_officer"),
    *("break_glass_alert_counsel", "correct_recalled", "nothing_leaves", "confirm_acknowledgement"),
    *("compartment_alone", "compartment_keeper", "decide_roles", "confirm_token", "fast_readings"),
    *(
        "verify_agency",
        "verify_officer",
        "verify_officer_again",
        "change_contact",
        "call_about_contact",
        "confirm_key",
        "decide_unsigned",
        "glass_opened",
        "glass_review",
    ),
    *("ledger_review", "lock_out", "codes_guessed", "no_room", "unanchored"),
    *("instruct_outside_counsel", "seek_end_of_silence", "tell_requester"),
    *("send_silence_reminder", "end_of_silence", "confirm_end_of_silence"),
    *("prepare_notice", "approve_notice", "preserve_request", "place_hold"),
}


def kinds() -> set[str]:
    rows = [row for pack in PACKS for row in tomllib.loads(pack.read_text())["escalation"]]
    return {kind for row in rows for kind in row["task_kinds"]}


def test_every_kind_of_task_wakes_somebody_or_is_named_as_one_that_waits() -> None:
    assert set(DUTIES) - kinds() - WAIT == set()
    assert kinds() - set(DUTIES) == set()
    assert kinds() & WAIT == set()


@pytest.mark.django_db
def test_who_had_it_is_shut_out_and_somebody_else_is_woken(
    rota: dict[str, User], task: Any, first: User
) -> None:
    opened = task()
    cases.take_task(opened, by=first)
    assert page_of(opened).state == "answered"
    cases.revoke(opened.case, principal=Group.objects.get(name="senior_reviewer"), by=None)
    opened.refresh_from_db()
    assert opened.assignee is None
    assert [each.state for each in Page.objects.filter(task=opened).order_by("pk")] == ["answered", "paging"]
