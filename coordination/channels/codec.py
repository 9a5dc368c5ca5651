"""The kit's dataclasses as plain JSON values and back: what crosses to a plugin host is never a pickle."""

import dataclasses
import types
import typing
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache, partial
from typing import Any, TypeVar

import rfc8785

T = TypeVar("T")
PLAIN = (str, int, float, bool, types.NoneType)


def canonical_json(value: Any) -> bytes:
    """Return the RFC 8785 form of plain JSON values: the same value gives the same bytes on every machine."""
    return rfc8785.dumps(value)


def encode(value: Any) -> Any:
    """Return plain JSON values: bytes as base64, times as RFC 3339 in UTC, enums by value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, datetime):
        return _encode_time(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if dataclasses.is_dataclass(value):
        kind: Any = type(value)
        return {name: encode(getattr(value, name)) for name in _names(kind)}
    return _encode_container(value)


def _encode_container(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): encode(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [encode(each) for each in value]
    raise TypeError(f"{type(value).__name__} cannot cross the boundary")


def decode(kind: type[T], data: Any) -> T:
    """Return the dataclass that `encode` was given. Raises ValueError where the data has another shape."""
    try:
        return typing.cast("T", _decode(kind, data))
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a {kind.__name__}") from error


def _encode_time(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("a time without a zone cannot cross the boundary")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _decode_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time has a zone")
    moment.astimezone(UTC)  # the year 1 in Kiribati is before all time, and would break later
    return moment


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return {name: hint for name, hint in typing.get_type_hints(kind).items() if name in _names(kind)}


@cache
def _decoders(kind: Any) -> dict[str, Callable[[Any], Any]]:
    return {name: _decoder(hint) for name, hint in _hints(kind).items()}


@cache
def _decoder(hint: Any) -> Callable[[Any], Any]:
    """Return what decodes values of a type. A type is looked into once: a batch has thousands of values."""
    if hint is Any:
        return lambda data: data
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return partial(_decode_union, arguments)
    if origin in (tuple, frozenset):
        return lambda data: origin(_decode(arguments[0], each) for each in data)
    if origin is not None and issubclass(origin, Mapping):
        return lambda data: {key: _decode(arguments[1], each) for key, each in data.items()}
    return _decoder_of_class(hint)


def _decoder_of_class(kind: Any) -> Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind):
        return partial(_decode_dataclass, kind)
    if issubclass(kind, Enum):
        return partial(kind)
    if kind is datetime:
        return _decode_time
    if kind is bytes:
        return partial(b64decode, validate=True)
    return partial(_decode_plain, kind)


def _decode_dataclass(kind: Any, data: Any) -> Any:
    decoders = _decoders(kind)
    if unknown := set(data) - decoders.keys():
        raise ValueError(f"unknown fields of {kind.__name__}: {sorted(unknown)}")
    return kind(**{name: decoders[name](each) for name, each in data.items()})


def _decode_plain(kind: type[Any], data: Any) -> Any:
    if kind is float and type(data) is int:
        return float(data)
    if type(data) is not kind:
        raise ValueError(f"{kind.__name__} expected, not {type(data).__name__}")
    return data


def _decode_union(choices: Sequence[Any], data: Any) -> Any:
    if data is None and types.NoneType in choices:
        return None
    for choice in choices:
        if dataclasses.is_dataclass(choice) and not _fits(choice, data):
            continue
        if choice is not types.NoneType:
            return _decode(choice, data)
    raise ValueError("fits none of its kinds")


def _fits(kind: Any, data: Any) -> bool:
    """Tell whether the names are this dataclass's: the bodies of messages differ in their required names."""
    required = {
        each.name
        for each in dataclasses.fields(kind)
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    }
    return required <= set(data) <= set(_names(kind))


def _decode(hint: Any, data: Any) -> Any:
    return _decoder(hint)(data)
