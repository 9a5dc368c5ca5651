"""Secrets by reference.

A destination stores `secret:NAME`; the value is looked up when work is handed out.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from django import forms
from django.conf import settings

from coordination.channels.codec import canonical_json

PREFIX: Final = "secret:"
REFERENCE: Final = re.compile(r"secret:([A-Z][A-Z0-9_]{0,63})")
# SECRET_KEY is Django's, and no partner's: `secret:KEY` must not hand it to a plugin.
RESERVED: Final = re.compile(r"KEY(_.*)?")
MARK: Final = "$secret"
LARGEST: Final = 64 * 1024


class SecretNotFound(LookupError):
    """The secret that a reference names is not there, or the reference names none that a channel may have."""


class Secret:
    """A value that shows itself only when asked by `reveal()`: not in repr, str, format, pickle or JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value. Use it at once and keep it nowhere."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


class SecretReferenceField(forms.CharField):
    """Takes `secret:NAME` and nothing else, so that no value can be typed into a form and stored."""

    default_error_messages = {
        "reference": "Name the secret as secret:NAME, in capitals, digits and underscores. Never its value.",
        "reserved": "This name is the platform's own; choose another.",
    }

    def clean(self, value: Any) -> Any:
        """Return the reference, or the empty string where none is required."""
        text = super().clean(value)
        if text in self.empty_values:
            return ""
        matched = REFERENCE.fullmatch(text)
        if not matched:
            raise forms.ValidationError(self.error_messages["reference"], code="reference")
        if RESERVED.fullmatch(matched[1]):
            raise forms.ValidationError(self.error_messages["reserved"], code="reserved")
        return text


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with each reference replaced by a Secret. Raises SecretNotFound."""
    return {key: _resolved(value) for key, value in config.items()}


def pack(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resolved configuration as plain JSON values: for the pipe to a host, never a log."""
    return {key: _packed(value) for key, value in config.items()}


def unpack(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `pack` was given."""
    return {key: _unpacked(value) for key, value in config.items()}


def fingerprint(slug: str, config: Mapping[str, Any]) -> str:
    """Return `sha256:…` over the canonical JSON of channel and configuration, references and never values.

    A value that is renewed under the same reference keeps the fingerprint, so what was approved still leaves.
    """
    return "sha256:" + hashlib.sha256(canonical_json({"channel": slug, "config": config})).hexdigest()


def look_up(name: str) -> Secret:
    """Return the secret from the file NAME in SECRETS_DIR, else from the environment as SECRET_NAME."""
    if RESERVED.fullmatch(name):
        raise SecretNotFound(f"secret:{name} is the platform's own")
    directory = getattr(settings, "SECRETS_DIR", "")
    if directory and (path := Path(directory) / name).is_file():
        with path.open("rb") as file:
            return Secret(file.read(LARGEST).decode().strip())
    if value := os.environ.get(f"SECRET_{name}", ""):
        return Secret(value)
    raise SecretNotFound(f"secret:{name} is neither a file in SECRETS_DIR nor in the environment")


def _resolved(value: Any) -> Any:
    if isinstance(value, str):
        matched = REFERENCE.fullmatch(value)
        return look_up(matched[1]) if matched else value
    if isinstance(value, Mapping):
        return {key: _resolved(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(each) for each in value]
    return value


def _packed(value: Any) -> Any:
    if isinstance(value, Secret):
        return {MARK: value.reveal()}
    if isinstance(value, Mapping):
        return {key: _packed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(each) for each in value]
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {MARK}:
            return Secret(value[MARK])
        return {key: _unpacked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    return value
