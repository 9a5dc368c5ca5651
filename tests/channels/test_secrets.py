"""Secrets are named, looked up late, and shown to nobody."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from django import forms
from pytest_django import Settings

from coordination.channels import Secret, SecretNotFound, SecretReferenceField, fingerprint
from coordination.channels.secrets import pack, resolve, unpack

VALUE = "whsec_never-shown"


def test_a_secret_shows_itself_to_nothing_but_reveal() -> None:
    secret = Secret(VALUE)
    assert secret.reveal() == VALUE
    assert VALUE not in f"{secret} {secret!r} {[secret]}"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leak(secret)
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("text", ["secret:PARTNER", "secret:A", "secret:A1_B"])
def test_the_field_takes_a_reference(text: str) -> None:
    assert SecretReferenceField().clean(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "whsec_abc",
        "secret:",
        "secret:lower",
        "secret:../../etc",
        "secret:A B",
        "SECRET:A",
        "secret:_A",
        "secret:1A",
    ],
)
def test_the_field_takes_no_value(text: str) -> None:
    with pytest.raises(forms.ValidationError) as raised:
        SecretReferenceField().clean(text)
    assert "whsec_abc" not in str(raised.value)


@pytest.mark.parametrize("name", ["KEY", "KEY_FALLBACKS"])
def test_no_reference_reaches_the_key_of_the_platform(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SECRET_{name}", "django's own")
    with pytest.raises(forms.ValidationError):
        SecretReferenceField().clean(f"secret:{name}")
    with pytest.raises(SecretNotFound):
        resolve({"a": f"secret:{name}"})


def test_a_file_comes_before_the_environment(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRETS_DIR = str(tmp_path)
    monkeypatch.setenv("SECRET_PARTNER", "of the environment")
    assert resolve({"key": "secret:PARTNER"})["key"].reveal() == "of the environment"
    (tmp_path / "PARTNER").write_text("of the file\n")
    assert resolve({"key": "secret:PARTNER"})["key"].reveal() == "of the file"


def test_references_are_found_at_any_depth_and_other_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_PARTNER", VALUE)
    config = {"a": {"b": ["secret:PARTNER", "secret: not one", 3]}, "c": True}
    found = resolve(config)
    assert found["a"]["b"][0] == Secret(VALUE)
    assert found["a"]["b"][1:] == ["secret: not one", 3]
    assert found["c"] is True
    assert VALUE not in repr(found)


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(SecretNotFound, match="secret:NOBODY"):
        resolve({"key": "secret:NOBODY"})


def test_a_resolved_configuration_crosses_a_pipe_and_comes_back() -> None:
    config = {"key": Secret(VALUE), "list": [Secret("b"), "c"], "endpoint": "https://partner.example/"}
    assert unpack(json.loads(json.dumps(pack(config)))) == config


def test_the_fingerprint_binds_channel_and_references_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"endpoint": "https://partner.example/", "key": "secret:PARTNER"}
    first = fingerprint("signed_webhook", config)
    assert first == fingerprint("signed_webhook", dict(reversed(config.items())))
    monkeypatch.setenv("SECRET_PARTNER", "renewed")
    assert fingerprint("signed_webhook", config) == first
    assert fingerprint("other", config) != first
    assert fingerprint("signed_webhook", {**config, "endpoint": "https://other.example/"}) != first
    assert fingerprint("signed_webhook", {**config, "key": "secret:OTHER"}) != first


def test_the_fingerprint_refuses_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="Secret"):
        fingerprint("signed_webhook", {"key": Secret(VALUE)})
