"""Keeping accounts for an authority: a term, one extension by another request, then deletion."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.models import Case
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, NotFound, NotPermitted, Refused
from coordination.datarequests import jobs, selectors, services
from coordination.datarequests.models import DataRequest, Production, ProductionItem
from coordination.datarequests.preservationmodels import RequestedPreservation
from coordination.evidence import selectors as exhibits
from coordination.evidence import services as evidence
from coordination.ledger import selectors as ledger
from coordination.partners.services import Officer
from coordination.restrictions import selectors as restrictions
from coordination.restrictions import services as restricting
from coordination.restrictions.models import Command, Restriction
from tests.datarequests.conftest import File, Keep, first_account, fresh

ACCOUNT = "acct-7731"
DAY = timedelta(days=1)
# A moment after which every term below is counted, at noon in Denver.
NOON = datetime.fromisoformat("2027-01-10T19:00:00+00:00")


@pytest.fixture
def asked(accepted: File, custodian: User) -> File:
    """Make an accepted preservation request, its account known."""

    def make(**said: Any) -> DataRequest:
        request = accepted(process="preservation", categories=[], **said)
        services.offer_candidates(first_account(request), by=custodian, candidates=[ACCOUNT])
        return fresh(request)

    return make


@pytest.fixture
def kept(asked: File, custodian: User) -> RequestedPreservation:
    """Keep the account of one request, from NOON."""
    request = asked()
    with clock.frozen(NOON):
        return services.preserve_accounts(request, by=custodian)[0]


def _run(moment: datetime) -> None:
    with clock.frozen(moment):
        jobs.expire(0)


def _told(kept: RequestedPreservation) -> list[str]:
    return [each.action for each in Command.objects.filter(preservation=kept.kept).order_by("pk")]


def test_it_is_kept_ninety_days_and_then_deleted(kept: RequestedPreservation) -> None:
    # The last second of the ninetieth day in Denver, where summer time began in between.
    assert kept.until == datetime.fromisoformat("2027-04-11T05:59:59+00:00")
    assert kept.citation == "18 USC 2703(f)(2)"
    _run(kept.until - timedelta(seconds=1))
    assert _told(kept) == ["preserve"]
    _run(kept.until + timedelta(seconds=1))
    kept.refresh_from_db()
    assert kept.state == "ended"
    assert _told(kept) == ["preserve", "release"]
    assert not restrictions.kept(ACCOUNT).exists()


def test_a_custodian_is_asked_once_it_is_accepted(asked: File, custodian: User) -> None:
    request = asked()
    assert cases.open_task("preserve_request", request.origin) is not None
    services.preserve_accounts(request, by=custodian)
    assert cases.open_task("preserve_request", request.origin) is None


def test_it_is_extended_once_and_by_a_separate_request_of_the_same_agency(
    kept: RequestedPreservation, asked: File, custodian: User, liaison: User
) -> None:
    renewal, third = asked(), asked()
    assert kept.request is not None
    with clock.frozen(NOON + 80 * DAY):
        with pytest.raises(Refused, match="separate"):
            services.renew_preservation(kept, by=custodian, renewal=kept.request)
        with pytest.raises(Refused, match="form"):
            services.extend_on_form(kept, by=custodian, because="They telephoned.")
        with pytest.raises(Conflict, match="renew"):
            services.preserve_accounts(renewal, by=custodian)
        longer = services.renew_preservation(kept, by=custodian, renewal=renewal)
        assert longer.until == datetime.fromisoformat("2027-07-10T05:59:59+00:00")
        with pytest.raises(Refused, match="once"):
            services.renew_preservation(kept, by=custodian, renewal=third)
    _run(kept.until + DAY)
    longer.refresh_from_db()
    assert longer.state == "running"
    assert _told(kept) == ["preserve", "preserve"]
    _run(longer.until + DAY)
    assert _told(kept)[-1] == "release"


def test_what_does_not_name_the_account_or_is_of_another_agency_renews_nothing(
    kept: RequestedPreservation, accepted: File, asked: File, custodian: User
) -> None:
    other = accepted(process="preservation", categories=[], accounts=[("user_id", "u-9")])
    services.offer_candidates(first_account(other), by=custodian, candidates=["acct-9"])
    subpoena = accepted()
    with clock.frozen(NOON + DAY):
        for renewal, why in ((other, "name this account"), (subpoena, "separate")):
            with pytest.raises(Refused, match=why):
                services.renew_preservation(kept, by=custodian, renewal=renewal)


def test_nothing_is_extended_after_its_term(
    kept: RequestedPreservation, asked: File, custodian: User
) -> None:
    renewal = asked()
    with clock.frozen(kept.until + DAY), pytest.raises(Refused, match="over"):
        services.renew_preservation(kept, by=custodian, renewal=renewal)


def test_the_database_extends_no_request_of_this_law_without_another(kept: RequestedPreservation) -> None:
    rows = RequestedPreservation.objects.filter(pk=kept.pk)
    with pytest.raises(IntegrityError, match="extended_on_request"), transaction.atomic():
        rows.update(extended_at=clock.now())
    with pytest.raises(IntegrityError, match="renewed_by_another"), transaction.atomic():
        rows.update(renewal=kept.request, extended_at=clock.now())


def test_a_hold_wins_over_the_term_and_is_told_to_nobody(
    kept: RequestedPreservation, counsel: User, outsider: User
) -> None:
    hold = evidence.place_hold(kept.case.reference, by=counsel, reason="A suit is expected.")
    over = kept.until + DAY
    for _ in range(2):
        _run(over)
    kept.refresh_from_db()
    assert kept.state == "held"
    assert _told(kept) == ["preserve"]
    assert kept.request is not None
    said = [each.data for each in ledger.entries_about(kept.request.reference)]
    assert "hold" not in str([each["action"] for each in said])
    assert [each["action"] for each in said].count("datarequests.preservation_term_over") == 1
    with clock.frozen(over):
        evidence.lift_hold(hold, by=counsel, reason="It was settled.")
    _run(over + DAY)
    kept.refresh_from_db()
    assert (kept.state, _told(kept)[-1]) == ("ended", "release")


def test_our_own_review_neither_extends_nor_ends_it(
    kept: RequestedPreservation, senior_reviewer: User
) -> None:
    with clock.frozen(kept.until + DAY):
        restricting.ask_to_review()
        assert cases.open_task("review_preservation", kept.kept.origin) is None
        for deed in (restricting.extend, restricting.let_go):
            with pytest.raises(Refused, match="authority"):
                deed(kept.kept, by=senior_reviewer, reason="-")


def test_a_report_s_content_is_kept_for_a_year(case: Case, custodian: User, counsel: User) -> None:
    with clock.frozen(NOON):
        row = services.preserve_report(case, account=ACCOUNT, by=counsel, because="Report 1.")
    assert (row.citation, row.until.date().isoformat()) == ("18 USC 2258A(h)", "2028-01-11")


def test_a_european_order_is_kept_on_receipt_and_extended_on_its_form_once(
    file: File, custodian: User, liaison: User
) -> None:
    request = file(process="epoc_pr", zone="Europe/Berlin", categories=[])
    with pytest.raises(Refused, match="not accepted"):
        services.preserve_accounts(request, by=custodian)
    services.verify_requester(request, by=liaison, how="The issuing authority, on our number.")
    assert cases.open_task("preserve_request", request.origin) is not None
    services.offer_candidates(first_account(request), by=custodian, candidates=[ACCOUNT])
    with clock.frozen(NOON):
        (row,) = services.preserve_accounts(fresh(request), by=custodian)
        assert row.until == datetime.fromisoformat("2027-03-11T22:59:59+00:00")
        longer = services.extend_on_form(row, by=custodian, because="The form came today.")
        assert longer.until == datetime.fromisoformat("2027-04-10T21:59:59+00:00")
        with pytest.raises(Refused, match="once"):
            services.extend_on_form(row, by=custodian, because="Again.")


def test_a_civil_letter_keeps_nothing_and_asks_counsel_for_a_hold(accepted: File, custodian: User) -> None:
    request = accepted(process="civil_preservation_letter", categories=[])
    assert cases.open_task("place_hold", request.origin) is not None
    with pytest.raises(Refused, match="keep nothing"):
        services.preserve_accounts(request, by=custodian)


def test_ndo_05_the_user_sees_nothing_of_what_is_kept(kept: RequestedPreservation) -> None:
    command = Command.objects.get(preservation=kept.kept)
    assert (command.action, command.step, command.statement) == ("preserve", "", "")
    # The same word as of our own preservation: whoever reads commands at the platform learns of no request.
    assert command.reason_code == "own_preservation"
    assert not Restriction.objects.exists()
    assert restrictions.expected_step(ACCOUNT) == ""


def test_scp_09_nothing_that_is_kept_goes_out(
    kept: RequestedPreservation, counsel: User, custodian: User, keep_for: Keep
) -> None:
    request = kept.request
    assert request is not None
    with pytest.raises(Refused, match="Nothing leaves"):
        services.keep_silent(request, by=counsel, because="-")
    with pytest.raises(IllegalTransition):
        services.collect(request, by=custodian)
    exhibit = keep_for(request)
    DataRequest.objects.filter(pk=request.pk).update(state="collection")
    production = Production.objects.create(request=request, begun_by=custodian, begun_at=clock.now())
    said = {"account": first_account(request), "category": "subscriber", "exhibit": exhibit}
    with pytest.raises(Refused, match="it reaches nothing"):
        services.add_item(fresh(request), by=custodian, **said)
    with pytest.raises(IntegrityError, match="does not reach"), transaction.atomic():
        ProductionItem.objects.create(production=production, added_by=custodian, added_at=clock.now(), **said)


def test_scp_09_no_officer_reads_what_is_kept(
    kept: RequestedPreservation, officer: Officer, police_officer: User
) -> None:
    for person in (officer.user, police_officer):
        assert not restrictions.preservations_visible_to(person).exists()
        assert not selectors.visible_to(person).exists()
        assert kept.request is not None
        with pytest.raises((NotPermitted, NotFound)):
            services.preserve_accounts(kept.request, by=person)


def test_scp_09_what_is_kept_is_no_disclosure(kept: RequestedPreservation, counsel: User) -> None:
    assert kept.request is not None
    services.close(kept.request, by=counsel, closure="preserved")
    assert not Production.objects.exists()
    acts = [
        act.act for each in exhibits.exhibits_of(kept.case.reference) for act in exhibits.custody_of(each)
    ]
    assert "released" not in acts
    entries = [each.data["action"] for each in ledger.entries_about(kept.request.reference)]
    assert "datarequests.produced" not in entries
    assert fresh(kept.request).closure == "preserved"
