"""Past decisions held to criteria: what would differ and how, for whom, and that nothing changes by it."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import NotPermitted, Refused
from coordination.ledger.models import Leaf
from coordination.policy import selectors as policy
from coordination.policy.criteria import Rule
from coordination.policy.workflow import Asked
from coordination.triage import replaying, services
from coordination.triage.models import Decision, Flag
from coordination.triage.replaying import Kind
from coordination.triage.workflow import Outcome
from tests.doors import SignIn
from tests.people import Cast
from tests.triage.conftest import FOUND, Receive

PAGE = reverse("admin:triage_flag_replay")
V2 = "platform 2026.3 (v2)"
LOW = {"level": "low", "timing": "absent", "timing_note": "", "timing_provenance": ""}
MEDIUM = {**LOW, "level": "medium"}

Judged = Callable[..., Decision]


@pytest.fixture
def judged(receive: Receive, reviewer: User, senior_reviewer: User) -> Judged:
    """Take a flag to its decision: `judged(["no_action"], level="medium", means="present", …)`."""
    number = iter(range(10_000))

    def judge(outcomes: list[str], *, category: str = "stalking", **found: Any) -> Decision:
        key = next(number)
        own = {"external_id": f"r-{key}", "account": f"acct-r-{key}", "identifiers": []}
        flag = receive(category=category, **own)
        services.assess(flag, by=reviewer, **{**FOUND, **LOW, **found})
        return services.decide(
            flag,
            by=senior_reviewer,
            outcomes=outcomes,
            reasons="Target, means and timing were looked at.",
            reopens_when="Anything new.",
            departure="Looked at with a second person.",
        )

    return judge


def test_what_rules_may_ask_for_is_what_can_be_decided() -> None:
    assert {*Asked} == {*Outcome} - {Outcome.NO_ACTION}


def replayed(by: User | None = None) -> dict[int, replaying.Replayed]:
    found = services.replay_decisions(policy.criteria_named("v2"), by=by)
    return {each.decision: each for each in found}


MEANS = {"means": "present", "means_note": "A rifle.", "means_provenance": "claimed_by_user"}


@pytest.mark.parametrize(
    ("outcomes", "found", "expected"),
    [
        (["no_action"], LOW, (Kind.SAME, set(), set())),
        (["no_action"], MEDIUM, (Kind.SAME, set(), set())),
        (["no_action"], {**MEDIUM, **MEANS}, (Kind.WOULD_REFER, {"refer_police"}, set())),
        (["no_action"], {"level": "high"}, (Kind.WOULD_REFER, {"refer_police"}, set())),
        (["warn_target"], {**MEDIUM, **MEANS}, (Kind.WOULD_ADD, {"refer_police"}, set())),
        (["refer_police", "warn_target"], {**MEDIUM, **MEANS}, (Kind.SAME, set(), set())),
        (["refer_police"], LOW, (Kind.WENT_FURTHER, set(), {"refer_police"})),
        (["refer_police"], {**LOW, "danger_to_self": True}, (Kind.WOULD_ADD, {"refer_crisis"}, set())),
    ],
)
def test_a_decision_differs_by_what_it_lacks_or_goes_beyond(
    judged: Judged, outcomes: list[str], found: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    made = judged(outcomes, **found)
    (each,) = replayed().values()
    assert each.decision == made.pk
    assert (each.kind, each.missing, each.beyond) == expected


def test_what_was_found_later_is_not_held_against_a_decision(judged: Judged, reviewer: User) -> None:
    made = judged(["no_action"], **MEDIUM)
    services.reopen(made.flag, by=made.decided_by, reason="Something new.")
    services.assess(made.flag, by=reviewer, **{**FOUND, **MEDIUM, **MEANS})
    each = replayed()[made.pk]
    assert each.kind == Kind.SAME
    assert each.waits


def test_reports_that_were_seen_as_coordinated_later_were_not_when_it_was_decided(judged: Judged) -> None:
    made = judged(["no_action"], **LOW)
    rule = Rule(code="c", section="1", outcomes=frozenset({"monitor"}), why="x", when={"coordinated": True})
    for moment, kind in (
        (None, Kind.SAME),
        (made.decided_at + timedelta(minutes=1), Kind.SAME),
        (made.decided_at, Kind.WOULD_ADD),
    ):
        Flag.objects.filter(pk=made.flag_id).update(coordinated_at=moment)
        assert [each.kind for each in replaying.replay(Decision.objects.all(), [rule])] == [kind]


def test_a_minor_that_the_flag_names_counts_as_one_that_the_assessment_does(judged: Judged) -> None:
    made = judged(["no_action"], **LOW)
    rule = Rule(code="c", section="1", outcomes=frozenset({"monitor"}), why="x", when={"minor": True})
    for minor, kind in ((False, Kind.SAME), (True, Kind.WOULD_ADD)):
        Flag.objects.filter(pk=made.flag_id).update(minor=minor)
        assert [each.kind for each in replaying.replay(Decision.objects.all(), [rule])] == [kind]


def test_a_file_that_is_broken_off_is_on_the_ledger(judged: Judged, counsel: User, sign_in: SignIn) -> None:
    judged(["no_action"], **MEDIUM, **MEANS)
    answer = sign_in(counsel).get(f"{PAGE}file/", {"version": V2})
    next(iter(answer.streaming_content))  # type: ignore[attr-defined]
    assert Leaf.objects.get(action="triage.criteria_replayed").data["by"] == counsel.pk


def test_without_an_assessment_a_decision_is_counted_and_never_guessed(
    judged: Judged, owner: Any, transactional_db: None, packs: None
) -> None:
    made = judged(["no_action"], level="high")
    # As decisions of before there were assessments: the owner's migration kept them, the application cannot.
    owner.execute("ALTER TABLE triage_decision DISABLE TRIGGER USER")
    owner.execute("UPDATE triage_decision SET assessment_id = NULL")
    owner.execute("ALTER TABLE triage_decision ENABLE TRIGGER USER")
    assert replayed()[made.pk].kind == Kind.NO_ASSESSMENT
    assert "1 cannot be replayed: no assessment on record" in command("--version", "v2")


def test_a_dissent_is_marked_and_a_decision_anew_does_not_stand(
    judged: Judged, reviewer: User, duty_officer: User, counsel: User
) -> None:
    made = judged(["no_action"], **MEDIUM, **MEANS)
    services.dissent(made.flag, by=counsel, reasons="There is a means.")
    each = replayed()[made.pk]
    assert (each.dissent, each.stands, each.waits) == (True, True, True)
    services.decide(
        made.flag,
        by=duty_officer,
        outcomes=["refer_police"],
        reasons="There is a means.",
        reopens_when="Anything new.",
    )
    found = replayed()
    assert [(each.dissent, each.stands) for each in found.values()] == [(False, True), (True, False)]


def test_a_replay_changes_nothing_and_is_on_the_ledger(judged: Judged, senior_reviewer: User) -> None:
    judged(["no_action"], level="high")
    before = [*Flag.objects.values()], [*Decision.objects.values()]
    command("--version", "v2")
    assert ([*Flag.objects.values()], [*Decision.objects.values()]) == before
    leaf = Leaf.objects.get(action="triage.criteria_replayed")
    assert leaf.subject == "criteria:v2"
    assert leaf.data["by"] == "system"
    assert leaf.data["details"]["counts"] == {
        "would_refer": 1,
        "would_add": 0,
        "went_further": 0,
        "same": 0,
        "no_assessment": 0,
    }


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SAFETY_LIAISON, Role.ADMINISTRATOR, Role.CUSTODIAN])
def test_others_replay_nothing(cast: Cast, role: Role, sign_in: SignIn) -> None:
    person = cast(role, username="another")
    with pytest.raises(NotPermitted):
        services.replay_decisions(policy.criteria_named("v2"), by=person)
    assert sign_in(person).get(PAGE, {"version": V2}).status_code in {403, 404}


def test_criteria_without_rules_are_refused(packs: None) -> None:
    old = policy.criteria_named("platform 2026.2 (v1)")
    with pytest.raises(Refused, match="no rules"):
        services.replay_decisions(old, by=None)
    with pytest.raises(CommandError, match="no rules"):
        command("--version", "v1")
    with pytest.raises(CommandError, match="no criteria v77"):
        command("--version", "v77")


def test_a_person_is_told_of_no_case_that_they_do_not_see(
    judged: Judged, senior_reviewer: User, counsel: User, sign_in: SignIn
) -> None:
    shown, hidden = judged(["warn_target"], **MEDIUM, **MEANS), judged(["warn_target"], **MEDIUM, **MEANS)
    hidden.flag.refresh_from_db()
    assert hidden.flag.case is not None
    cases.mark(
        hidden.flag.case,
        compartment="non_disclosure",
        by=counsel,
        reason="A court order.",
        until=clock.now() + timedelta(days=9),
    )
    assert {*replayed(senior_reviewer)} == {shown.pk}
    assert {*replayed(counsel)} == {shown.pk, hidden.pk}
    answer = sign_in(senior_reviewer).get(PAGE, {"version": V2})
    text = answer.content.decode()
    assert answer.context["found"].looked_at == 1
    assert hidden.flag.external_id not in text
    assert hidden.flag.case.reference not in text


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("criteria_replay", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_says_what_would_differ_and_how_many(judged: Judged) -> None:
    judged(["no_action"], **MEDIUM, **MEANS)
    judged(["no_action"], **LOW)
    lines = command("--version", V2).splitlines()
    assert "decided no_action; asked for refer_police (medium-means)" in lines[0]
    assert lines[1] == "2 decisions under criteria platform 2026.3 (v2):"
    assert lines[2].split(maxsplit=1) == ["1", "no action, and would be referred"]


def test_as_json_each_line_is_one_object_and_the_counts_are_last(judged: Judged) -> None:
    made = judged(["no_action"], **MEDIUM, **MEANS)
    first, last = (json.loads(line) for line in command("--version", "v2", "--json").splitlines())
    assert (first["decision"], first["missing"], first["stands"]) == (made.pk, ["refer_police"], True)
    assert last["counts"]["would_refer"] == 1


def test_since_leaves_out_what_was_decided_before(judged: Judged) -> None:
    with clock.frozen(clock.now() - timedelta(days=5)):
        judged(["no_action"], level="high")
    judged(["no_action"], level="high")
    day = (clock.now() - timedelta(days=2)).date().isoformat()
    assert json.loads(command("--version", "v2", "--since", day, "--json").splitlines()[-1])["counts"] == {
        **dict.fromkeys(Kind, 0),
        "would_refer": 1,
    }


def test_batches_lose_nothing_and_ask_once_each(
    judged: Judged, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = [judged(["no_action"], **LOW).pk for _ in range(6)]
    monkeypatch.setattr(replaying, "BATCH", 2)
    found = services.replay_decisions(policy.criteria_named("v2"), by=None)
    with django_assert_num_queries(4):
        assert [each.decision for each in found] == made[::-1]


def test_the_page_opens_a_flag_again_with_a_reason(
    judged: Judged, senior_reviewer: User, duty_officer: User, sign_in: SignIn
) -> None:
    made = judged(["no_action"], **MEDIUM, **MEANS)
    browser = sign_in(duty_officer)
    answer = browser.get(PAGE, {"version": V2})
    assert "no action, would refer" in answer.content.decode()
    why = answer.context["rows"][0]["why"]
    assert why == "Under criteria platform 2026.3 (v2): refer to police (rules medium-means)."
    browser.post(reverse("admin:triage_flag_do", args=[made.flag.pk, "reopen"]), {"reason": why})
    made.flag.refresh_from_db()
    assert made.flag.state == "reopened"


def test_an_auditor_looks_and_opens_nothing(judged: Judged, cast: Cast, sign_in: SignIn) -> None:
    judged(["no_action"], **MEDIUM, **MEANS)
    text = sign_in(cast(Role.AUDITOR)).get(PAGE, {"version": V2}).content.decode()
    assert "no action, would refer" in text
    assert "Open it again" not in text


def test_the_file_has_ids_and_words_and_no_content(judged: Judged, counsel: User, sign_in: SignIn) -> None:
    made = judged(["no_action"], **MEDIUM, **MEANS)
    judged(["no_action"], **LOW)
    answer = sign_in(counsel).get(f"{PAGE}file/", {"version": V2})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["flag"] == str(made.flag.pk)
    assert (row["decided"], row["missing"], row["rules"]) == ("no_action", "refer_police", "medium-means")
    assert "know my name" not in text
    assert Leaf.objects.get(action="triage.criteria_replayed").data["details"]["way"] == "file"


def test_the_page_asks_before_it_looks_and_says_what_is_wrong(
    counsel: User, client: Client, sign_in: SignIn, packs: None
) -> None:
    browser = sign_in(counsel)
    assert "found" not in browser.get(PAGE).context
    answer = browser.get(PAGE, {"version": "v77"})
    assert "version" in answer.context["form"].errors
    assert not Leaf.objects.filter(action="triage.criteria_replayed").exists()
