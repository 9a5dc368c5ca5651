"""The desk's pages of who is on call: the week, standing in, the page log, one's own addresses, home."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted
from coordination.oncall import rota, selectors, services
from coordination.oncall.models import Override, Page, Rotation, Schedule
from coordination.oncall.week import week
from tests.doors import SignIn
from tests.oncall.conftest import NOON, page_of
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return services.open_schedule(code="first", name="First call", time_zone="Europe/Berlin", by=None)


def _form(person: User, **more: Any) -> dict[str, Any]:
    told = {"person_1": person.pk, "weekday": 0, "at": "08:00", "days": 7, "begins": "2026-03-02", "layer": 0}
    return {**told, **more}


def test_whoever_keeps_schedules_opens_one_and_puts_people_on_it(
    sign_in: SignIn, duty_officer: User, senior_reviewer: User
) -> None:
    browser = sign_in(duty_officer)
    told = {"name": "Second call", "code": "second", "time_zone": "Europe/Berlin"}
    wrong = browser.post("/admin/oncall/schedule/add/", {**told, "time_zone": "Europe/Nowhere"})
    assert "A time zone is named as in" in wrong.text
    made = browser.post("/admin/oncall/schedule/add/", told)
    assert made["Location"] == "/admin/oncall/schedule/second/change/"
    with clock.frozen(NOON):
        browser.post("/admin/oncall/schedule/second/do/add_rotation/", _form(senior_reviewer))
        assert selectors.on_call("second") == senior_reviewer
        page = browser.get("/admin/oncall/schedule/second/change/").text
        assert "On call now" in page
        assert str(senior_reviewer) in page
        listed = browser.get("/admin/oncall/schedule/").text
    assert str(senior_reviewer) in listed


def test_people_take_turns_in_the_order_that_was_given(
    sign_in: SignIn, administrator: User, cast: Cast, schedule: Schedule
) -> None:
    one, two = cast(Role.SENIOR_REVIEWER, username="one"), cast(Role.SENIOR_REVIEWER, username="two")
    with clock.frozen(NOON):
        sign_in(administrator).post(
            "/admin/oncall/schedule/first/do/add_rotation/", _form(two, person_2=one.pk)
        )
    order = [each.person for each in Rotation.objects.get().members.all()]
    assert order == [two, one]


def test_standing_in_is_in_local_time_has_a_reason_and_ends(
    sign_in: SignIn, duty_officer: User, senior_reviewer: User, schedule: Schedule
) -> None:
    browser, address = sign_in(duty_officer), "/admin/oncall/schedule/first/do/"
    told = {
        "person": senior_reviewer.pk,
        "begins_on": "2026-03-29",
        "begins_at": "00:00",
        "ends_on": "2026-03-30",
        "ends_at": "00:00",
    }
    with clock.frozen(NOON):
        assert "This field is required" in browser.post(f"{address}stand_in/", told).text
        browser.post(f"{address}stand_in/", {**told, "reason": "Ill."})
        made = Override.objects.get()
        # The day of summer time has 23 hours.
        assert made.ends - made.begins == timedelta(hours=23)
        assert "Ill." in browser.get("/admin/oncall/schedule/first/change/").text
        browser.post(f"{address}end_stand_in/", {"target": made.pk})
    made.refresh_from_db()
    assert made.ends == made.begins
    with clock.frozen(datetime(2026, 3, 29, 12, tzinfo=UTC)):
        assert selectors.on_call("first") is None


def test_a_rotation_ends_with_a_hand_over_and_what_was_is_not_changed(
    sign_in: SignIn, duty_officer: User, senior_reviewer: User, schedule: Schedule
) -> None:
    with clock.frozen(NOON):
        row = services.add_rotation(
            schedule,
            people=[senior_reviewer],
            weekday=0,
            at=time(8),
            days=7,
            begins=NOON.date() - timedelta(days=30),
            by=None,
        )
        with pytest.raises(InvalidInput, match="not changed"):
            services.end_rotation(row, on=NOON.date() - timedelta(days=5), by=duty_officer)
        services.end_rotation(row, on=NOON.date() + timedelta(days=1), by=duty_officer)
        assert selectors.on_call("first") == senior_reviewer
    with clock.frozen(NOON + timedelta(days=1)):
        assert selectors.on_call("first") is None


def test_who_does_not_keep_schedules_sees_them_and_changes_none(
    sign_in: SignIn, reviewer: User, schedule: Schedule
) -> None:
    browser = sign_in(reviewer)
    assert browser.get("/admin/oncall/schedule/first/change/").status_code == 200
    assert browser.get("/admin/oncall/schedule/add/").status_code == 403
    assert browser.post("/admin/oncall/schedule/first/do/stand_in/", {}).status_code == 403
    with pytest.raises(NotPermitted):
        services.open_schedule(code="second", name="x", time_zone="UTC", by=reviewer)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"people": []}, "people"),
        ({"days": 0}, "days"),
        ({"days": 61}, "days"),
        ({"weekday": 7}, "weekday"),
        ({"begins": datetime(1, 1, 1, tzinfo=UTC).date()}, "begins"),
    ],
)
def test_a_rotation_that_makes_no_sense_is_refused(
    schedule: Schedule, reviewer: User, change: dict[str, Any], field: str
) -> None:
    told: dict[str, Any] = {"people": [reviewer], "weekday": 0, "at": time(8), "days": 7}
    with pytest.raises(InvalidInput) as refused:
        services.add_rotation(schedule, by=None, **{**told, "begins": NOON.date(), **change})
    assert refused.value.field == field


def test_nobody_outside_the_desk_is_put_on_call(schedule: Schedule, police_officer: User) -> None:
    with pytest.raises(InvalidInput):
        services.stand_in(
            schedule,
            person=police_officer,
            begins=clock.now(),
            ends=clock.now() + timedelta(hours=1),
            reason="x",
            by=None,
        )


def test_a_week_shows_each_day_in_its_parts(reviewer: User) -> None:
    turn = rota.Turn(people=(reviewer.pk,), weekday=2, at=time(8), days=7, begins=NOON.date())
    found = week(rota.Plan(zone="UTC", turns=(turn,)), NOON, {reviewer.pk: reviewer})
    told = [[(part.begins, part.ends, part.person) for part in day.parts] for day in found]
    assert told[0] == [("00:00", "24:00", None)]
    assert told[1] == [("00:00", "08:00", None), ("08:00", "24:00", reviewer)]
    assert told[2:] == [[("00:00", "24:00", reviewer)]] * 5


def test_home_says_who_is_on_call_and_when_that_changes(
    sign_in: SignIn, rota: dict[str, User], reviewer: User, outsider: User
) -> None:
    with clock.frozen(NOON):
        mine = sign_in(rota["first"]).get("/admin/").text
        theirs = sign_in(reviewer).get("/admin/").text
        anybody = sign_in(outsider).get("/admin/").text
    assert "On call now" in mine
    assert "<strong>you</strong>" in mine
    for text in (theirs, anybody):
        assert str(rota["manager"]) in text
        assert "<strong>you</strong>" not in text


def test_who_is_paged_answers_from_home(
    sign_in: SignIn, rota: dict[str, User], task: Any, second: User
) -> None:
    with clock.frozen(NOON):
        opened = task()
        services.climb()
        page, browser = page_of(opened), sign_in(rota["first"])
        assert "You are paged" in browser.get("/admin/").text
        assert "You are paged" not in sign_in(second).get("/admin/").text
        done = browser.post(f"/admin/oncall/page/{page.pk}/do/answer/")
        assert done.status_code == 302
        assert "You are paged" not in browser.get("/admin/").text
    assert page_of(opened).answered_by == rota["first"]


def test_the_page_log_shows_the_way_of_a_page(
    sign_in: SignIn, rota: dict[str, User], task: Any, auditor: User, administrator: User
) -> None:
    with clock.frozen(NOON):
        page = page_of(task())
        services.climb()
        browser = sign_in(auditor)
        log = browser.get(f"/admin/oncall/page/{page.pk}/change/").text
        assert "nobody has answered" in log
        assert "I have it" not in log  # an auditor acts on nothing
        assert browser.get("/admin/oncall/page/").status_code == 200
        # Who sees no case sees that people were paged, too: they keep the schedules.
        assert sign_in(administrator).get(f"/admin/oncall/page/{page.pk}/change/").status_code == 200


def test_a_page_on_a_hidden_case_is_not_there_for_others(
    sign_in: SignIn, rota: dict[str, User], task: Any, administrator: User, counsel: User
) -> None:
    from coordination.cases import services as cases

    opened = task()
    until = clock.now() + timedelta(days=3)
    cases.mark(opened.case, compartment="victim", by=counsel, reason="Asked for.", until=until)
    page = Page.objects.get()
    for person in (administrator, rota["first"]):
        assert sign_in(person).get(f"/admin/oncall/page/{page.pk}/change/").status_code == 404
    assert sign_in(counsel).get(f"/admin/oncall/page/{page.pk}/change/").status_code == 200


class TestOwnWays:
    """One adds, verifies and takes out one's own addresses, and nobody else's."""

    def test_the_whole_way(self, sign_in: SignIn, reviewer: User, mailoutbox: list[Any]) -> None:
        browser = sign_in(reviewer)
        assert "You cannot be reached" in browser.get("/account/ways/").text
        told = {"do": "add", "way": "email", "address": "me@lanternchat.example"}
        assert browser.post("/account/ways/", told).status_code == 302
        way = selectors.ways_of(reviewer).get()
        wrong = browser.post("/account/ways/", {"do": "confirm", "way_id": way.pk, "code": "1"})
        assert "This is not the code" in wrong.text
        browser.post("/account/ways/", {"do": "send", "way_id": way.pk})
        code = mailoutbox[-1].body.partition("address is ")[2][:7]
        browser.post("/account/ways/", {"do": "confirm", "way_id": way.pk, "code": code})
        assert selectors.is_reachable(reviewer)
        browser.post("/account/ways/", {"do": "remove", "way_id": way.pk})
        assert not selectors.ways_of(reviewer).exists()

    def test_what_is_no_address_is_said_at_its_field(self, sign_in: SignIn, reviewer: User) -> None:
        answer = sign_in(reviewer).post("/account/ways/", {"do": "add", "way": "sms", "address": "1"})
        assert "with its country" in answer.text

    def test_the_way_of_another_is_as_if_missing(self, sign_in: SignIn, reviewer: User, first: User) -> None:
        theirs = selectors.ways_of(first).get()
        for pk in (theirs.pk, 987654321, "x"):
            answer = sign_in(reviewer).post("/account/ways/", {"do": "remove", "way_id": pk})
            assert "There is no such record" in answer.text
        assert selectors.ways_of(first).exists()

    def test_nobody_who_is_not_signed_in(self, client: Any) -> None:
        assert client.get("/account/ways/")["Location"].startswith("/account/login/")
