"""The OpenAPI document: valid by a validator that we did not write, complete, and behind a token."""

from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from rest_framework.test import APIClient

from tests.api.conftest import Sent

ROUTES = {
    ("/api/v1/messages", "get"),
    ("/api/v1/messages/{message_id}", "get"),
    ("/api/v1/messages/{message_id}/acknowledge", "post"),
    ("/api/v1/messages/{message_id}/questions", "post"),
    ("/api/v1/messages/{message_id}/outcome", "post"),
    ("/api/v1/flags", "post"),
    ("/api/v1/restrictions/in-force", "post"),
    ("/api/v1/restrictions/appeals", "post"),
    ("/api/v1/flags/batch", "post"),
    ("/api/v1/requests", "get"),
    ("/api/v1/requests", "post"),
    ("/api/v1/requests/{reference}", "get"),
    ("/api/v1/requests/{reference}/process", "put"),
    ("/api/v1/requests/{reference}/letter", "get"),
    ("/api/v1/requests/{reference}/amend", "post"),
    ("/api/v1/requests/{reference}/withdraw", "post"),
    ("/api/v1/requests/{reference}/extend", "post"),
    ("/api/v1/requests/{reference}/object", "post"),
}


@pytest.fixture
def document(api: APIClient) -> Any:
    """The document as a partner reads it."""
    response = api.get("/api/v1/schema")
    assert response.status_code == 200
    return response.json()


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document, cls=OpenAPIV31SpecValidator)


def test_the_document_names_every_route(document: Any) -> None:
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == ROUTES


def test_the_page_for_partners_names_every_route() -> None:
    page = (settings.BASE_DIR / "docs" / "api.md").read_text()
    for path, method in ROUTES:
        assert f"{method.upper()} {path.replace('message_id', 'id')}`" in page


def test_what_is_answered_is_what_the_document_says(api: APIClient, document: Any, sent: Sent) -> None:
    message = sent()
    rows = document["components"]["schemas"]
    listed = api.get("/api/v1/messages").json()["results"][0]
    whole = api.get(f"/api/v1/messages/{message.pk}").json()
    assert set(listed) == set(rows["MessageRow"]["properties"])
    assert set(whole) == set(rows["MessageWhole"]["properties"])


def test_every_post_needs_a_key(document: Any) -> None:
    for path, method in ROUTES:
        if method == "post":
            parameters = document["paths"][path][method]["parameters"]
            [header] = [each for each in parameters if each["name"] == "Idempotency-Key"]
            assert header["required"]


def test_the_document_needs_a_token() -> None:
    assert APIClient().get("/api/v1/schema").status_code == 401


def test_it_is_made_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())
