"""What hangs on a decision or comes before it: mandated reports, counsel's word, waiting for police."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.referrals import services as referrals
from coordination.triage import selectors, services
from coordination.triage.models import Flag, MandatedReport
from coordination.triage.workflow import FlagState, ReportState
from tests.referrals.conftest import DRAFT, ITEM
from tests.triage.conftest import FOUND, Receive, Report
from tests.world import DestinationOf

SAID: dict[str, Any] = {"outcomes": ["no_action"], "reasons": "A parking dispute.", "reopens_when": "More."}
EU = {**FOUND, "eu_threat_to_life": True}


def due_of(flag: Flag) -> MandatedReport:
    return selectors.reports_of(flag).get()


def test_a_report_comes_before_any_decision_about_child_material(
    receive: Receive, senior_reviewer: User, liaison: User
) -> None:
    flag = receive(category="csam")
    due = due_of(flag)
    assert (due.code, due.first, due.state) == ("report.2258a", True, ReportState.DUE)
    task = cases.open_task("mandated_report", due.origin)
    assert task is not None
    assert flag.case is not None
    assert cases.deadlines_of(flag.case).get(code="policy.report-2258a").due_at == task.due_at
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    assert refused.value.rule == "triage.report-first"
    with pytest.raises(Refused):
        case_services.complete_task(task, by=liaison, outcome="Done.")
    services.report_filed(due, by=liaison, number="NCMEC-4471", at=clock.now())
    assert cases.open_task("mandated_report", due.origin) is None
    assert cases.deadlines_of(flag.case).get(code="policy.report-2258a").state == "met"
    assert "4471" not in str([entry.data for entry in entries_about(flag.origin)])
    services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)


def test_counsel_alone_says_that_a_report_need_not_be_filed(
    receive: Receive, senior_reviewer: User, counsel: User
) -> None:
    flag = receive(category="csam")
    with pytest.raises(NotPermitted):
        services.excuse_report(due_of(flag), by=senior_reviewer, reason="A drawing.")
    services.excuse_report(due_of(flag), by=counsel, reason="It is a painting in a museum.")
    assert due_of(flag).state == ReportState.EXCUSED
    services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    services.report_filed(due_of(flag), by=senior_reviewer, number="N-1", at=clock.now())
    with pytest.raises(IllegalTransition):
        services.excuse_report(due_of(flag), by=counsel, reason="Again.")


def test_enticement_that_the_first_tier_finds_is_reported_first_too(
    receive: Receive, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive(category="stalking")
    services.assess(flag, by=reviewer, **{**FOUND, "level": "low", "enticement": True})
    flag.refresh_from_db()
    assert flag.case is not None
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **SAID)
    assert refused.value.rule == "triage.report-first"
    services.report_filed(due_of(flag), by=senior_reviewer, number="N-1", at=clock.now())
    services.decide(flag, by=senior_reviewer, **SAID)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": " "}, "number"),
        ({"at": datetime(2099, 1, 1, tzinfo=UTC)}, "at"),
        ({"at": datetime(2026, 1, 1)}, "at"),  # noqa: DTZ001 - without a zone on purpose
    ],
)
def test_a_report_is_filed_with_number_and_time(
    change: dict[str, Any], field: str, receive: Receive, liaison: User
) -> None:
    due = due_of(receive(category="csam"))
    with pytest.raises(InvalidInput) as wrong:
        services.report_filed(due, by=liaison, **{"number": "N-1", "at": clock.now(), **change})
    assert wrong.value.field == field
    with pytest.raises(DatabaseError), transaction.atomic():
        MandatedReport.objects.filter(pk=due.pk).update(state="filed")
    with pytest.raises(DatabaseError), transaction.atomic():
        due.delete()


def test_a_missed_report_opens_no_second_task(receive: Receive) -> None:
    flag = receive(category="csam")
    due = due_of(flag)
    with clock.frozen(due.due_at + timedelta(minutes=1)):
        assert case_services.miss_deadlines() > 0
    assert flag.case is not None
    missed = cases.tasks_of(flag.case).filter(kind="missed_deadline")
    assert [each.title for each in missed if "CyberTipline" in each.title] == []


def test_a_suspicion_with_an_eu_nexus_is_notified_with_the_decision(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    decision = services.decide(
        flag, by=senior_reviewer, **{**SAID, "outcomes": ["refer_police"]}, assessment=EU
    )
    due = due_of(flag)
    assert (due.code, due.decision) == ("report.dsa18", decision)
    assert due.due_at == due.opened_at + timedelta(hours=24)
    assert "Art. 18" in due.citation


def test_no_action_with_an_eu_nexus_waits_for_counsels_assessment(
    receive: Receive, senior_reviewer: User, counsel: User
) -> None:
    flag = receive()
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **SAID, assessment=EU)
    assert "Art. 18" in refused.value.citation
    services.ask_counsel(flag, by=senior_reviewer, question="Is this a suspicion?")
    task = cases.open_task("counsel_assessment", f"{flag.origin}@counsel")
    assert task is not None
    assert task in cases.waiting_for(counsel)
    with pytest.raises(NotPermitted):
        services.assess_as_counsel(flag, by=senior_reviewer, reasons="No.")
    services.assess_as_counsel(flag, by=counsel, reasons="A quarrel about a film; no suspicion.")
    assert cases.open_task("counsel_assessment", f"{flag.origin}@counsel") is None
    services.decide(flag, by=senior_reviewer, **SAID, assessment=EU)
    assert not selectors.reports_of(flag).exists()
    services.reopen(flag, by=senior_reviewer, reason="More came.")
    with pytest.raises(Refused):
        services.decide(flag, by=senior_reviewer, **SAID, assessment=EU)


def test_no_action_with_an_eu_nexus_takes_counsel_who_does_not_decide(
    receive: Receive, duty_counsel: User, counsel: User
) -> None:
    flag = receive()
    services.assess_as_counsel(flag, by=duty_counsel, reasons="A quarrel about a film; no suspicion.")
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=duty_counsel, **SAID, assessment=EU)
    assert refused.value.rule == "eu.no-action-needs-counsel"
    services.assess_as_counsel(flag, by=counsel, reasons="I read it as well; no suspicion.")
    services.decide(flag, by=duty_counsel, **SAID, assessment=EU)


def test_the_database_too_takes_counsel_who_does_not_decide(
    receive: Receive, duty_counsel: User, counsel: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = receive()
    services.assess_as_counsel(flag, by=duty_counsel, reasons="A quarrel about a film; no suspicion.")
    monkeypatch.setattr(selectors, "counsel_assessed", lambda *_, **__: True)
    with pytest.raises(DatabaseError, match="counsel"), transaction.atomic():
        services.decide(flag, by=duty_counsel, **SAID, assessment=EU)
    services.assess_as_counsel(flag, by=counsel, reasons="I read it as well; no suspicion.")
    services.decide(flag, by=duty_counsel, **SAID, assessment=EU)


def test_an_eu_nexus_that_another_found_is_not_taken_away_by_the_deciders_own_assessment(
    receive: Receive, reviewer: User, senior_reviewer: User
) -> None:
    flag = receive()
    services.assess(flag, by=reviewer, **EU)
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    assert refused.value.rule == "eu.no-action-needs-counsel"
    services.decide(flag, by=senior_reviewer, **{**SAID, "outcomes": ["refer_police"]}, assessment=FOUND)
    assert due_of(flag).code == "report.dsa18"


def test_a_report_that_is_not_in_force_cannot_be_chosen(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    with clock.frozen(datetime(2026, 12, 1, tzinfo=UTC)):
        with pytest.raises(InvalidInput) as wrong:
            services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND, reports=["report.raise"])
        assert wrong.value.field == "reports"
        services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND, reports=["report.sb53-imminent"])
    assert due_of(flag).due_at == datetime(2026, 12, 2, tzinfo=UTC)


def test_a_chosen_report_is_due_once_its_law_is_in_force(receive: Receive, senior_reviewer: User) -> None:
    flag = receive()
    with clock.frozen(datetime(2027, 1, 4, tzinfo=UTC)):
        services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND, reports=["report.raise"])
    assert due_of(flag).due_at == datetime(2027, 1, 7, tzinfo=UTC)


def test_swt_02_coordinated_reports_lead_police_to_nobody_on_one_persons_look(
    report: Report, reviewer: User, senior_reviewer: User
) -> None:
    for _ in range(5):
        flag = report(category="mass_casualty")
    flag.refresh_from_db()
    said = {**SAID, "outcomes": ["refer_police"], "departure": "A neighbour saw the weapon."}
    with pytest.raises(Refused) as refused:
        services.decide(flag, by=senior_reviewer, **said, assessment=FOUND)
    assert refused.value.rule == "triage.coordinated"
    services.assess(flag, by=reviewer, **FOUND)
    with pytest.raises(InvalidInput):
        services.decide(flag, by=senior_reviewer, **{**said, "departure": ""})
    assert services.decide(flag, by=senior_reviewer, **said).rules == ["triage.coordinated"]


@pytest.fixture
def asked(counsel: User) -> Callable[..., Any]:
    """Have police ask to wait: `asked(case)`, `asked(case, hours=80)`."""

    def ask(case: Case, *, hours: int = 24, by: User | None = None) -> Any:
        until = clock.now() + timedelta(hours=hours)
        who = "Det. Ruiz, Harrow, called back on +1 970 555 0112"
        return services.deconflict(case, by=by or counsel, asked_by=who, reason="An arrest.", until=until)

    return ask


def test_police_may_ask_to_wait_for_a_time_and_counsel_alone_records_it(
    case: Case, asked: Callable[..., Any], counsel: User, senior_reviewer: User
) -> None:
    with pytest.raises(NotPermitted):
        asked(case, by=senior_reviewer)
    with pytest.raises(InvalidInput) as wrong:
        asked(case, hours=80)
    assert wrong.value.field == "until"
    row = asked(case)
    assert selectors.standing_deconfliction(case) == row
    task = cases.open_task("deconfliction_ends", row.origin)
    assert task is not None
    assert (task.due_at, task.role) == (row.until, "counsel")
    with pytest.raises(Conflict):
        asked(case)
    with clock.frozen(row.until):
        assert selectors.standing_deconfliction(case) is None
    services.end_deconfliction(row, by=counsel, reason="The arrest was made.")
    assert selectors.standing_deconfliction(case) is None
    assert cases.open_task("deconfliction_ends", row.origin) is None
    with pytest.raises(IllegalTransition):
        services.end_deconfliction(row, by=counsel, reason="Again.")


def test_nobody_waits_where_life_is_in_danger(case: Case, asked: Callable[..., Any], liaison: User) -> None:
    row = asked(case)
    case_services.raise_priority(case, by=liaison)
    case.refresh_from_db()
    assert selectors.standing_deconfliction(case) is None
    services.end_deconfliction(row, by=row.recorded_by, reason="Life is in danger.")
    with pytest.raises(Refused) as refused:
        asked(case)
    assert refused.value.rule == "triage.deconflict-never-p0"


@pytest.mark.django_db(transaction=True)
def test_while_police_ask_to_wait_nothing_but_a_danger_to_life_is_submitted(  # noqa: PLR0917 - fixtures
    case: Case,
    asked: Callable[..., Any],
    liaison: User,
    agency: Any,
    destination_of: DestinationOf,
    signing_secret: str,
    shared_host: None,
) -> None:
    draft = referrals.file(
        case, by=liaison, **{**DRAFT, "priority": "normal", "priority_reason": "It waits."}
    )
    referrals.add_item(draft, by=liaison, **ITEM)
    referrals.add_addressee(draft, by=liaison, destination=destination_of(agency))
    asked(case)
    with pytest.raises(Refused) as refused:
        referrals.submit(draft, by=liaison)
    assert refused.value.rule == "triage.deconflicted"
    draft = referrals.revise(draft, by=liaison, priority="P0")
    assert referrals.submit(draft, by=liaison).state == "in_review"


def test_a_release_opens_the_case_and_the_decision_again(
    receive: Receive, senior_reviewer: User, liaison: User
) -> None:
    flag = receive()
    services.decide(flag, by=senior_reviewer, **SAID, assessment=FOUND)
    assert flag.case is not None
    case_services.close_case(flag.case, by=senior_reviewer, reason="Nothing came.")
    told = {"told_by": "The victim's counsel", "source": "VINE notice 88", "happened_at": clock.now()}
    services.record_event(flag.case, by=liaison, kind="arrest", **told)
    flag.refresh_from_db()
    flag.case.refresh_from_db()
    assert flag.case.state == "open"
    assert flag.state == FlagState.DECIDED
    services.record_event(flag.case, by=liaison, kind="release", **told)
    flag.refresh_from_db()
    assert flag.state == FlagState.REOPENED
    assert cases.open_task("triage_senior", flag.origin) is not None
    assert [each.kind for each in selectors.events_of(flag.case)] == ["arrest", "release"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "rumour"}, "kind"),
        ({"told_by": ""}, "told_by"),
        ({"source": " "}, "source"),
        ({"happened_at": datetime(2099, 1, 1, tzinfo=UTC)}, "happened_at"),
    ],
)
def test_an_event_says_who_told_us_and_where_it_stands(
    change: dict[str, Any], field: str, case: Case, liaison: User
) -> None:
    told = {"kind": "charge", "told_by": "The county", "source": "Docket 4", "happened_at": clock.now()}
    with pytest.raises(InvalidInput) as wrong:
        services.record_event(case, by=liaison, **{**told, **change})
    assert wrong.value.field == field
