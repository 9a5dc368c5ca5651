"""Telling the user: by two people and a letter, before disclosure or afterwards, and never under an order."""

import io
from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.datarequests import jobs, services
from coordination.datarequests.models import DataRequest
from coordination.datarequests.services import UserNotice
from coordination.evidence import services as evidence
from tests.datarequests.conftest import MINE, File, Tell, fresh
from tests.people import Cast

UNTIL = date(2027, 3, 31)


@pytest.fixture
def second_counsel(cast: Cast) -> User:
    """Approves what counsel wrote."""
    return cast(Role.COUNSEL, username="second_counsel")


@pytest.fixture
def out(signed: File, custodian: User) -> File:
    """Make a request that was produced, of which nobody told the user."""

    def make(**said: object) -> DataRequest:
        request = signed(**said)
        services.produce(request, by=custodian)
        return fresh(request)

    return make


@pytest.fixture
def window(accepted: File, counsel: User) -> File:
    """Make a request of which the user is told first."""
    return lambda **said: services.give_notice(accepted(**said), by=counsel)


def _asked(kind: str, request: DataRequest) -> bool:
    return cases.open_task(kind, request.origin) is not None


def _owed(request: DataRequest) -> list[tuple[str, str]]:
    rows = cases.deadlines_of(request.case).filter(about=request.origin, code="us.delayed-notice")
    return [(each.state, each.citation) for each in rows]


def _words(notice: UserNotice) -> str:
    assert notice.letter is not None
    pages = PdfReader(io.BytesIO(b"".join(evidence.content(notice.letter)))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_window_is_seven_days_from_when_the_user_was_told(window: File, tell: Tell) -> None:
    request = window()
    assert request.notice_until is None
    with clock.frozen(datetime.fromisoformat("2027-03-10T18:00:00+00:00")):
        notice = tell(request)
    assert (notice.kind, notice.state) == ("before", "told")
    # Seven days on, at the end of the day in Denver, where summer time began in between.
    assert fresh(request).notice_until == datetime.fromisoformat("2027-03-18T05:59:59+00:00")


def test_the_letter_says_who_asks_for_what_and_names_no_account(window: File, counsel: User) -> None:
    request = window(accounts=[MINE, ("user_id", "u-8")])
    words = _words(services.prepare_notice(request, by=counsel))
    for said in (
        request.reference,
        request.agency.name,
        "subscriber, sessions, payment",
        "A copy of the process",
    ):
        assert said in words
    for kept in (MINE[1], "u-8", "Reyes", request.offence):
        assert kept not in words


def test_what_a_court_sealed_is_not_enclosed(window: File, counsel: User) -> None:
    request = window(is_sealed=True)
    words = _words(services.prepare_notice(request, by=counsel))
    assert "may not enclose" in words
    assert request.court not in words


def test_who_wrote_a_notice_does_not_approve_it_and_the_other_approves_that_letter(
    window: File, counsel: User, second_counsel: User
) -> None:
    notice = services.prepare_notice(window(), by=counsel)
    assert notice.letter is not None
    digest = notice.letter.sha256
    with pytest.raises(Refused, match="does not approve"):
        services.approve_notice(notice, by=counsel, digest=digest)
    with pytest.raises(Conflict):
        services.approve_notice(notice, by=second_counsel, digest="0" * 64)
    with pytest.raises(IllegalTransition):
        services.tell_user(notice, by=counsel, how="-")
    with pytest.raises(IntegrityError, match="usernotice_two_people"), transaction.atomic():
        UserNotice.objects.filter(pk=notice.pk).update(state="approved", approved_by=counsel)
    assert services.approve_notice(notice, by=second_counsel, digest=digest).state == "approved"


def test_after_an_emergency_notice_is_delayed_and_not_dropped(
    accepted: File, out: File, counsel: User, tell: Tell
) -> None:
    emergency = accepted(process="emergency")
    with pytest.raises(Refused, match="delayed"):
        services.give_notice(emergency, by=counsel)
    request = out()
    assert _owed(request) == [("running", "Platform default; after 18 USC 2705(a)")]
    assert _asked("prepare_notice", request)
    services.deliver(request, by=counsel)
    services.close(request, by=counsel, closure="produced_in_full")
    assert _asked("prepare_notice", request)
    notice = tell(request)
    assert notice.kind == "delayed"
    assert "was disclosed" in _words(notice)
    assert _owed(request)[0][0] == "met"


def test_nothing_is_owed_where_the_user_was_told_before(window: File, tell: Tell) -> None:
    request = window()
    tell(request)
    services.owe_notice(request, by=None)
    assert _owed(request) == []


@pytest.mark.parametrize("bar", ["child_safety", "life"])
def test_counsel_withholds_it_where_a_child_s_safety_or_a_life_forbids_it(
    out: File, counsel: User, senior_reviewer: User, bar: str
) -> None:
    request = out()
    why = "He would find out who spoke, and she lives with him."
    with pytest.raises(InvalidInput):
        services.withhold_notice(request, by=counsel, bar="inconvenient", because=why)
    with pytest.raises(NotPermitted):
        services.withhold_notice(request, by=senior_reviewer, bar=bar, because=why)
    notice = services.withhold_notice(request, by=counsel, bar=bar, because=why)
    assert not _asked("prepare_notice", request)
    assert _owed(request)[0][0] == "cancelled"
    with pytest.raises(Conflict):
        services.prepare_notice(request, by=counsel)
    services.drop_notice(notice, by=counsel, because="She moved away.")
    assert _asked("prepare_notice", request)


def _written(request: DataRequest, counsel: User) -> UserNotice:
    return services.prepare_notice(request, by=counsel)


def _approved(request: DataRequest, counsel: User) -> UserNotice:
    notice = services.prepare_notice(request, by=counsel)
    assert notice.letter is not None
    second = User.objects.get(username="second_counsel")
    return services.approve_notice(notice, by=second, digest=notice.letter.sha256)


@pytest.mark.parametrize("stage", [_written, _approved])
def test_ndo_01_an_order_that_comes_in_between_stops_what_was_written(
    window: File, counsel: User, second_counsel: User, stage: Callable[..., UserNotice]
) -> None:
    request = window()
    notice = stage(request, counsel)
    assert notice.letter is not None
    services.record_order(request, by=counsel, until=UNTIL, because="Served by the clerk.")
    notice.refresh_from_db()
    assert notice.state == "dropped"
    about = f"{request.origin}@notice"
    assert not any(_asked(kind, request) for kind in ("prepare_notice", "approve_notice"))
    assert cases.open_task("give_user_notice", about) is None
    for deed in (
        lambda: services.approve_notice(notice, by=second_counsel, digest=notice.letter.sha256),
        lambda: services.tell_user(notice, by=counsel, how="By e-mail."),
    ):
        with pytest.raises(IllegalTransition):
            deed()
    with pytest.raises(Refused, match="order stands"):
        services.prepare_notice(request, by=counsel)


def test_ndo_02_what_left_under_an_order_is_told_only_by_people_after_two_found_that_it_ended(
    out: File, counsel: User, second_counsel: User, tell: Tell
) -> None:
    request = out()
    services.record_order(request, by=counsel, until=UNTIL, because="Served by the clerk.")
    assert not _asked("prepare_notice", request)
    with clock.frozen(datetime.fromisoformat("2027-04-01T06:00:00+00:00")):
        jobs.follow(0)
        assert not _asked("prepare_notice", request)
        services.propose_end(request, by=counsel, end="expired", because="Its own date.")
        with pytest.raises(Refused, match="order stands"):
            services.prepare_notice(request, by=second_counsel)
        services.confirm_end(request, by=second_counsel)
        assert _asked("prepare_notice", request)
        assert not UserNotice.objects.filter(request=request, state="told").exists()
        tell(request)
    assert UserNotice.objects.get(request=request, state="told").kind == "delayed"


@pytest.mark.parametrize("process", ["preservation", "protective_order"])
def test_nobody_is_told_where_nothing_leaves(accepted: File, counsel: User, process: str) -> None:
    request = accepted(process=process, categories=[])
    for deed in (services.give_notice, services.keep_silent):
        with pytest.raises(Refused, match="Nothing leaves"):
            deed(request, by=counsel)
