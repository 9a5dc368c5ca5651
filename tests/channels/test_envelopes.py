"""Signed webhooks, checked by code that is not ours: the standardwebhooks library."""

import random
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from coordination.channels import (
    BadKey,
    InauthenticInbound,
    sign_webhook,
    verify_webhook,
)

BODY = '{"message": "Grüße"}'.encode()
NOW = datetime.now(UTC)
OLD, NEW = ("whsec_" + b64encode(bytes([each]) * 32).decode() for each in (1, 2))
ED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PRIVATE = "whsk_" + b64encode(bytes(range(32))).decode()
PUBLIC = "whpk_" + b64encode(ED.public_key().public_bytes_raw()).decode()


def verify(headers: dict[str, str], keys: str, body: bytes = BODY, now: datetime = NOW) -> str:
    return verify_webhook(body, headers, keys, now=now)


def test_the_reference_library_takes_our_signature() -> None:
    now = datetime.now(UTC)  # the library takes nothing that is older than five minutes
    assert Webhook(OLD).verify(BODY, sign_webhook("msg_1", now, BODY, OLD))


def test_we_take_the_signature_of_the_reference_library() -> None:
    signature = Webhook(OLD).sign("msg_1", NOW, BODY.decode())
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(NOW.timestamp())),
        "Webhook-Signature": signature,
    }
    assert verify(headers, OLD) == "msg_1"


def test_the_vector_of_the_specification_holds() -> None:
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = sign_webhook(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        moment,
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_ed25519_signs_and_the_public_key_verifies() -> None:
    headers = sign_webhook("msg_1", NOW, BODY, PRIVATE)
    assert headers["webhook-signature"].startswith("v1a,")
    assert verify(headers, PUBLIC) == "msg_1"
    assert verify(headers, PRIVATE) == "msg_1"


def test_hko_05_keys_overlap_while_one_is_changed() -> None:
    both = sign_webhook("msg_1", NOW, BODY, f"{NEW}\n{OLD}")
    assert verify(both, OLD) == verify(both, NEW) == "msg_1"
    assert verify(sign_webhook("msg_1", NOW, BODY, OLD), f"{NEW} {OLD}") == "msg_1"
    with pytest.raises(InauthenticInbound):
        verify(sign_webhook("msg_1", NOW, BODY, OLD), NEW)


@pytest.mark.parametrize("age", [301, -301])
def test_hki_01_too_old_or_from_the_future_is_refused(age: int) -> None:
    headers = sign_webhook("msg_1", NOW, BODY, OLD)
    with pytest.raises(InauthenticInbound, match="old"):
        verify(headers, OLD, now=NOW + timedelta(seconds=age))
    assert verify(headers, OLD, now=NOW + timedelta(seconds=298))


@pytest.mark.parametrize("keys", [OLD, PUBLIC])
def test_hki_02_ten_thousand_flipped_bits_are_refused(keys: str) -> None:
    headers = sign_webhook("msg_1", NOW, BODY, PRIVATE if keys == PUBLIC else keys)
    chance = random.Random(20260306)
    names = ["body", *headers]
    for _ in range(10_000 if keys == OLD else 500):
        name = chance.choice(names)
        value = bytearray(BODY if name == "body" else headers[name].encode())
        place = chance.randrange(len(value) * 8)
        value[place // 8] ^= 1 << (place % 8)
        changed = dict(headers) if name == "body" else {**headers, name: value.decode("latin-1")}
        body = bytes(value) if name == "body" else BODY
        with pytest.raises(InauthenticInbound):
            verify(changed, keys, body)


def test_hki_02_an_algorithm_is_not_taken_for_another() -> None:
    # A forger who knows the public key uses it as if it were a shared secret.
    forged = sign_webhook("msg_1", NOW, BODY, PUBLIC.replace("whpk_", "whsec_"))
    with pytest.raises(InauthenticInbound):
        verify(forged, PUBLIC)
    relabelled = {**forged, "webhook-signature": forged["webhook-signature"].replace("v1,", "v1a,")}
    with pytest.raises(InauthenticInbound):
        verify(relabelled, PUBLIC)


@pytest.mark.parametrize(
    "keys", ["", "  ", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"]
)
def test_hki_02_an_empty_short_or_malformed_key_signs_and_verifies_nothing(keys: str) -> None:
    with pytest.raises(BadKey):
        sign_webhook("msg_1", NOW, BODY, keys)
    with pytest.raises(BadKey):
        verify(sign_webhook("msg_1", NOW, BODY, OLD), keys)


def test_hki_02_a_doubled_or_missing_header_is_refused() -> None:
    headers = sign_webhook("msg_1", NOW, BODY, OLD)
    with pytest.raises(InauthenticInbound):
        verify({**headers, "Webhook-Id": "msg_2"}, OLD)
    for name in headers:
        with pytest.raises(InauthenticInbound):
            verify({key: value for key, value in headers.items() if key != name}, OLD)


def test_a_message_id_that_could_shift_the_signed_content_is_refused() -> None:
    for message_id in ("msg.1", "msg 1", "", "msg\n1"):
        with pytest.raises(BadKey):
            sign_webhook(message_id, NOW, BODY, OLD)
