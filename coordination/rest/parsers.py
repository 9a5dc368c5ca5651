"""Reading bodies: JSON as RFC 8259 means it, and nothing that two readers could understand differently."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser

from coordination.rest.codes import Problem

DEEPEST = 32


class StrictJSONParser(BaseParser):
    """One JSON object in UTF-8, of bounded size.

    Refused: NaN and infinities, numbers that overflow to one, a key given twice, NUL and lone surrogates (no
    column could keep them), another top level than an object unless the view sets `allow_any_json`, more than
    32 levels of nesting, and more bytes than the view's `max_body_bytes` (default
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body, or raise the problem with it."""
        view = (parser_context or {}).get("view")
        _check_charset(media_type or "")
        limit = getattr(view, "max_body_bytes", None) or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = _read(stream, limit, hint=getattr(view, "too_large", ""))
        parsed = _loads(body)
        _check_depth(parsed)
        if not isinstance(parsed, dict) and not getattr(view, "allow_any_json", False):
            raise ParseError("The body is one JSON object.")
        return parsed


def _check_charset(media_type: str) -> None:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMediaType(media_type)


def _read(stream: IO[Any], limit: int, *, hint: str) -> bytes:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem("body-too-large", f"The body is larger than {limit} bytes. {hint}".strip())
    return body


def _loads(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        _check_text(text)  # first: what follows names keys
        parsed = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=int
        )
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"Not JSON at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise Problem("body-too-deep", f"The body is nested more than {DEEPEST} levels deep.") from None
    except ValueError:  # a whole number of more digits than Python reads
        raise ParseError("A number in the body is too long.") from None
    return parsed


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise Problem("body-too-deep", f"The body is nested more than {DEEPEST} levels deep.")


def _check_text(text: str) -> None:
    """Refuse escapes for characters that no column keeps; raw ones are no UTF-8, or no JSON, already."""
    if "\\u" not in text:
        return
    decoded = json.loads(text)
    for string in _strings(decoded):
        if "\x00" in string or any("\ud800" <= character <= "\udfff" for character in string):
            raise ParseError("A text in the body holds NUL or half a character.")


def _strings(value: Any) -> Any:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            waiting.extend(current)
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise ValidationError({key: "Given twice."}, code="duplicate")
        read[key] = value
    return read


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ParseError("A number in the body is too large.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON.")
