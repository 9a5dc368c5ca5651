"""What the OpenAPI document says, tried with calls made from it, as each kind of caller, by all checks."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient
from schemathesis.config import SchemathesisConfig

from coordination.access import services as access
from coordination.access.services import Scope, User
from coordination.core import clock
from coordination.partners.services import Agency
from tests.api.conftest import Sent, asked_for_more

# A pattern with more repeats than this is not generated, and its whole body with it.
LONGEST = 60_000


def _document() -> Any:
    made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    document = json.loads(json.dumps(made, default=str))
    for body in document["components"]["schemas"].values():
        for each in body.get("properties", {}).values():
            if each.get("maxLength", 0) > LONGEST:
                each.pop("pattern", None)
    return document


def _described(*, coverage: bool) -> Any:
    # A NUL is refused everywhere, and tests of the fields show it.
    wanted = {"generation": {"allow-x00": False}, "phases": {"coverage": {"enabled": coverage}}}
    schema = schemathesis.openapi.from_dict(_document(), config=SchemathesisConfig.from_dict(wanted))
    schema.app = get_wsgi_application()
    return schema


# With every boundary of every field for who is let in; for who is not, the body makes no difference.
described, at_the_door = _described(coverage=True), _described(coverage=False)
LET_IN = ["officer", "platform"]
TURNED_AWAY = ["anonymous", "wrong scope", "expired token"]
# What the document can only say in words: a moment that may have been, and a zone that there is.
MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2026, 3, 1))  # noqa: DTZ001
schemathesis.openapi.format("date-time", MOMENTS.map(lambda moment: f"{moment.isoformat()}Z"))
schemathesis.openapi.format("time-zone", st.sampled_from(["UTC", "America/Denver", "Europe/Berlin"]))
NAMED = {"email": "someone@example.net", "phone": "+1 970 555 0112"}
LONGEST_NAME = 200
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))
schemathesis.openapi.format("date", DAYS.map(date.isoformat))
schemathesis.openapi.media_type("application/pdf", st.binary(min_size=1).map(b"%PDF-1.7".__add__))
schemathesis.openapi.format("cursor", st.just(""))
QUICK = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=400, derandomize=False)


@pytest.fixture(autouse=True)
def _one_connection(db: None) -> Iterator[None]:
    """Keep the test's transaction through the end of a request, as Django's own test client does."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


Caller = Callable[[str], "Calling"]


@dataclass(frozen=True, kw_only=True)
class Calling:
    """The headers of a caller, and a message and a data request of theirs, if any."""

    headers: dict[str, str]
    message: str = ""
    request: str = ""


@pytest.fixture
def caller_of(
    *, officer: User, platform_system: User, sent: Sent, agency: Agency, liaison: User, store: Any
) -> Caller:
    """Return a caller by name."""

    def token(user: User, *scopes: str) -> dict[str, str]:
        _, plain = access.issue_token(user, by=None, name="t", scopes=scopes, expires_in=timedelta(days=1))
        return {"Authorization": f"Bearer {plain}"}

    def caller(name: str) -> Calling:
        match name:
            case "officer":
                return Calling(
                    headers=token(officer, *Scope.values),
                    message=str(sent().pk),
                    request=asked_for_more(agency, liaison).reference,
                )
            case "platform":
                return Calling(headers=token(platform_system, *Scope.values))
            case "wrong scope":
                return Calling(headers=token(officer, Scope.SUBMIT))
            case "expired token":
                with clock.frozen(clock.now() - timedelta(days=30)):
                    return Calling(headers=token(officer, *Scope.values))
        return Calling(headers={})

    return caller


@pytest.fixture
def calling(caller_of: Caller, caller: str) -> Calling:
    """The caller of this test, the same for all of its calls."""
    return caller_of(caller)


@described.parametrize()
@pytest.mark.parametrize("caller", LET_IN)
@QUICK
def test_answers_are_those_that_the_document_names(case: Any, caller: str, calling: Calling) -> None:
    _try(case, calling)


@at_the_door.parametrize()
@pytest.mark.parametrize("caller", TURNED_AWAY)
@settings(QUICK, max_examples=20)
def test_so_are_those_at_the_door(case: Any, caller: str, calling: Calling) -> None:
    _try(case, calling)


@pytest.mark.long
@described.parametrize()
@pytest.mark.parametrize("caller", [*LET_IN, *TURNED_AWAY])
@LONG
def test_many_more_answers_are_those_that_the_document_names(
    case: Any, caller: str, calling: Calling
) -> None:
    _try(case, calling)


def test_the_document_that_is_served_is_the_one_that_is_tried(api: APIClient) -> None:
    assert api.get("/api/v1/schema").json()["paths"] == described.raw_schema["paths"]


def _make_sense(body: dict[str, Any]) -> None:
    """Say what the document can only say in words: times that were, whole addresses, ranges that run."""
    for each in body.get("identifiers") or () if isinstance(body.get("identifiers"), list) else ():
        if isinstance(each, dict) and _day(each.get("verified_at")):
            each["verified_at"] = min(each["verified_at"], "2026-02-28")
    for each in body["accounts"] if isinstance(body.get("accounts"), list) else ():
        whole = NAMED.get(str(each.get("kind"))) if isinstance(each, dict) else None
        said = each.get("value") if whole else None
        # What is no text, empty or too long stays wrong.
        if isinstance(said, str) and said.strip() and "\x00" not in said and len(said) <= LONGEST_NAME:
            each["value"] = whole
    begins, ends = (_day(body.get(name)) for name in ("range_from", "range_until"))
    if begins and ends:
        body["range_from"], body["range_until"] = sorted((begins, ends))
    elif (begins and body.get("range_until") is None) or (ends and body.get("range_from") is None):
        for name in ("range_from", "range_until"):
            body.pop(name, None)
    if _day(body.get("non_disclosure_until")) and body.get("non_disclosure", False) is False:
        del body["non_disclosure_until"]


def _day(value: Any) -> str:
    """Return what is a day as it is, "" for anything else: what is wrong stays wrong."""
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        return ""


def _try(case: Any, calling: Calling) -> None:
    """Make the call, about their message where any would do, run all checks, and undo what it did."""
    wanted = case.path_parameters.get("message_id")
    with suppress(TypeError, ValueError, AttributeError):
        if calling.message and UUID(wanted):
            case.path_parameters["message_id"] = calling.message
    if calling.request and "reference" in case.path_parameters:
        case.path_parameters["reference"] = calling.request
    if isinstance(case.body, dict):
        _make_sense(case.body)
    with transaction.atomic():
        case.call_and_validate(headers=calling.headers)
        transaction.set_rollback(True)
