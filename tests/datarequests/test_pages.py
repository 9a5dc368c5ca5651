"""A request through the desk's own pages, from paper to what was handed over."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from coordination.access.services import Role, User
from coordination.datarequests import services
from coordination.datarequests.models import DataRequest
from coordination.datarequests.workflow import RequestState
from coordination.partners.services import Agency, Officer
from tests.datarequests.conftest import FACE, ZONE, File, Keep, first_account, fresh, production, put
from tests.doors import SignIn
from tests.people import Cast

LIST = "/admin/datarequests/datarequest/"


def _url(request: DataRequest) -> str:
    return reverse("admin:datarequests_datarequest_change", args=(request.reference,))


def _do(browser: Client, request: DataRequest, name: str, **data: Any) -> DataRequest:
    url = reverse("admin:datarequests_datarequest_do", args=(request.reference, name))
    answer = browser.post(url, data, follow=True)
    assert answer.status_code == 200
    said = [str(each) for each in answer.context["messages"]]
    assert not [each for each in said if "Nothing was saved" in each], said
    return fresh(request)


@pytest.fixture
def browsers(
    sign_in: SignIn, liaison: User, counsel: User, custodian: User, second_custodian: User
) -> dict[str, Client]:
    """A browser of each."""
    people = {"liaison": liaison, "counsel": counsel, "custodian": custodian, "second": second_custodian}
    return {name: sign_in(person) for name, person in people.items()}


def test_paper_becomes_a_production_through_the_pages(
    browsers: dict[str, Client], agency: Agency, officer: Officer, keep_for: Keep
) -> None:
    liaison, counsel, custodian = browsers["liaison"], browsers["counsel"], browsers["custodian"]
    answer = liaison.post(
        f"{LIST}add/",
        {
            **FACE,
            "process": "grand_jury_subpoena",
            "agency": agency.pk,
            "requester": "Sergeant Carla Reyes",
            "way": "fax",
            "zone": ZONE,
            "user_ids": "u-7731",
            "scan": SimpleUploadedFile("order.pdf", b"%PDF-1.7 the order"),
        },
        follow=True,
    )
    request = DataRequest.objects.get()
    assert answer.redirect_chain[0][0] == _url(request)
    assert "to be said" in answer.content.decode()
    assert request.scan is not None
    _do(liaison, request, "verify_requester", officer=officer.pk, how="The watch desk: she made it.")
    _do(liaison, request, "docket")
    _do(liaison, request, "check_validity", addressed="yes")
    _do(counsel, request, "accept")
    _do(counsel, request, "keep_silent", because="He would flee.")
    _do(custodian, request, "collect")
    account = first_account(request)
    _do(custodian, request, "offer_candidates", target=account.pk, candidates="acct-7731")
    exhibit = keep_for(fresh(request))
    said = {"account": account.pk, "category": "subscriber", "exhibit": exhibit.reference}
    _do(custodian, request, "add_item", **said)
    _do(custodian, request, "hand_in")
    digest = production(request).digest
    page = browsers["second"].get(_url(request)).content.decode()
    assert exhibit.reference in page
    _do(browsers["second"], request, "quality_check", read="on", digest=digest)
    _do(counsel, request, "sign_off", read="on", digest=digest)
    _do(custodian, request, "produce")
    _do(custodian, request, "deliver")
    _do(custodian, request, "acknowledge", reference="HC-1")
    request = _do(liaison, request, "close", closure="produced_in_full")
    assert (request.state, request.closure) == ("closed", "produced_in_full")


def test_the_page_says_why_the_gate_refuses(
    collecting: File, sign_in: SignIn, custodian: User, keep_for: Keep
) -> None:
    request = collecting()
    exhibit = keep_for(request)
    url = reverse("admin:datarequests_datarequest_do", args=(request.reference, "add_item"))
    said = {
        "account": first_account(request).pk,
        "category": "sessions",
        "exhibit": exhibit.reference,
        "earliest": "2026-04-01T00:00:00",
        "latest": "2026-05-31T00:00:00",
    }
    answer = sign_in(custodian).post(url, said, follow=True)
    assert "outside its range" in answer.content.decode()
    assert not production(request).items.exists()


@pytest.mark.parametrize("state", list(RequestState))
def test_the_page_opens_in_every_state(
    signed: File, sign_in: SignIn, counsel: User, state: RequestState
) -> None:
    request = put(signed(), state)
    answer = sign_in(counsel).get(_url(request))
    assert answer.status_code == 200
    assert request.reference in answer.content.decode()


def test_an_emergency_shows_its_grounds_and_what_is_not_stated(
    file: File, sign_in: SignIn, duty_officer: User
) -> None:
    request = file(process="emergency", grounds={"nature": "Abduction by the subject."})
    page = sign_in(duty_officer).get(_url(request)).content.decode()
    assert "Abduction by the subject." in page
    assert "▲ not stated" in page
    assert "P0 danger to life" in page


def test_a_wrong_entry_is_said_and_nothing_is_entered(sign_in: SignIn, liaison: User, agency: Agency) -> None:
    said = {"process": "search_warrant", "agency": agency.pk, "requester": "A judge", "way": "post"}
    said |= {"zone": "Mountain", "phones": "970 555 0112", "range_until": date(2026, 5, 7)}
    answer = sign_in(liaison).post(f"{LIST}add/", said)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "America/Denver" in page
    assert not DataRequest.objects.exists()


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.VICTIM_LIAISON])
def test_who_has_nothing_to_do_with_requests_sees_none(
    file: File, cast: Cast, sign_in: SignIn, role: Role
) -> None:
    request = file()
    browser = sign_in(cast(role, username="somebody"))
    assert browser.get(_url(request)).status_code == 404
    assert browser.get(LIST).status_code == 403
    assert browser.get(f"{LIST}add/").status_code == 403


def test_a_case_shows_its_requests(file: File, sign_in: SignIn, liaison: User) -> None:
    request = file()
    page = sign_in(liaison).get(reverse("admin:cases_case_change", args=(request.case.reference,)))
    assert request.reference in page.content.decode()


def test_an_order_ends_and_the_user_is_told_through_the_pages_by_two_people(
    signed: File, sign_in: SignIn, custodian: User, counsel: User, cast: Cast
) -> None:
    second = sign_in(cast(Role.COUNSEL, username="second_counsel"))
    first, request = sign_in(counsel), signed()
    services.produce(request, by=custodian)
    _do(first, request, "record_order", until="", because="Served by the clerk.")
    _do(first, request, "propose_end", end="lifted", because="The court took it back.")
    assert services.silence_is_ordered(fresh(request))
    _do(second, request, "confirm_end")
    assert not services.silence_is_ordered(fresh(request))
    _do(first, request, "prepare_notice")
    notice = services.UserNotice.objects.get(request=request)
    assert notice.letter is not None
    _do(second, request, "approve_notice", digest=notice.letter.sha256)
    _do(first, request, "tell_user", how="By e-mail.")
    notice.refresh_from_db()
    assert notice.state == "told"
