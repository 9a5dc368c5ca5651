"""Plugins are loaded from the allow-list, and one that misbehaves harms nobody else."""

import logging
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from coordination.channels import MessageKind, Receipt, ReceiptLevel, registry
from coordination.channels.testing import samples

Install = Callable[..., None]

CHANNEL = """
from django import forms
from coordination.channels import *

class Example(Channel):
    info = ChannelInfo(
        slug="{slug}", title="Example", kinds=frozenset(MessageKind), deduplicates=False, {more}
    )
    config_form = forms.Form

    def render(self, message):
        raise UnsupportedFeature

    def deliver(self, rendered, attempt):
        raise TemporaryFailure

@hookimpl
def register_channels():
    return [Example]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Install]:
    """Install distributions with one plugin each, and allow them beside the signed webhook."""
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.PLUGINS_ALLOWED = ["signed_webhook"]

    def write(name: str, source: str, *, allow: bool = True, distribution: str = "") -> None:
        module = f"h_{name}_{abs(hash((str(tmp_path), name, distribution)))}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        info = tmp_path / f"{distribution or name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[coordination.plugins]\n{name} = {module}\n")
        if allow and name not in settings.PLUGINS_ALLOWED:
            settings.PLUGINS_ALLOWED = [*settings.PLUGINS_ALLOWED, name]
        registry.survey.cache_clear()

    registry.survey.cache_clear()
    yield write
    registry.survey.cache_clear()


def problems() -> set[str]:
    return {each.id.removeprefix("coordination.channels.") for each in registry.survey().problems}


def test_the_plugins_of_the_tree_are_loaded_like_any_other() -> None:
    registry.survey.cache_clear()
    assert set(registry.channels()) == {"signed_webhook", "counsel_email", "platform_actions"}
    assert registry.plugin_of("signed_webhook") == "signed_webhook"
    assert registry.channel("signed_webhook").info.deduplicates


def test_an_unknown_slug_is_an_error_of_its_own() -> None:
    for look_up in (registry.channel, registry.plugin_of):
        with pytest.raises(registry.UnknownChannel):
            look_up("pigeon")


def test_a_plugin_of_a_third_party_takes_the_same_path(install: Install) -> None:
    install("third", CHANNEL.format(slug="third", more=""))
    assert registry.plugin_of("third") == "third"
    assert registry.load_one("third", "third").info.title == "Example"


def test_a_plugin_that_is_not_allowed_is_never_imported(install: Install) -> None:
    install("uninvited", "raise SystemExit('imported')", allow=False)
    assert set(registry.channels()) == {"signed_webhook"}


def test_an_allowed_plugin_that_is_not_installed_stops_the_start(
    install: Install, settings: Settings
) -> None:
    settings.PLUGINS_ALLOWED = ["signed_webhook", "forgotten"]
    assert problems() == {"E001"}
    with pytest.raises(ImproperlyConfigured, match=r"E001.*forgotten"):
        registry.channels()
    with pytest.raises(SystemCheckError, match=r"coordination\.channels\.E001"):
        call_command("check")


def test_plg_08_two_distributions_that_claim_one_name_stop_the_start(install: Install) -> None:
    install("third", CHANNEL.format(slug="third", more=""))
    install("third", CHANNEL.format(slug="third", more=""), distribution="confused")
    assert problems() == {"E001"}


def test_plg_08_two_plugins_with_one_channel_stop_the_start(install: Install) -> None:
    install("imposter", CHANNEL.format(slug="signed_webhook", more=""))
    assert problems() == {"E004"}


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("import nothing_of_this_name", "E002"),
        ("1 / 0", "E002"),
        ("from coordination.channels import hookimpl\n@hookimpl\ndef register_channels(): 1 / 0", "E002"),
        ("from coordination.channels import hookimpl\n@hookimpl\ndef register_chanels(): return []", "E003"),
        (
            "from coordination.channels import hookimpl\n@hookimpl\ndef receipt_recorded(nonsense): pass",
            "E003",
        ),
        (
            "from coordination.channels import hookimpl\n@hookimpl\ndef register_channels(): return [int]",
            "E006",
        ),
        (CHANNEL.format(slug="Not A Slug", more=""), "E006"),
        (CHANNEL.format(slug="half", more="").replace("def deliver", "def delivver"), "E006"),
        (CHANNEL.format(slug="later", more='api_version="2.0"'), "E005"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_named_by_its_check(
    source: str, check: str, install: Install
) -> None:
    install("broken", source)
    install("sound", CHANNEL.format(slug="sound", more=""))
    assert problems() == {check}
    assert "sound" in registry.survey().channels, "the others are told apart from it"


def test_a_later_minor_version_is_taken(install: Install) -> None:
    install("minor", CHANNEL.format(slug="minor", more='api_version="1.9"'))
    assert "minor" in registry.channels()


HOOKS = """
from coordination.channels import hookimpl
heard = []
@hookimpl
def object_to_delivery(message, channel_slug, destination):
    return f"{channel_slug} to {destination} is closed" if message.reference == "R-7F3K-9QWD" else None
@hookimpl
def receipt_recorded(message_id, receipt):
    heard.append((message_id, receipt.level))
@hookimpl
def describe_receipt(channel_slug, receipt):
    return "Taken." if channel_slug == "sound" else None
"""
RAISING = """
from coordination.channels import hookimpl
@hookimpl
def object_to_delivery(): raise RuntimeError("a victim's address")
@hookimpl
def receipt_recorded(): raise RuntimeError("a victim's address")
@hookimpl
def describe_receipt(): raise RuntimeError("a victim's address")
"""
RECEIPT = Receipt(message_id="m", level=ReceiptLevel.ACCEPTED, occurred_at=samples.MOMENT)


def test_any_objection_holds(install: Install) -> None:
    install("hooks", HOOKS)
    message = samples.message(MessageKind.TEST)
    assert registry.objections(message, "sound", "D-1") == ["sound to D-1 is closed"]


def test_without_hooks_nobody_objects(install: Install) -> None:
    assert registry.objections(samples.message(MessageKind.TEST), "signed_webhook", "D-1") == []


def test_a_plugin_that_raises_objects_and_the_others_are_asked(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("raising", RAISING)
    install("hooks", HOOKS)
    found = registry.objections(samples.message(MessageKind.TEST), "sound", "D-1")
    assert len(found) == 2
    assert any("raising failed" in each for each in found)
    assert "victim" not in caplog.text + "".join(found)


def test_a_receipt_is_announced_to_all_though_one_raises(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("first", HOOKS)
    install("raising", RAISING)
    install("last", HOOKS)
    with caplog.at_level(logging.ERROR):
        registry.announce_receipt("m", RECEIPT)
    manager = registry.registry().manager
    for name in ("first", "last"):
        plugin = manager.get_plugin(name)
        assert plugin is not None
        assert plugin.heard == [("m", ReceiptLevel.ACCEPTED)]
    assert "receipt_recorded of raising raised RuntimeError" in caplog.text


def test_the_first_description_wins_and_the_kit_has_its_own(install: Install) -> None:
    install("raising", RAISING)
    install("hooks", HOOKS)
    assert registry.describe("sound", RECEIPT) == "Taken."
    assert registry.describe("other", RECEIPT) == "Their system took it."
