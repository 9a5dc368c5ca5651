"""A body that a route of the API takes, made from what its OpenAPI document says."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

_FORMATS = {
    "date": "2099-03-06",
    "date-time": "2026-03-06T23:09:00+00:00",
    "time-zone": "America/Denver",
}


def sample(address: str, verb: str) -> Any:
    """Return a body for the route, {} where it takes none."""
    document = _document()
    operation = document["paths"].get(address, {}).get(verb.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return _made(content["schema"], document) if content else {}


@cache
def _document() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def _made(schema: dict[str, Any], document: Any) -> Any:
    schema = schema.get("oneOf", [schema])[0]
    if "$ref" in schema:
        return _made(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        wanted = schema.get("required", [])
        return {name: _made(each, document) for name, each in schema["properties"].items() if name in wanted}
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return {"array": [], "integer": 1, "number": 0.5, "boolean": True}.get(schema.get("type", ""), "word")
