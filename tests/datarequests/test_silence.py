"""Non-disclosure: nobody is told, nobody outside sees anything, and no clock ends an order."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.cases.models import Case, Deadline
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotFound, NotPermitted, Refused
from coordination.datarequests import jobs, selectors, services
from coordination.datarequests.models import DataRequest
from coordination.datarequests.noticemodels import Silence
from coordination.evidence import selectors as exhibits
from coordination.evidence import services as evidence
from coordination.ledger import selectors as ledger
from coordination.restrictions.models import Command, Preservation, Restriction
from tests.datarequests.conftest import MINE, File, fresh
from tests.doors import SignIn
from tests.people import Cast

UNTIL = date(2027, 3, 31)
# The last second of that day in America/Denver, in summer time since the fourteenth of March.
ENDS = datetime(2027, 4, 1, 5, 59, 59, tzinfo=UTC)
FIRST = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
LAST = datetime(2027, 3, 24, 6, 0, tzinfo=UTC)
OVER = ENDS + timedelta(seconds=1)
WORKED = "The order's own date."


@pytest.fixture
def second_counsel(cast: Cast) -> User:
    """Confirms what counsel says."""
    return cast(Role.COUNSEL, username="second_counsel")


@pytest.fixture
def silenced(file: File, counsel: User, second_counsel: User) -> File:
    """Make a request with a non-disclosure order, and two counsel on the desk."""
    return lambda **said: file(non_disclosure=True, **{"non_disclosure_until": UNTIL, **said})


def _task(kind: str, request: DataRequest) -> bool:
    return cases.open_task(kind, request.origin) is not None


def _run(moment: datetime) -> None:
    with clock.frozen(moment):
        jobs.follow(0)


def test_ndo_06_a_request_under_an_order_is_nowhere_for_who_is_not_in_it(  # noqa: PLR0917 - fixtures
    silenced: File, file: File, counsel: User, senior_reviewer: User, cast: Cast, sign_in: SignIn
) -> None:
    custodian = cast(Role.CUSTODIAN, username="at_another_desk")
    shown = file(accounts=[("user_id", "u-1")])
    before = {who.pk: _seen(who) for who in (senior_reviewer, custodian)}
    door = sign_in(senior_reviewer)
    addresses = ("/admin/cases/case/", f"/admin/search/?q={MINE[1]}", "/admin/search/?q=C-")
    pages = {each: door.get(each).content for each in addresses}
    hidden = silenced()
    assert {who.pk: _seen(who) for who in (senior_reviewer, custodian)} == before
    assert selectors.request_for(counsel, hidden.reference) == hidden
    for each in addresses:
        page = door.get(each).content.decode()
        assert hidden.reference not in page
        assert hidden.case.reference not in page
        assert len(page) == len(pages[each].decode())
    with pytest.raises(NotFound):
        selectors.request_for(senior_reviewer, hidden.reference)
    with pytest.raises(NotFound):
        services.docket(hidden, by=senior_reviewer)
    # A number says nothing of how many there are between two.
    assert not shown.reference.removeprefix("D-").isdigit()


def _seen(who: User) -> dict[str, object]:
    """Return what somebody can see of anything: rows, their order, counts, tasks, clocks."""
    return {
        "requests": list(selectors.visible_to(who).values_list("reference", flat=True)),
        "cases": list(cases.visible_to(who).order_by("pk").values_list("reference", flat=True)),
        "latest": [each.reference for each in cases.latest_for(who)],
        "count": cases.count_for(who),
        "tasks": [each.pk for each in cases.open_tasks_for(who)],
        "clocks": [each.pk for each in cases.running_deadlines_for(who)],
    }


def test_ndo_06_who_entered_it_and_counsel_go_on_seeing_it(
    silenced: File, liaison: User, counsel: User, second_counsel: User
) -> None:
    request = silenced()
    inside = {each.person for each in cases.members_of(*cases.compartments_of(request.case))}
    assert inside == {liaison, counsel, second_counsel}
    services.verify_requester(request, by=liaison, how="The watch desk, on our number.")


def test_its_case_is_its_own_so_that_no_other_work_is_hidden_with_it(
    file: File, case: Case, liaison: User, counsel: User
) -> None:
    case_services.grant(case, principal=liaison, by=None)
    with pytest.raises(InvalidInput) as wrong:
        file(case=case, non_disclosure=True)
    assert wrong.value.field == "case"
    assert not cases.is_hidden(case)


def test_ndo_05_nothing_of_an_order_reaches_the_account(silenced: File, liaison: User, counsel: User) -> None:
    before = _user_facing()
    request = silenced()
    services.attach_scan(request, by=liaison, content=io.BytesIO(b"Order"), filename="order.pdf")
    services.verify_requester(request, by=liaison, how="The watch desk, on our number.")
    services.docket(request, by=liaison)
    services.check_validity(request, by=liaison, addressed_right=True)
    services.accept(request, by=counsel)
    services.keep_silent(request, by=counsel)
    for moment in (FIRST, LAST, OVER):
        _run(moment)
    assert _user_facing() == before


def _user_facing() -> dict[str, list[object]]:
    """Return all that the platform was ever told to do, and what stands against or is kept of accounts."""
    tables = (Command, Restriction, Preservation)
    return {each.__name__: list(each.objects.order_by("pk").values()) for each in tables}


def test_ndo_01_the_job_tells_nobody_while_an_order_stands_and_says_when_it_looks_next(
    silenced: File,
) -> None:
    request = silenced()
    _run(FIRST)
    entry = ledger.entries_about(request.reference).filter(action="datarequests.silence_checked").last()
    assert entry is not None
    assert entry.data["details"]["next"].startswith("2027-03-24T06:00:00")
    assert not _task("give_user_notice", request)
    assert not _task("end_of_silence", request)
    assert Silence.objects.get(request=request).check_at == LAST


def test_its_requester_is_reminded_thirty_and_seven_days_before_once_each(silenced: File) -> None:
    request = silenced()
    for moment, written in (
        (FIRST - timedelta(seconds=1), 0),
        (FIRST, 1),
        (FIRST + timedelta(days=1), 1),
        (LAST - timedelta(seconds=1), 1),
        (LAST, 2),
        (LAST + timedelta(days=1), 2),
        (OVER, 2),
    ):
        _run(moment)
        assert len(_letters(request)) == written, moment
    assert _task("send_silence_reminder", request)


def _letters(request: DataRequest) -> list[str]:
    found = exhibits.exhibits_of(request.case.reference)
    pages = [PdfReader(io.BytesIO(b"".join(evidence.content(each)))).pages for each in found]
    return [" ".join(" ".join(page.extract_text() for page in each).split()) for each in pages]


def test_the_reminder_says_when_the_order_ends_and_of_no_account(silenced: File) -> None:
    request = silenced()
    _run(FIRST)
    (words,) = _letters(request)
    for said in (request.reference, request.agency.name, "2027-03-31 (America/Denver)"):
        assert said in words
    assert MINE[1] not in words


def test_an_order_served_in_its_last_days_is_spoken_of_once(silenced: File) -> None:
    request = silenced(non_disclosure_until=(clock.now() + timedelta(days=3)).date())
    _run(clock.now() + timedelta(minutes=10))
    _run(clock.now() + timedelta(minutes=20))
    assert len(_letters(request)) == 1


def test_an_order_without_an_end_binds_for_ever_and_counsel_is_asked_to_seek_one(
    silenced: File, counsel: User
) -> None:
    request = silenced(non_disclosure_until=None)
    assert _task("seek_end_of_silence", request)
    with clock.frozen(clock.now() + timedelta(days=365)):
        jobs.follow(0)
        assert services.silence_is_ordered(request)
        with pytest.raises(Refused):
            services.propose_end(request, by=counsel, end="expired", because=WORKED)
    assert not _task("end_of_silence", request)
    services.renew_order(request, by=counsel, until=UNTIL, because="The court set an end.")
    assert not _task("seek_end_of_silence", request)


def test_ndo_02_expiry_asks_a_person_and_the_order_stands_until_two_say_otherwise(
    silenced: File, counsel: User, second_counsel: User
) -> None:
    request = silenced()
    _run(ENDS)
    assert not _task("end_of_silence", request)
    _run(OVER)
    assert _task("end_of_silence", request)
    assert services.silence_is_ordered(fresh(request))
    assert cases.is_hidden(request.case)
    with clock.frozen(OVER):
        services.propose_end(request, by=counsel, end="expired", because=WORKED)
        assert services.silence_is_ordered(fresh(request))
        with pytest.raises(Refused, match="does not confirm"):
            services.confirm_end(request, by=counsel)
        services.confirm_end(request, by=second_counsel)
    assert not services.silence_is_ordered(fresh(request))
    assert not cases.is_hidden(request.case)
    assert not any(_task(kind, request) for kind in ("end_of_silence", "confirm_end_of_silence"))


def test_ndo_02_a_clock_that_is_wrong_by_a_day_ends_nothing(
    silenced: File, counsel: User, second_counsel: User
) -> None:
    request = silenced()
    early = ENDS - timedelta(hours=23)
    _run(early + timedelta(days=1))
    assert _task("end_of_silence", request)
    with clock.frozen(early):
        assert services.silence_is_ordered(fresh(request))
        with pytest.raises(Refused, match="last day is not over"):
            services.propose_end(request, by=counsel, end="expired", because=WORKED)
    with clock.frozen(early + timedelta(days=1)):
        services.propose_end(request, by=counsel, end="expired", because=WORKED)
    with clock.frozen(early), pytest.raises(Refused, match="last day is not over"):
        services.confirm_end(request, by=second_counsel)
    assert services.silence_is_ordered(fresh(request))


def test_ndo_02_one_person_ends_no_order_in_the_database_either(silenced: File, counsel: User) -> None:
    request = silenced()
    services.propose_end(request, by=counsel, end="lifted", because="The court took it back.")
    rows = Silence.objects.filter(request=request)
    for said in ({"ended_by": counsel, "ended_at": clock.now()}, {"ended_at": clock.now()}):
        with pytest.raises(IntegrityError, match="silence_ended_by_two"), transaction.atomic():
            rows.update(**said)


def test_who_does_not_keep_silence_neither_renews_nor_ends_it(silenced: File, liaison: User) -> None:
    request = silenced()
    with pytest.raises(NotPermitted):
        services.propose_end(request, by=liaison, end="lifted", because=WORKED)
    with pytest.raises(NotPermitted):
        services.renew_order(request, by=liaison, until=None, because="-")


def test_an_order_that_is_renewed_is_spoken_of_anew(silenced: File, counsel: User) -> None:
    request = silenced()
    for moment in (FIRST, LAST):
        _run(moment)
    with pytest.raises(InvalidInput):
        services.renew_order(request, by=counsel, until=UNTIL, because="Served today.")
    with clock.frozen(LAST + timedelta(days=1)):
        services.renew_order(request, by=counsel, until=date(2027, 9, 30), because="Served today.")
    assert not _task("send_silence_reminder", request)
    _run(OVER)
    assert not _task("end_of_silence", request)
    _run(datetime(2027, 8, 31, 6, 0, tzinfo=UTC))
    assert len(_letters(request)) == 3


def test_an_order_that_is_served_later_hides_the_case_from_then_on(
    accepted: File, counsel: User, senior_reviewer: User
) -> None:
    request = services.give_notice(accepted(), by=counsel)
    assert selectors.visible_to(senior_reviewer).exists()
    services.record_order(request, by=counsel, until=UNTIL, because="Served by the clerk today.")
    assert not selectors.visible_to(senior_reviewer).exists()
    assert services.keep_silent(request, by=counsel).state == "non_disclosure"
    with pytest.raises(Conflict):
        services.record_order(request, by=counsel, until=UNTIL, because="Again.")


def test_what_they_supply_later_does_not_drop_an_order(silenced: File, liaison: User, counsel: User) -> None:
    request = silenced(offence="")
    services.attach_scan(request, by=liaison, content=io.BytesIO(b"Order"), filename="order.pdf")
    services.verify_requester(request, by=liaison, how="The watch desk, on our number.")
    services.docket(request, by=liaison)
    services.check_validity(request, by=liaison, addressed_right=True)
    services.return_deficient(request, by=counsel)
    less = (
        {"non_disclosure": False, "non_disclosure_until": None},
        {"non_disclosure_until": date(2026, 9, 1)},
    )
    for said in less:
        with pytest.raises(Refused, match="two people"):
            services.amend(request, by=liaison, **said)
    services.amend(request, by=liaison, non_disclosure_until=date(2027, 9, 1))
    assert Silence.objects.get(request=request).check_at == datetime(2027, 8, 2, 6, 0, tzinfo=UTC)


def _clock(request: DataRequest) -> Deadline:
    return cases.deadlines_of(request.case).get(about=request.origin)


def test_a_default_clock_stands_still_until_they_answer_a_deficiency(
    looked_at: File, counsel: User, liaison: User
) -> None:
    request = looked_at(offence="", return_on=None)
    due = request.due_at
    assert due is not None
    assert _clock(request).code == "us.return-default"
    now = clock.now()
    services.return_deficient(request, by=counsel)
    assert _clock(request).state == "paused"
    with clock.frozen(now + timedelta(days=10)):
        amended = services.amend(request, by=liaison, offence="Stalking")
    assert _clock(request).state == "running"
    assert amended.due_at == due + timedelta(days=10)


def test_a_return_date_does_not_stand_still_and_takes_the_place_of_a_default(
    looked_at: File, counsel: User, liaison: User
) -> None:
    request, _ = services.return_deficient(looked_at(offence=""), by=counsel)
    assert _clock(request).state == "running"
    other, _ = services.return_deficient(looked_at(offence="", return_on=None), by=counsel)
    services.amend(other, by=liaison, offence="Stalking", return_on=date(2027, 6, 1))
    states = {each.code: each.state for each in cases.deadlines_of(other.case).filter(about=other.origin)}
    assert states == {"us.return-default": "cancelled", "datarequests.return-date": "running"}
