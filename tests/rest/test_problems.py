"""Every failure has one shape, and says no more than the caller may know."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.test import RequestFactory, override_settings
from rest_framework.test import APIClient

from coordination.ledger import services as ledger
from coordination.rest import problems, views


def _problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert list(body)[:4] == ["type", "title", "status", "detail"]
    return body


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("invalid", 400, "invalid-input"),
        ("transition", 409, "illegal-transition"),
        ("refused", 403, "refused"),
        ("not-permitted", 403, "not-permitted"),
        ("not-found", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("throttled", 429, "too-many-requests"),
        ("crash", 500, "internal-error"),
    ],
)
def test_each_error_of_ours_is_a_problem(api: APIClient, what: str, status: int, code: str) -> None:
    body = _problem(api.get(f"/api/v1/raises/{what}"))
    assert (body["status"], body["type"]) == (status, f"urn:coordination:problem:{code}")
    assert (body.get("instance") == f"/api/v1/raises/{what}") is (status != 404)


def test_an_invalid_input_names_its_field(api: APIClient) -> None:
    assert _problem(api.get("/api/v1/raises/invalid"))["errors"] == [
        {"field": "when", "code": "invalid", "message": "A time needs a zone."}
    ]


def test_a_refusal_carries_its_rule_and_citation(api: APIClient) -> None:
    body = _problem(api.get("/api/v1/raises/refused"))
    assert (body["rule"], body["citation"]) == ("gate", "18 USC 2702")


def test_an_illegal_transition_says_the_state(api: APIClient) -> None:
    assert _problem(api.get("/api/v1/raises/transition"))["state"] == "in_review"


def test_a_caller_who_comes_too_often_is_told_when_to_come_back(api: APIClient) -> None:
    assert api.get("/api/v1/raises/throttled")["Retry-After"] == "7"


def test_a_crash_says_nothing_of_what_went_wrong(api: APIClient) -> None:
    answer = api.get("/api/v1/raises/crash")
    assert b"canary" not in answer.content
    assert b"RuntimeError" not in answer.content


def test_several_invalid_inputs_are_named_each(api: APIClient) -> None:
    problem = _problem(api.get("/api/v1/raises/several"))
    assert problem["type"] == "urn:coordination:problem:invalid-input"
    assert problem["errors"] == [
        {"field": "when", "code": "invalid", "message": "A time needs a zone."},
        {"field": "who", "code": "invalid", "message": "This is needed."},
    ]


def test_an_invalid_body_names_each_field(api: APIClient) -> None:
    body = _problem(api.post("/api/v1/echo", {"word": "x" * 21}))
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("word", "max_length")]
    body = _problem(api.post("/api/v1/echo", {}))
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("word", "required")]


def test_foreign_missing_and_unknown_are_the_same_bytes(api: APIClient, db: None) -> None:
    foreign = ledger.record("cases.opened", subject="T-foreign", by=None)
    own = ledger.record("cases.opened", subject="T-own", by=None)
    assert api.get(f"/api/v1/entries/{own.pk}").status_code == 200
    answers = [
        api.get(f"/api/v1/entries/{foreign.pk}"),
        api.get(f"/api/v1/entries/{own.pk + 1000}"),
        api.get("/api/v1/raises/not-found"),
        api.get("/api/v1/no-such-route"),
        APIClient().post("/api/nowhere", {}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}


def test_foreign_and_missing_have_the_same_headers(api: APIClient, db: None) -> None:
    foreign = ledger.record("cases.opened", subject="T-foreign", by=None)
    first, second = api.get(f"/api/v1/entries/{foreign.pk}"), api.get(f"/api/v1/entries/{foreign.pk + 1}")
    assert dict(first.headers) == dict(second.headers)


def test_a_person_who_may_not_at_all_is_told_so(api: APIClient) -> None:
    assert _problem(api.get("/api/v1/denies"))["status"] == 403


def test_a_wrong_method_is_a_problem_that_says_which_are_right(api: APIClient) -> None:
    answer = api.post("/api/v1/raises/crash", {})
    assert _problem(answer)["type"].endswith("method-not-allowed")
    assert answer["Allow"] == "GET, HEAD"


def test_an_answer_in_another_form_is_a_problem(api: APIClient) -> None:
    assert _problem(api.get("/api/v1/echo", headers={"Accept": "text/html"}))["status"] == 406


def test_errors_outside_the_views_are_problems_below_the_api_only() -> None:
    api, page = RequestFactory().get("/api/v1/x"), RequestFactory().get("/x")
    assert views.bad_request(api, SuspiciousOperation()).status_code == 400
    assert views.not_found(api, Http404())["Content-Type"] == problems.CONTENT_TYPE
    assert views.server_error(api)["Content-Type"] == problems.CONTENT_TYPE
    with override_settings(ROOT_URLCONF="coordination.urls"):
        assert views.bad_request(page, SuspiciousOperation())["Content-Type"].startswith("text/html")
        assert views.not_found(page, Http404())["Content-Type"].startswith("text/html")
        assert views.server_error(page)["Content-Type"].startswith("text/html")


def test_the_documentation_lists_every_problem() -> None:
    page = (settings.BASE_DIR / "docs" / "api.md").read_text()
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", page, re.MULTILINE))
    assert listed == {code: str(status) for code, (status, _) in problems.PROBLEMS.items()}
