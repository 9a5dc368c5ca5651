"""What somebody who never saw the desk has to find on its pages without asking."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from coordination.access.markup import when
from coordination.access.services import Role, User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.outbox import selectors as outbox
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.triage import services as triage
from tests.desk.conftest import Things
from tests.doors import SignIn
from tests.people import Cast, Glass
from tests.referrals.conftest import DRAFT, FACT, ITEM
from tests.triage.conftest import FOUND
from tests.world import DestinationOf

pytestmark = pytest.mark.django_db(transaction=True)
CODES = (
    r"\b(?:in_review|user_report|refer_police|claimed_by_user|own_assessment|imminent_threat|us_government)\b"
)


def page(browser: Any, address: str) -> str:
    """Return a page as markup."""
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def text(markup: str) -> str:
    """Return what is read on a page, without attributes."""
    return re.sub(r"\s+", " ", strip_tags(markup))


def referral_page(referral: Any) -> str:
    return reverse("admin:referrals_referral_change", args=[referral.reference])


def filed_by(person: User, things: Things) -> Any:
    referral = services.file(things.case, by=person, **DRAFT)
    services.add_item(referral, by=person, **ITEM)
    services.add_fact(referral, by=person, **FACT)
    services.add_addressee(referral, by=person, destination=things.draft.addressees.get().destination)
    return services.submit(referral, by=person)


def test_a_review_waits_on_the_page_of_all_who_may_approve_and_not_of_its_filer(
    things: Things, cast: Cast, duty_officer: User, sign_in: SignIn
) -> None:
    own = filed_by(duty_officer, things)
    for role in (Role.SENIOR_REVIEWER, Role.COUNSEL, Role.DUTY_COUNSEL, Role.DUTY_OFFICER):
        home = page(sign_in(cast(role, username=f"another_{role}")), "/admin/")
        waiting = home.partition('id="waiting"')[2].partition("</section>")[0]
        assert things.in_review.reference in waiting, role
        assert own.reference in waiting, role
    home = page(sign_in(duty_officer), "/admin/")
    waiting = home.partition('id="waiting"')[2].partition("</section>")[0]
    assert things.in_review.reference in waiting
    assert own.reference not in waiting


def test_home_says_what_falls_due_today_and_who_of_the_team_has_what(
    things: Things, high_flag: Any, cast: Cast, senior_reviewer: User, sign_in: SignIn
) -> None:
    assert case_selectors.open_task("triage_senior", high_flag.origin) is not None
    colleague = cast(Role.SENIOR_REVIEWER, username="colleague")
    with clock.frozen(datetime(2026, 11, 24, 9, tzinfo=UTC)):
        due = datetime(2026, 11, 24, 17, tzinfo=UTC)
        cases.start_deadline(things.case, code="x", title="Ask the county", citation="Own policy", due_at=due)
        task = case_selectors.open_task("approve_referral", things.in_review.origin)
        assert task is not None
        cases.take_task(task, by=colleague)
        home = page(sign_in(senior_reviewer), "/admin/")
    today = home.partition('id="today"')[2].partition("</section>")[0]
    assert "Ask the county" in today
    team = home.partition('id="team"')[2].partition("</section>")[0]
    assert str(colleague) in team
    assert "taken by nobody" in team


def test_home_says_how_many_cases_it_leaves_out_and_leads_to_them(
    liaison: User, sign_in: SignIn, packs: None
) -> None:
    for number in range(9):
        cases.open_case(f"Case {number}", by=None, priority="normal", accounts=[f"a{number}"])
    home = page(sign_in(liaison), "/admin/")
    assert "8 newest of 9" in text(home)
    assert reverse("admin:cases_case_changelist") in home.partition('id="cases"')[2]


def test_two_recipients_of_one_name_are_told_apart(
    things: Things, second_agency: Agency, destination_of: DestinationOf, liaison: User, sign_in: SignIn
) -> None:
    destination_of(second_agency)
    options = re.findall(
        r"<option[^>]*>([^<]+)</option>", page(sign_in(liaison), referral_page(things.draft))
    )
    found = [each for each in options if each.startswith(second_agency.name)]
    assert len(found) == 1
    assert second_agency.identifier in found[0]
    assert second_agency.country in found[0]
    assert "Signed webhook" in found[0]


def test_a_basis_that_is_not_for_the_category_is_refused_where_it_is_chosen(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    before = things.draft.items.count()
    address = reverse("admin:referrals_referral_do", args=[things.draft.reference, "add_item"])
    said = sign_in(liaison).post(
        address, {**ITEM, "category": "payment", "basis": "us.2702b8", "chosen": "on"}
    )
    assert "This basis is not for means of payment to US government." in text(said.content.decode())
    assert "18 USC 2702(c)(4)" in said.content.decode()
    assert things.draft.items.count() == before


def test_a_time_is_not_taken_without_its_zone_and_is_kept_in_utc(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    browser = sign_in(liaison)
    address = reverse("admin:referrals_referral_do", args=[things.draft.reference, "add_item"])
    values = {**ITEM, "title": "Night", "chosen": "on", "occurred_at": "2026-03-06T23:12:30"}
    said = browser.post(address, values)
    assert "A time needs its zone." in text(said.content.decode())
    assert "Night" not in [each.title for each in things.draft.items.all()]
    browser.post(address, {**values, "occurred_zone": "America/Denver"})
    [kept] = [each for each in things.draft.items.all() if each.title == "Night"]
    assert kept.occurred_at == datetime(2026, 3, 7, 6, 12, 30, tzinfo=UTC)
    assert kept.occurred_zone == "America/Denver"
    shown = text(page(browser, referral_page(things.draft)))
    assert "2026-03-06 23:12:30 MST (America/Denver) 2026-03-07 06:12 UTC" in shown


def test_a_time_that_the_clocks_left_out_is_refused(things: Things, liaison: User, sign_in: SignIn) -> None:
    address = reverse("admin:referrals_referral_do", args=[things.draft.reference, "add_item"])
    values = {**ITEM, "chosen": "on", "occurred_at": "2026-03-08T02:30", "occurred_zone": "America/Denver"}
    assert "did not exist" in sign_in(liaison).post(address, values).content.decode()


@pytest.fixture
def high_flag(things: Things, platform_system: User) -> Any:
    """A flag on a case of its own."""
    flag, _ = triage.receive(
        by=platform_system,
        external_id="f-2",
        source="user_report",
        category="imminent_threat",
        content="Tomorrow at the bus stop.",
        content_at=datetime(2026, 3, 6, 23, 9, 41, tzinfo=UTC),
        content_zone="America/Denver",
        account="acct-2",
        provenance="claimed_by_user",
    )
    return flag


def test_an_item_is_taken_from_the_flag_with_its_time_and_leads_back(
    high_flag: Any, liaison: User, sign_in: SignIn
) -> None:
    draft = services.file(high_flag.case, by=liaison, **DRAFT)
    browser = sign_in(liaison)
    plain = page(browser, referral_page(draft))
    assert "Tomorrow at the bus stop." not in plain
    assert f"?take={high_flag.pk}" in plain
    taken = page(browser, f"{referral_page(draft)}?take={high_flag.pk}")
    assert "Tomorrow at the bus stop.</textarea>" in taken
    assert 'value="2026-03-06T16:09:41"' in taken
    assert re.search(r'<option value="America/Denver" selected>', taken)
    assert re.search(r'<option value="claimed_by_user" selected>', taken)
    services.add_item(
        draft,
        by=liaison,
        **{**ITEM, "content": "Tomorrow at the bus stop."},
        occurred_at=high_flag.content_at,
    )
    after = page(browser, referral_page(draft))
    assert f"?take={high_flag.pk}" not in after
    assert reverse("admin:triage_flag_change", args=[high_flag.pk]) in after


def test_a_flag_of_another_case_is_not_taken(
    things: Things, high_flag: Any, liaison: User, sign_in: SignIn
) -> None:
    assert "bus stop" not in page(sign_in(liaison), f"{referral_page(things.draft)}?take={high_flag.pk}")


def test_a_flag_says_who_decides_and_offers_what_the_reader_may(
    high_flag: Any, reviewer: User, senior_reviewer: User, sign_in: SignIn
) -> None:
    address = reverse("admin:triage_flag_change", args=[high_flag.pk])
    for_reviewer = page(sign_in(reviewer), address)
    assert str(senior_reviewer) in text(for_reviewer)
    assert 'href="#decide"' not in for_reviewer
    assert "/do/decide/" not in for_reviewer
    assert "File a referral on this case" in for_reviewer
    for_senior = page(sign_in(senior_reviewer), address)
    assert 'href="#decide"' in for_senior
    assert "you may take it" in text(for_senior)


def test_what_may_distress_is_covered_until_it_is_opened(
    high_flag: Any, senior_reviewer: User, sign_in: SignIn
) -> None:
    browser = sign_in(senior_reviewer)
    shown = page(browser, reverse("admin:triage_flag_change", args=[high_flag.pk]))
    assert "Tomorrow at the bus stop." not in shown
    assert "Show content: may distress" in text(shown)
    opened = reverse("admin:triage_flag_content", args=[high_flag.pk])
    assert f'href="{opened}#flagged"' in shown
    assert "Tomorrow at the bus stop." in page(browser, opened)


def test_utc_stands_beside_local_time_to_be_read() -> None:
    moment = datetime(2026, 3, 7, 6, 12, 30, tzinfo=UTC)
    with timezone.override("America/Denver"):
        assert text(when(moment)) == "2026-03-06 23:12 MST 2026-03-07 06:12 UTC"
        assert text(when(moment, seconds=True)).startswith("2026-03-06 23:12:30 MST")
        assert text(when(moment, "Europe/Berlin")).endswith("2026-03-07 07:12 CET with them")
    with timezone.override("UTC"):
        assert text(when(moment)) == "2026-03-07 06:12 UTC"


def test_no_code_stands_where_a_word_should(
    things: Things, high_flag: Any, senior_reviewer: User, liaison: User, sign_in: SignIn
) -> None:
    triage.decide(
        high_flag,
        by=senior_reviewer,
        outcomes=["refer_police"],
        reasons="Target, means and timing.",
        reopens_when="Anything new.",
        assessment=FOUND,
    )
    delivery = outbox.deliveries_of(things.approved.origin).get()
    browser = sign_in(senior_reviewer)
    for address in (
        *("/admin/", "/admin/cases/case/", "/admin/triage/flag/", "/admin/referrals/referral/"),
        *("/admin/outbox/delivery/", "/admin/inbox/inboundmessage/"),
        reverse("admin:cases_case_change", args=[high_flag.case.reference]),
        reverse("admin:cases_case_change", args=[things.case.reference]),
        reverse("admin:triage_flag_change", args=[high_flag.pk]),
        reverse("admin:outbox_delivery_change", args=[delivery.pk]),
        referral_page(things.draft),
    ):
        # The law's own word for somebody who was written to stands in the list of bases.
        read = text(re.sub(r"<select.*?</select>", "", page(browser, address), flags=re.DOTALL))
        assert not re.findall(CODES, read), address
        assert "ddressee" not in read, address


def test_the_case_timeline_shows_seconds(things: Things, senior_reviewer: User, sign_in: SignIn) -> None:
    shown = page(sign_in(senior_reviewer), reverse("admin:cases_case_change", args=[things.case.reference]))
    timeline = shown.partition('class="timeline"')[2].partition("</ol>")[0]
    assert re.search(r"\d\d:\d\d:\d\d UTC", text(timeline))


def test_approval_by_one_person_says_before_what_follows_and_after_what_is_open(
    things: Things, duty_officer: User, senior_reviewer: User, sign_in: SignIn, break_glass: Glass
) -> None:
    own = filed_by(duty_officer, things)
    break_glass(duty_officer)
    address = reverse("admin:referrals_referral_review", args=[own.reference])
    shown = text(page(sign_in(duty_officer), address))
    for said in (
        "cannot be called back",
        "alerted at once with your name and your reason",
        "another person reviews it, by",
        "until then it cannot be closed",
        str(senior_reviewer),
    ):
        assert said in shown, said
    digests = {each.pk: each.message.digest for each in selectors.addressees_of(own) if each.message}
    services.approve(own, by=duty_officer, digests=digests, break_glass=True, reason="Nobody answered.")
    after = text(page(sign_in(senior_reviewer), referral_page(own)))
    assert "Approved by one person, in an emergency" in after
    assert "Nobody answered." in after
    assert "Review the emergency approval" in after


def test_a_task_is_offered_to_be_taken_only_to_who_may_take_it(
    things: Things, liaison: User, duty_officer: User, sign_in: SignIn
) -> None:
    address = reverse("admin:cases_case_change", args=[things.case.reference])
    task = case_selectors.open_task("approve_referral", things.in_review.origin)
    assert task is not None

    def offered(reader: User) -> bool:
        forms = page(sign_in(reader), address).split("<form")
        return any("do/take_task/" in form and f'value="{task.pk}"' in form for form in forms)

    assert offered(duty_officer)
    assert not offered(liaison)


def test_all_that_is_wrong_with_a_draft_is_said_at_once_each_at_its_field(
    things: Things, liaison: User, sign_in: SignIn
) -> None:
    address = f"{reverse('admin:referrals_referral_add')}?case={things.case.reference}"
    said = sign_in(liaison).post(
        address, {"title": "T", "priority": "P0", "feared": "F", "why_suspicious": "W", "another": "on"}
    )
    assert said.status_code == 200
    wrong = re.findall(r'class="field field-wrong">.*?name="(\w+)"', said.content.decode(), re.DOTALL)
    assert {"danger_to_life", "danger_reason"} & set(wrong)


def test_filters_of_lists_speak_in_words(
    things: Things, cast: Cast, administrator: User, sign_in: SignIn
) -> None:
    cast(Role.SENIOR_REVIEWER, username="somebody")
    for address in ("/admin/access/user/", "/admin/partners/destination/"):
        filters = page(sign_in(administrator), address).partition('id="changelist-filter"')[2]
        assert "_" not in text(filters.partition("</nav>")[0]), address


def test_a_task_and_its_clock_are_one_line_of_today(things: Things, liaison: User, sign_in: SignIn) -> None:
    due = clock.now().replace(hour=23, minute=59, second=59)
    cases.start_deadline(
        things.case, code="x", title="Ask them", citation="Own policy", due_at=due, about="x.y:1"
    )
    cases.open_task(
        things.case, kind="k", title="Ask them now", role=Role.SAFETY_LIAISON, about="x.y:1", due_at=due
    )
    today = page(sign_in(liaison), "/admin/").partition('id="today"')[2].partition("</section>")[0]
    assert today.count("Ask them") == 1
