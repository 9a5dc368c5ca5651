"""The contract of a channel as a test class: subclass it, say which channel and which configuration."""

# ruff: noqa: S101 - this is a test

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, ClassVar
from unittest import mock

import pytest
from django.forms import Form

from coordination.channels.channel import (
    API_VERSION,
    Channel,
    ChecksHealth,
    InauthenticInbound,
    InboundRequest,
    ReceivesInbound,
    TracksStatus,
)
from coordination.channels.kit import KitSettings, MailSettings, configure, current, mail_settings, start_host
from coordination.channels.messages import Message, MessageKind, Rendered
from coordination.channels.receipts import (
    DeliveryError,
    Receipt,
    ReceiptLevel,
    TemporaryFailure,
    UnsupportedFeature,
)
from coordination.channels.registry import SLUG
from coordination.channels.secrets import fingerprint, resolve
from coordination.channels.testing import samples
from coordination.channels.testing.partner import FakePartner
from coordination.channels.testing.situations import EXPECTED, RETRY_AFTER, Partner, Situation

PATIENCE = 0.5  # seconds that a channel waits for a partner in these tests


class ChannelContract:
    """What every channel keeps. Say `channel_class` and `config`.

    `{partner}` in the configuration becomes the address of the partner.
    `secrets` gives the values of the references in `config`. `partner_class` is FakePartner (HTTP) or
    FakeMailbox.
    """

    channel_class: ClassVar[type[Channel]]
    config: ClassVar[Mapping[str, Any]]
    secrets: ClassVar[Mapping[str, str]] = {}
    partner_class: ClassVar[type[Partner]] = FakePartner

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask for what this channel and its partner can do: nothing is skipped."""
        choices: dict[str, Iterable[StrEnum]] = {
            "kind": MessageKind,
            "carried": self.channel_class.info.kinds,
            "situation": self.partner_class.situations,
        }
        marks = metafunc.definition.iter_markers("parametrize")
        own = {name.strip() for mark in marks for name in str(mark.args[0]).split(",")}
        for name in sorted(choices.keys() & set(metafunc.fixturenames) - own):
            metafunc.parametrize(name, sorted(choices[name]))

    @pytest.fixture
    def partner(self) -> Iterator[Partner]:
        """Start the partner, and let the kit reach it and nothing else."""
        from django.conf import settings as django_settings

        before = current()
        with self.partner_class() as partner:
            mail = MailSettings(
                host="127.0.0.1", port=partner.port, timeout=PATIENCE, sender="desk@platform.example"
            )
            kit = KitSettings(
                allowed_networks=("127.0.0.0/8",),
                allow_plain_http=True,
                http_seconds=PATIENCE,
                platform_name="Lanternchat",
                platform_domain="lanternchat.example",
                mail=mail,
            )
            if not django_settings.configured:
                start_host(kit)
            from django.test import override_settings

            values = {f"SECRET_{name}": value for name, value in self.secrets.items()}
            with mock.patch.dict(os.environ, values), override_settings(**mail_settings(mail)):
                configure(kit)
                yield partner
                configure(before)

    @pytest.fixture
    def channel(self, partner: Partner) -> Channel:
        """Build the channel as a plugin host does: from the cleaned form, secrets looked up."""
        return self.channel_class(resolve(self._clean(partner)))

    def test_it_says_what_it_is(self) -> None:
        info = self.channel_class.info
        assert SLUG.fullmatch(info.slug)
        assert info.title, "its title is what a liaison chooses it by"
        assert info.kinds, "it carries no kind of message"
        assert info.api_version.partition(".")[0] == API_VERSION.partition(".")[0]
        assert info.deadline_seconds > 0
        assert info.max_concurrency > 0

    def test_its_configuration_is_plain_json_and_comes_back_the_same(self, partner: Partner) -> None:
        cleaned = self._clean(partner)
        assert json.loads(json.dumps(cleaned)) == cleaned
        assert fingerprint(self.channel_class.info.slug, cleaned).startswith("sha256:")
        form = self.channel_class.config_form(data=cleaned)
        assert form.is_valid(), _wrong_with(form)
        assert form.cleaned_data == cleaned

    def test_it_shows_no_secret(self, channel: Channel) -> None:
        shown = repr(channel) + repr(vars(channel)) + str(channel.config)
        for value in self.secrets.values():
            assert value not in shown

    def test_it_renders_the_same_bytes_each_time_or_says_that_it_cannot(
        self, kind: MessageKind, channel: Channel, partner: Partner
    ) -> None:
        sample = samples.message(kind)
        if kind not in self.channel_class.info.kinds:
            with _expected(UnsupportedFeature, f"render of a {kind}, which is not among its kinds"):
                channel.render(sample)
            return
        first = channel.render(sample)
        assert isinstance(first, Rendered)
        assert first.content, "the content is empty"
        assert first.preview, "a reviewer reads the preview, and it is empty"
        assert "/" in first.media_type, "the media type is none, such as application/json"
        again = self.channel_class(resolve(self._clean(partner))).render(sample)
        assert again == first, "render is pure: no clock, nothing random, the same bytes each time"
        assert partner.contacts == 0, "render is pure: it sends nothing"

    def test_it_drops_nothing_of_a_body(self, carried: MessageKind, channel: Channel) -> None:
        whole = channel.render(samples.message(carried)).content
        for changed in _with_one_text_changed(samples.message(carried)):
            assert channel.render(changed).content != whole, "a text of the body makes no difference"

    def test_it_tells_what_became_of_a_delivery(
        self, situation: Situation, channel: Channel, partner: Partner
    ) -> None:
        sample = self._sample()
        rendered = channel.render(sample)
        partner.be(situation)
        expected = EXPECTED[situation]
        if expected is None:
            self._check_receipt(channel.deliver(rendered, samples.attempt(sample)), sample)
            return
        with _expected(expected, f"deliver to a partner that {situation}") as raised:
            channel.deliver(rendered, samples.attempt(sample))
        for value in self.secrets.values():
            assert value not in str(raised.value)
        if situation is Situation.BUSY and isinstance(raised.value, TemporaryFailure):
            assert raised.value.retry_after == RETRY_AFTER

    def test_a_second_try_has_no_second_effect_if_it_says_so(
        self, channel: Channel, partner: Partner
    ) -> None:
        sample = self._sample()
        rendered = channel.render(sample)
        for number in (1, 2):
            channel.deliver(rendered, samples.attempt(sample, number))
        assert partner.contacts == 2  # noqa: PLR2004 - the two tries
        if self.channel_class.info.deduplicates:
            assert partner.effects == [sample.id]

    def test_its_powers_keep_their_word(self, channel: Channel, partner: Partner) -> None:
        """Try what the class implements beside render and deliver, as docs/channels.md says of each power."""
        if isinstance(channel, ReceivesInbound):
            forged = InboundRequest(
                method="POST",
                path="/inbound/1/",
                headers={"content-type": "application/json"},
                body=b'{"type": "acknowledged", "id": "1"}',
            )
            with _expected(InauthenticInbound, "parse_inbound of what nobody signed"):
                channel.parse_inbound(forged)
        if isinstance(channel, ChecksHealth):
            assert channel.check_health().healthy, "the partner is up, and check_health says that it is not"
            assert partner.contacts == 0, "check_health sends nothing"
        partner.be(Situation.DOWN)
        if isinstance(channel, ChecksHealth):
            assert not _healthy(channel), "the partner is down, and check_health says that it is up"
        if isinstance(channel, TracksStatus):
            sample = self._sample()
            moment = samples.attempt(sample).started_at
            last = Receipt(message_id=sample.id, level=ReceiptLevel.ACCEPTED, occurred_at=moment)
            with _expected(DeliveryError, "fetch_status while the partner is down"):
                channel.fetch_status(sample.id, last)

    def _clean(self, partner: Partner) -> dict[str, Any]:
        config = {
            name: value.replace("{partner}", partner.address) if isinstance(value, str) else value
            for name, value in self.config.items()
        }
        form = self.channel_class.config_form(data=config)
        assert form.is_valid(), _wrong_with(form)
        return dict(form.cleaned_data)

    def _sample(self) -> Message:
        return samples.message(min(self.channel_class.info.kinds))

    def _check_receipt(self, receipt: Receipt, sample: Message) -> None:
        assert receipt.message_id == sample.id, "the receipt is of another message"
        assert receipt.level in set(ReceiptLevel)
        assert receipt.occurred_at.tzinfo is not None, "occurred_at has no zone"
        digest = receipt.wire_digest
        assert digest.startswith("sha256:"), (
            "a receipt of deliver says what was sent: wire_digest=answer.wire_digest"
        )


@contextmanager
def _expected(kind: type[Exception], where: str) -> Iterator["pytest.ExceptionInfo[Exception]"]:
    """Expect an error of this kind; where there is none, or another, say where and which."""
    try:
        with pytest.raises(kind) as raised:
            yield raised
    except pytest.fail.Exception:
        pytest.fail(f"{where}: raise {kind.__name__}, it raised nothing")
    except Exception as error:
        raised_instead = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{where}: raise {kind.__name__}, not {raised_instead}") from error


def _healthy(channel: ChecksHealth) -> bool:
    try:
        return channel.check_health().healthy
    except DeliveryError:
        return False


def _wrong_with(form: Form) -> str:
    """Say what is wrong with a configuration, field by field."""
    said = "; ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
    return f"`config` of the test is no configuration of this channel: {said}"


def _with_one_text_changed(sample: Message) -> Iterator[Message]:
    for field in dataclasses.fields(sample.body):
        value = getattr(sample.body, field.name)
        changed: Any = None
        if isinstance(value, str) and value:
            changed = value + " Changed."
        elif isinstance(value, tuple) and value:
            changed = value[:-1]
        if changed is not None:
            yield dataclasses.replace(sample, body=dataclasses.replace(sample.body, **{field.name: changed}))
