"""The OpenAPI document says how to fail, how to repeat, and how to prove who you are."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.rest import small_api


@pytest.fixture
def document() -> Any:
    return SchemaGenerator(patterns=small_api.urlpatterns[2:7]).get_schema(public=True)


def test_the_document_is_valid_openapi(document: Any) -> None:
    validate_schema(document)


def test_each_operation_documents_its_problems(document: Any) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            for code in ("400", "401", "403", "404", "500"):
                media = operation["responses"][code]["content"]
                assert list(media) == ["application/problem+json"]
    assert "422" in document["paths"]["/api/v1/echo"]["post"]["responses"]
    assert "422" not in document["paths"]["/api/v1/no-key"]["post"]["responses"]
    assert "422" not in document["paths"]["/api/v1/echo"]["get"]["responses"]


def test_a_post_documents_its_key(document: Any) -> None:
    def key_of(path: str, method: str = "post") -> Any:
        parameters = document["paths"][path][method].get("parameters", [])
        return [p.get("required", False) for p in parameters if p["name"] == "Idempotency-Key"]

    assert key_of("/api/v1/echo") == [False]
    assert key_of("/api/v1/needs-key") == [True]
    assert key_of("/api/v1/no-key") == []
    assert key_of("/api/v1/echo", "get") == []


def test_callers_prove_themselves_by_bearer_token(document: Any) -> None:
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
