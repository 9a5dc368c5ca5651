"""A request that cannot mean anything is refused before it reaches a view or the database."""

import pytest
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from coordination.access.services import User
from coordination.core.middleware import refuse_malformed
from tests.doors import signed_in


@pytest.mark.parametrize(
    "address",
    [
        "/admin/ledger/leaf/?q=%00",
        "/admin/access/user/?q=a%00b",
        "/admin/cases/case/?severity=%00",
        "/admin/access/user/%00/change/",
        "/admin/login/?next=%00",
        "/api/v1/messages?cursor=%00",
        "/nothing%00",
    ],
)
def test_an_address_with_nul_is_a_bad_request(client: Client, auditor: User, address: str) -> None:
    signed_in(auditor, client)
    assert client.get(address).status_code == 400


@pytest.mark.parametrize("digits", ["\u00b2", "\u2460", "9" * 30, "9" * 5000, "-1", "%ED%A0%80"])
def test_digits_that_are_none_break_no_page_of_the_desk(client: Client, auditor: User, digits: str) -> None:
    signed_in(auditor, client)
    for name in ("access/user", "ledger/leaf", "partners/destination", "inbox/inboundmessage", "cases/case"):
        assert client.get(f"/admin/{name}/{digits}/change/").status_code in {302, 404, 414}
        assert client.get(f"/admin/{name}/?p={digits}").status_code in {200, 302, 414}
        assert client.get(f"/admin/{name}/?q={digits}").status_code in {200, 302, 414}


@pytest.mark.parametrize("length", ["-1", "two", "\u00b2", "\u0663", "9" * 19, "1,1"])
def test_a_length_that_is_no_number_never_reaches_a_view(length: str, rf: RequestFactory) -> None:
    request = rf.post("/admin/login/", b"", "application/json")
    request.META["CONTENT_LENGTH"] = length
    with pytest.raises(BadRequest):
        refuse_malformed(lambda _: HttpResponse())(request)


def test_an_ordinary_request_passes(rf: RequestFactory) -> None:
    for request in (rf.get("/admin/?q=100%25"), rf.post("/admin/", {"a": "b"})):
        assert refuse_malformed(lambda _: HttpResponse())(request).status_code == 200


def test_the_root_leads_to_the_desk(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
