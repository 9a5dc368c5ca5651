"""Pages go on where the last one ended, whatever arrives in the meantime."""

import pytest
from rest_framework.test import APIClient

from coordination.ledger import services as ledger


def _add(count: int, start: int = 0) -> None:
    ledger.record_many(
        ledger.entry("cases.listed", subject=f"T-{number}", by=None) for number in range(start, start + count)
    )


def test_newest_first_and_nothing_twice_while_rows_arrive(api: APIClient) -> None:
    _add(7)
    first = api.get("/api/v1/entries", {"limit": "3"}).json()
    assert first["results"] == ["T-6", "T-5", "T-4"]
    assert first["previous"] is None
    _add(5, start=7)
    second = api.get(first["next"]).json()
    assert second["results"] == ["T-3", "T-2", "T-1"]
    third = api.get(second["next"]).json()
    assert (third["results"], third["next"]) == (["T-0"], None)


def test_a_page_holds_fifty_unless_asked_otherwise(api: APIClient) -> None:
    _add(60)
    assert len(api.get("/api/v1/entries").json()["results"]) == 50
    assert len(api.get("/api/v1/entries", {"limit": "100"}).json()["results"]) == 60


@pytest.mark.parametrize("limit", ["0", "-1", "101", "ten", "", "1e1", "9" * 50, "٣"])
def test_a_limit_that_makes_no_sense_is_an_error(api: APIClient, limit: str) -> None:
    answer = api.get("/api/v1/entries", {"limit": limit})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "limit")


@pytest.mark.parametrize("cursor", ["x", "!!", "AAAA", "cD0=", "bz0tMQ=="])
def test_a_broken_cursor_is_an_error_or_a_page_and_never_a_crash(api: APIClient, cursor: str) -> None:
    _add(2)
    answer = api.get("/api/v1/entries", {"cursor": cursor})
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("asked", "field"),
    [("Limit=5", "Limit"), ("limit=5&limit=6", "limit"), ("state=open", "state"), ("=", "")],
)
def test_a_parameter_that_would_do_nothing_is_an_error_that_names_it(
    api: APIClient, asked: str, field: str
) -> None:
    answer = api.get(f"/api/v1/entries?{asked}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_a_route_without_parameters_takes_none(api: APIClient) -> None:
    assert api.get("/api/v1/echo?debug=1").status_code == 400
    assert api.post("/api/v1/echo?debug=1", {"word": "x"}, format="json").status_code == 400
