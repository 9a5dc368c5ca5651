"""Time stamps of checkpoints: a real authority over HTTP, and every answer that must not be kept."""

import hashlib
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rfc3161_client import TimestampRequestBuilder
from rfc3161_client.base import HashAlgorithm

from coordination.access.services import User
from coordination.cases import anchors
from coordination.cases import selectors as cases
from coordination.channels import kit
from coordination.core import clock
from coordination.desk.demo.authority import POLICY, Authority
from coordination.ledger import anchoring, selectors
from coordination.ledger.anchoring import AnchorBroken, AuthorityFailed
from coordination.ledger.models import Anchor, AnchorFailure, Checkpoint
from tests.ledger.trees import grow
from tests.timestamps import Served, serving

Shape = Callable[[Served, Any, Path], None]


@pytest.fixture
def checkpoint(db: None) -> Checkpoint:
    """The newest checkpoint, of a few entries."""
    grow(5)
    found = selectors.latest_checkpoint()
    assert found is not None
    return found


@pytest.fixture
def impatient() -> Iterator[None]:
    """Wait half a second for an answer."""
    before = kit.current()
    kit.configure(kit.KitSettings(allowed_networks=("127.0.0.0/8",), allow_plain_http=True, http_seconds=0.5))
    yield
    kit.configure(before)


def _ask(checkpoint: Checkpoint) -> Anchor:
    return anchoring.anchor(checkpoint, post=anchors.post)


def test_the_newest_checkpoint_is_stamped_once_and_the_stamp_holds(
    checkpoint: Checkpoint, timestamps: Served, tmp_path: Path
) -> None:
    assert anchors.anchor_newest()
    kept = Anchor.objects.get()
    assert kept.checkpoint == checkpoint
    assert abs(kept.stamped_at - clock.now()) < timedelta(seconds=30)
    assert kept.authority == "CN=Time stamps"
    anchoring.check(kept)
    assert not anchors.anchor_newest()
    assert len(timestamps.queries) == 1
    (tmp_path / "note").write_bytes(bytes(checkpoint.note))
    (tmp_path / "stamp").write_bytes(bytes(kept.response))
    command = ["openssl", "ts", "-verify", "-data", str(tmp_path / "note"), "-in", str(tmp_path / "stamp")]
    command += ["-CAfile", str(timestamps.authority.roots)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_it_is_asked_at_intervals_and_about_the_newest_alone(
    checkpoint: Checkpoint, timestamps: Served, settings: Any
) -> None:
    assert anchors.anchor_newest()
    grow(2)
    assert anchoring.due() is None
    with clock.frozen(clock.now() + settings.LEDGER_ANCHOR_EVERY + timedelta(seconds=1)):
        newest = selectors.latest_checkpoint()
        assert anchoring.due() == newest != checkpoint


def test_without_an_authority_nothing_is_asked(checkpoint: Checkpoint, settings: Any) -> None:
    settings.LEDGER_AUTHORITY_URL = ""
    assert not anchors.anchor_newest()
    assert selectors.standing().anchored_at is None
    assert selectors.standing().unanchored == checkpoint.size


def _other_nonce(served: Served, settings: Any, _: Path) -> None:
    """Stamp the right bytes, as asked by somebody else: another nonce."""
    note = bytes(Checkpoint.objects.order_by("-size")[0].note)
    served.will_send(served.authority.stamp(_query(note)))


def _other_imprint(served: Served, settings: Any, _: Path) -> None:
    """Stamp another digest under the nonce that was asked for."""
    note = bytes(Checkpoint.objects.order_by("-size")[0].note)

    def answer(handler: Any, query: bytes) -> None:
        digest, other = hashlib.sha256(note).digest(), hashlib.sha256(b"another").digest()
        assert digest in query
        handler.reply(served.authority.stamp(query.replace(digest, other)))

    served.will(answer)


def _unknown_authority(served: Served, settings: Any, folder: Path) -> None:
    settings.LEDGER_AUTHORITY_ROOTS = str(Authority(folder / "another").roots)


def _expired(served: Served, settings: Any, folder: Path) -> None:
    old = Authority(folder / "old", begins=-timedelta(days=9), lasts=timedelta(days=8))
    served.will(lambda handler, query: handler.reply(old.stamp(query)))
    settings.LEDGER_AUTHORITY_ROOTS = str(old.roots)


def _refuses(served: Served, settings: Any, _: Path) -> None:
    """Say so as the protocol has it: the request asks for a digest that it does not take."""
    sha512 = TimestampRequestBuilder().data(b"x").hash_algorithm(HashAlgorithm.SHA512).build()
    config = served.authority.folder / "ts.cnf"
    config.write_text(config.read_text().replace("sha256, sha512", "sha384"))
    served.will_send(served.authority.stamp(sha512.as_bytes()))


def _wants_another_policy(served: Served, settings: Any, _: Path) -> None:
    settings.LEDGER_AUTHORITY_POLICY = "1.2.3.4"


def _elsewhere(served: Served, settings: Any, _: Path) -> None:
    settings.LEDGER_AUTHORITY_URL = "http://127.0.0.1:9/"


def _forbidden(served: Served, settings: Any, _: Path) -> None:
    settings.LEDGER_AUTHORITY_URL = "http://169.254.169.254/"


WRONG: dict[str, tuple[Shape, str]] = {
    "wrong nonce": (_other_nonce, "Nonce mismatch"),
    "wrong imprint": (_other_imprint, "Mismatch between messages"),
    "unknown authority": (_unknown_authority, "does not hold: Error while verifying certificates"),
    "a certificate that ran out": (_expired, "does not hold: Error while verifying certificates"),
    "another policy": (_wants_another_policy, "Policy ID mismatch"),
    "a refusal": (_refuses, "refused (status 2)"),
    "an HTTP error": (lambda served, _, __: served.will(lambda h, _: h.send_error(500)), "HTTP 500"),
    "HTTP not found": (lambda served, _, __: served.will(lambda h, _: h.send_error(404)), "HTTP 404"),
    "too large": (lambda served, _, __: served.will_send(bytes(100_000)), "larger than"),
    "garbage": (lambda served, _, __: served.will_send(b"\x30\x03garbage"), "no time stamp"),
    "nothing": (lambda served, _, __: served.will_send(b""), "no time stamp"),
    "a web page": (lambda served, _, __: served.will_send(b"<p>", "text/html"), "not of the type"),
    "nobody there": (_elsewhere, "did not answer: no connection"),
    "an address that nothing may reach": (_forbidden, "not an address that channels may reach"),
}


@pytest.mark.parametrize("name", WRONG)
def test_evd_05_what_is_no_good_stamp_is_not_kept_and_said(
    name: str, timestamps: Served, settings: Any, tmp_path: Path, administrator: User
) -> None:
    grow(5)
    shape, why = WRONG[name]
    shape(timestamps, settings, tmp_path)
    assert not anchors.anchor_newest()
    assert not Anchor.objects.exists()
    assert why in AnchorFailure.objects.get().why
    standing = selectors.standing()
    assert standing.anchored_at is None
    assert standing.unanchored >= 5
    assert why in standing.failed
    (task,) = cases.waiting_for(administrator)
    assert task.kind == "unanchored"


def test_evd_05_an_authority_that_hangs_is_given_up_at_the_deadline(
    checkpoint: Checkpoint, timestamps: Served, impatient: None
) -> None:
    timestamps.will_hang(3.0)
    began = time.monotonic()
    with pytest.raises(AuthorityFailed, match="did not answer"):
        _ask(checkpoint)
    assert time.monotonic() - began < 2.0
    assert AnchorFailure.objects.count() == 1


def test_evd_05_it_is_asked_again_and_the_alarm_ends_with_a_good_stamp(
    checkpoint: Checkpoint, timestamps: Served, administrator: User
) -> None:
    now = clock.now()
    timestamps.will_send(b"")
    with clock.frozen(now - anchoring.AGAIN - timedelta(seconds=1)):
        assert not anchors.anchor_newest()
    (task,) = cases.waiting_for(administrator)
    timestamps.will(None)
    with clock.frozen(now - timedelta(seconds=2)):
        assert anchoring.due() is None, "not at once"
    assert anchors.anchor_newest()
    assert selectors.standing().failed == ""
    task.refresh_from_db()
    assert task.state == "done"


def test_a_stamp_of_another_time_than_ours_is_not_kept(checkpoint: Checkpoint, timestamps: Served) -> None:
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert not anchors.anchor_newest()
    assert "another time than our clock" in AnchorFailure.objects.get().why


def test_evd_01_of_2_000_flipped_bits_of_a_kept_answer_none_is_missed(
    checkpoint: Checkpoint, timestamps: Served
) -> None:
    kept = _ask(checkpoint)
    whole, chance = bytes(kept.response), random.Random(5)
    for bit in chance.sample(range(len(whole) * 8), 2_000):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        kept.response = bytes(flipped)
        with pytest.raises(AnchorBroken):
            anchoring.check(kept)
        # Whoever writes the digest anew as well gains nothing where the authority signed.
        kept.digest = hashlib.sha256(kept.response).digest()
        _holds_only_outside_of_what_is_signed(kept, whole)
        kept.response, kept.digest = whole, hashlib.sha256(whole).digest()
    anchoring.check(kept)


def _holds_only_outside_of_what_is_signed(kept: Anchor, whole: bytes) -> None:
    """What still holds says the same time of the same note, by the same authority."""
    try:
        anchoring.check(kept)
    except AnchorBroken:
        return
    assert hashlib.sha256(bytes(kept.checkpoint.note)).digest() in bytes(kept.response)
    assert f"{kept.stamped_at:%Y%m%d%H%M%SZ}".encode() in bytes(kept.response)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("stamped_at", timedelta(seconds=1), "another time than its row"),
        ("authority", "CN=Another", "another authority"),
        ("nonce", b"\x01", "Nonce mismatch"),
        ("digest", bytes(32), "not the one that was kept"),
    ],
)
def test_a_row_that_says_something_else_than_its_stamp_is_found(
    field: str, value: Any, why: str, checkpoint: Checkpoint, timestamps: Served
) -> None:
    kept = _ask(checkpoint)
    shifted = kept.stamped_at + value if isinstance(value, timedelta) else value
    setattr(kept, field, shifted)
    with pytest.raises(AnchorBroken, match=why):
        anchoring.check(kept)


def test_a_stamp_under_another_checkpoint_is_found(checkpoint: Checkpoint, timestamps: Served) -> None:
    kept = _ask(checkpoint)
    grow(3)
    kept.checkpoint = Checkpoint.objects.order_by("-size")[0]
    with pytest.raises(AnchorBroken, match="Mismatch between messages"):
        anchoring.check(kept)


def test_a_stamp_holds_after_its_certificate_ended(
    checkpoint: Checkpoint, settings: Any, tmp_path: Path
) -> None:
    short = Authority(tmp_path / "short", begins=-timedelta(minutes=1), lasts=timedelta(seconds=64))
    with serving(short) as served:
        settings.LEDGER_AUTHORITY_URL, settings.LEDGER_AUTHORITY_ROOTS = served.url, str(short.roots)
        kept = _ask(checkpoint)
        time.sleep(5)
        anchoring.check(kept)
        with pytest.raises(AuthorityFailed):
            _ask(checkpoint)


@pytest.mark.parametrize("value", ["", "/nowhere/roots.pem", "empty"])
def test_an_authority_without_roots_is_no_setting(
    value: str, checkpoint: Checkpoint, timestamps: Served, settings: Any, tmp_path: Path
) -> None:
    if value == "empty":
        (tmp_path / "empty.pem").touch()
        value = str(tmp_path / "empty.pem")
    settings.LEDGER_AUTHORITY_ROOTS = value
    with pytest.raises(ImproperlyConfigured, match="LEDGER_AUTHORITY_ROOTS"):
        _ask(checkpoint)


def test_the_authority_is_one_for_examples() -> None:
    assert POLICY.startswith("1.3.6.1.4.1.32473")


def _query(data: bytes) -> bytes:
    return bytes(TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes())
