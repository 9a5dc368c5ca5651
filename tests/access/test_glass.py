"""Break-glass: one person alone, for an hour, before the eyes of two others, and reviewed by another."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from coordination.access import selectors, services
from coordination.access.models import User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, NotPermitted, Refused
from coordination.desk.templatetags.desk import record_url
from coordination.ledger import selectors as ledger
from coordination.ledger import services as entries
from tests.doors import SignIn, signed_in
from tests.people import Glass

WHY = "A bomb threat against a school, and nobody answers."
ADD = "/admin/access/breakglass/add/"


@pytest.fixture
def others(counsel: User, senior_reviewer: User) -> list[User]:
    """Give two others an address."""
    for each in (counsel, senior_reviewer):
        each.email = f"{each.username}@lanternchat.example"
        each.save(update_fields=["email"])
    return [counsel, senior_reviewer]


def test_ins_two_others_are_alerted_at_once_without_personal_data(
    duty_officer: User, others: list[User], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        glass = services.open_break_glass(by=duty_officer, reason=WHY)
    assert [each.to for each in mail.outbox] == [[each.email] for each in others]
    for each in mail.outbox:
        said = f"{each.subject} {each.body}"
        assert glass.reference in said
        assert not any(word in said for word in ("Dario", "Quist", "bomb", "school", duty_officer.username))
    for person in others:
        [alert] = [each for each in cases.waiting_for(person) if each.kind == "glass_opened"]
        assert (alert.priority, alert.assignee) == ("P0", person)
        assert WHY in alert.instructions
    entry = ledger.entries_about(glass.reference).last()
    assert entry is not None
    assert entry.data["details"]["alerted"] == [each.pk for each in others]


def test_the_alerts_lead_to_its_page_and_end_with_the_review(duty_officer: User, others: list[User]) -> None:
    glass = services.open_break_glass(by=duty_officer, reason=WHY)
    for person in others:
        [alert] = [each for each in cases.waiting_for(person) if each.kind == "glass_opened"]
        address = record_url(alert.about)
        assert signed_in(person).get(address)["Location"].endswith(f"/breakglass/{glass.reference}/change/")
    services.end_break_glass(glass, by=duty_officer)
    services.review_break_glass(glass, by=others[0], outcome="It was right.")
    kinds = {each.kind for person in others for each in cases.waiting_for(person)}
    assert not kinds & {"glass_opened", "glass_review"}


def test_mail_that_fails_keeps_nobody_waiting(
    duty_officer: User, others: list[User], django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with django_capture_on_commit_callbacks(execute=True):
        glass = services.open_break_glass(by=duty_officer, reason=WHY)
    assert glass.is_open


def test_it_does_not_open_unseen(duty_officer: User, counsel: User) -> None:
    with pytest.raises(Refused) as caught:
        services.open_break_glass(by=duty_officer, reason=WHY)
    assert caught.value.rule == "access.break-glass-alerts-two"


def test_it_takes_the_permission_and_a_reason(duty_officer: User, others: list[User]) -> None:
    with pytest.raises(NotPermitted):
        services.open_break_glass(by=others[1], reason=WHY)
    with pytest.raises(InvalidInput) as caught:
        services.open_break_glass(by=duty_officer, reason=" ")
    assert caught.value.field == "reason"


def test_it_lasts_an_hour_and_can_be_ended_before(duty_officer: User, break_glass: Glass) -> None:
    glass = break_glass(duty_officer)
    assert services.glass_of(duty_officer) == glass
    with clock.frozen(glass.opened_at + timedelta(minutes=60)), pytest.raises(Refused):
        services.glass_of(duty_officer)
    services.end_break_glass(glass, by=duty_officer)
    with pytest.raises(Refused):
        services.glass_of(duty_officer)
    with pytest.raises(Conflict):
        services.end_break_glass(glass, by=duty_officer)


def test_who_may_review_may_end_it_and_others_not(
    duty_officer: User, liaison: User, others: list[User]
) -> None:
    glass = services.open_break_glass(by=duty_officer, reason=WHY)
    with pytest.raises(NotPermitted):
        services.end_break_glass(glass, by=liaison)
    assert not services.end_break_glass(glass, by=others[0]).is_open


def test_ins_every_deed_under_it_is_marked_and_no_other(
    duty_officer: User, liaison: User, others: list[User]
) -> None:
    def deed(by: User) -> dict[str, Any]:
        return dict(entries.record("test.done", subject="C-1", by=by).data["details"])

    before = deed(duty_officer)
    glass = services.open_break_glass(by=duty_officer, reason=WHY)
    assert deed(duty_officer) == {"under_break_glass": glass.reference}
    assert deed(liaison) == {}
    services.end_break_glass(glass, by=duty_officer)
    assert (before, deed(duty_officer)) == ({}, {})


def test_ins_somebody_else_reviews_it_and_until_then_there_is_no_second(
    duty_officer: User, others: list[User]
) -> None:
    glass = services.open_break_glass(by=duty_officer, reason=WHY)
    task = cases.open_task("glass_review", glass.origin)
    assert task is not None
    with pytest.raises(Refused, match="still open"):
        services.review_break_glass(glass, by=others[0], outcome="Right.")
    services.end_break_glass(glass, by=duty_officer)
    with pytest.raises(Refused, match="not reviewed"):
        services.open_break_glass(by=duty_officer, reason=WHY)
    with pytest.raises(Refused, match="Somebody else"):
        services.review_break_glass(glass, by=duty_officer, outcome="I was right.")
    with pytest.raises(Refused, match="own page"):
        case_services.complete_task(task, by=others[1], outcome="Fine.")
    services.review_break_glass(glass, by=others[0], outcome="It could not wait.")
    assert cases.open_task("glass_review", glass.origin) is None
    with pytest.raises(Conflict):
        services.review_break_glass(glass, by=others[1], outcome="Again.")
    assert services.open_break_glass(by=duty_officer, reason=WHY) == selectors.open_glass_of(duty_officer)


def test_it_is_opened_shown_on_every_page_ended_and_reviewed_on_the_desk(
    duty_officer: User, others: list[User], sign_in: SignIn
) -> None:
    browser = sign_in(duty_officer)
    assert "60 minutes" in browser.get(ADD).content.decode()
    page = browser.post(ADD, {"reason": WHY}).headers["Location"]
    glass = selectors.open_glass_of(duty_officer)
    assert glass is not None
    for address in ("/admin/", "/admin/cases/case/", page):
        assert f"{glass.reference}: end it" in browser.get(address).content.decode()
    counsels = sign_in(others[0])
    assert "end it</a>" not in counsels.get("/admin/").content.decode()
    browser.post(page.replace("change/", "do/end/"))
    assert "end it</a>" not in browser.get("/admin/").content.decode()
    browser.post(page.replace("change/", "do/review/"), {"outcome": "Fine."})
    counsels.post(page.replace("change/", "do/review/"), {"outcome": "It could not wait."})
    glass.refresh_from_db()
    assert glass.reviewed_by == others[0]


def test_others_open_nothing(liaison: User, sign_in: SignIn) -> None:
    assert sign_in(liaison).get(ADD).status_code == 403


def test_a_session_that_showed_its_factor_long_ago_opens_none(
    duty_officer: User, others: list[User], sign_in: SignIn
) -> None:
    services.give_totp(duty_officer)
    browser = sign_in(duty_officer)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        answer = browser.post(ADD, {"reason": WHY})
    assert (answer.status_code, WHY in answer.content.decode()) == (403, True)
    assert selectors.open_glass_of(duty_officer) is None
