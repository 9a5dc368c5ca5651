"""Bodies are read strictly: what two readers could understand differently is refused."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import APIException
from rest_framework.test import APIClient

from coordination.ledger import selectors
from coordination.rest.parsers import StrictJSONParser


def _post(
    api: APIClient, body: bytes | str, *, path: str = "/api/v1/any", kind: str = "application/json"
) -> Any:
    return api.generic("POST", path, body, content_type=kind)


def _code(answer: Any) -> str:
    code: str = answer.json()["type"].removeprefix("urn:coordination:problem:")
    return code


def test_a_plain_object_is_read(api: APIClient) -> None:
    assert _post(api, '{"a": [1, 2.5, "ü", null, true]}').json() == {
        "given": {"a": [1, 2.5, "ü", None, True]}
    }


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": ["\\ud800"]}',
        b'{"\\ud800": 1, "\\ud800": 2}',
        b'{"\\udfff": 1}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1} {"b": 2}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_strict_json_is_refused(api: APIClient, body: bytes) -> None:
    answer = _post(api, body)
    assert (answer.status_code, _code(answer)) == (400, "malformed-body")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 34 + b"]" * 34,
        b'{"a": ' * 33 + b"1" + b"}" * 33,
        b'{"a": [{"b": ' * 400 + b"1" + b"}]}" * 400,
    ],
    ids=["open", "closed", "a level too many", "of objects", "of both"],
)
def test_what_is_nested_too_deeply_is_refused_by_name(api: APIClient, body: bytes) -> None:
    answer = _post(api, body)
    assert (answer.status_code, _code(answer)) == (400, "body-too-deep")


def test_as_many_levels_as_are_allowed_are_read(api: APIClient) -> None:
    assert _post(api, b"[" * 32 + b"]" * 32).status_code == 200


def test_half_a_character_may_be_one_with_its_other_half(api: APIClient) -> None:
    assert _post(api, b'{"a": "\\ud83d\\ude00"}').json() == {"given": {"a": "\U0001f600"}}


def test_a_key_given_twice_is_named(api: APIClient) -> None:
    answer = _post(api, '{"a": {"word": 1, "word": 2}}')
    assert answer.json()["errors"] == [{"field": "word", "code": "duplicate", "message": "Given twice."}]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_the_top_is_an_object_unless_the_view_says_otherwise(api: APIClient, body: str) -> None:
    assert _post(api, body).status_code == 200
    assert _code(_post(api, body, path="/api/v1/echo")) == "malformed-body"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_another_media_type_is_refused(api: APIClient, kind: str) -> None:
    answer = _post(api, '{"word": "a"}', path="/api/v1/echo", kind=kind)
    assert (answer.status_code, _code(answer)) == (415, "unsupported-media-type")


def test_another_character_set_is_refused(api: APIClient) -> None:
    assert _post(api, "{}", kind="application/json; charset=utf-8").status_code == 200
    assert _post(api, "{}", kind="application/json; charset=latin-1").status_code == 415


def test_a_body_larger_than_the_view_takes_is_refused(api: APIClient) -> None:
    fits = json.dumps({"word": "a", "more": "x" * 32})
    assert _post(api, fits, path="/api/v1/small").status_code == 201
    before = selectors.entries_about("T-done").count()
    assert before == 1
    answer = _post(api, json.dumps({"word": "a", "more": "x" * 64}), path="/api/v1/small")
    assert (answer.status_code, _code(answer)) == (413, "body-too-large")
    assert selectors.entries_about("T-done").count() == before


def test_a_body_larger_than_the_site_takes_is_refused(api: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = api.generic(
            "POST",
            "/api/v1/echo",
            '{"word": "%s"}' % ("x" * 200),
            content_type="application/json",
            headers=headers,
        )
        assert (answer.status_code, _code(answer)) == (413, "body-too-large")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


class _AnyView:
    allow_any_json = True


def _parse(body: bytes) -> Any:
    return StrictJSONParser().parse(io.BytesIO(body), "application/json", {"view": _AnyView()})


@given(value=JSON, ascii_only=st.booleans())
def test_any_honest_json_is_read_as_it_was_written(value: Any, ascii_only: bool) -> None:
    assert _parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_never_crash(body: bytes) -> None:
    with suppress(APIException):
        _parse(body)
