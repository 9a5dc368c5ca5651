"""Each misconfiguration has its id."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from coordination.channels import checks


def ids(found: list[CheckMessage]) -> list[str]:
    assert all(each.hint for each in found)
    return [str(each.id).removeprefix("coordination.channels.") for each in found]


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (["10.20.0.0/16", "::1/128"], []),
        (["10.20.0.0/99"], ["E007"]),
        (["0.0.0.0/0"], ["W001"]),
        (["::/0"], ["W001"]),
    ],
)
def test_allowed_networks_are_networks(networks: list[str], expected: list[str], settings: Settings) -> None:
    settings.CHANNELS_ALLOWED_NETWORKS = networks
    assert ids(checks.networks_are_networks()) == expected


def test_secrets_are_closed_to_others(tmp_path: Path, settings: Settings) -> None:
    settings.SECRETS_DIR = str(tmp_path)
    tmp_path.chmod(0o750)
    assert ids(checks.secrets_are_private()) == []
    tmp_path.chmod(0o755)
    assert ids(checks.secrets_are_private()) == ["E008"]
    settings.SECRETS_DIR = ""
    assert ids(checks.secrets_are_private()) == []


def test_a_deployment_sends_over_tls(settings: Settings) -> None:
    settings.CHANNELS_ALLOW_PLAIN_HTTP = True
    assert ids(checks.production_sends_over_tls()) == ["W002"]
    settings.CHANNELS_ALLOW_PLAIN_HTTP = False
    assert ids(checks.production_sends_over_tls()) == []


def test_a_deployment_mails_over_tls(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "mail.platform.example", False
    assert ids(checks.production_mails_over_tls(())) == ["W003"]
    settings.EMAIL_USE_TLS = True
    assert ids(checks.production_mails_over_tls(())) == []
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    assert ids(checks.production_mails_over_tls(())) == []
