"""Signed requests: what holds, what does not and why, and the proof that stays. RFC 9421 and RFC 9530."""

import base64
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from http_message_signatures import algorithms
from rest_framework.test import APIClient

from coordination.core import clock
from coordination.rest import signatures
from coordination.rest.callers import Standing
from coordination.rest.models import SeenNonce
from coordination.rest.problems import Problem
from coordination.rest.signatures import SignedRequest
from tests.rest.signing import content_digest, sign

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
ID = "ed25519-0123456789abcdef"
URL = "https://desk.example/api/v1/messages/7/acknowledge?x=1"
BODY = b'{"reference": "HC-26-1107"}'
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

# RFC 9421, appendix B.1.4 (the key), B.2 (the request) and B.2.6 (its signature).
RFC_KEY = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
RFC_INPUT = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
RFC_BODY = b'{"hello": "world"}'
RFC_REQUEST = SignedRequest(
    method="POST",
    url="https://example.com/foo?param=Value&Pet=dog",
    headers={
        "Host": "example.com",
        "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "Content-Type": "application/json",
        "Content-Digest": content_digest(RFC_BODY, "sha-512"),
        "Content-Length": "18",
        "Signature-Input": f"sig-b26={RFC_INPUT}",
        "Signature": f"sig-b26=:{RFC_SIGNATURE}:",
    },
    body=RFC_BODY,
)
RFC_BASE = "\n".join(
    [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@authority": example.com',
        '"content-type": application/json',
        '"content-length": 18',
        f'"@signature-params": {RFC_INPUT}',
    ]
)


def _keys(key_id: str) -> Any:
    return KEY.public_key() if key_id == ID else None


def _request(
    key: Ed25519PrivateKey = KEY, *, body: bytes = BODY, sent_body: bytes | None = None, **changes: Any
) -> Any:
    given = {"method": "POST", "url": URL, "headers": {"Idempotency-Key": "k-1"}, "key_id": ID, **changes}
    headers = sign(key, body=body, **given)
    return SignedRequest(
        method="POST", url=URL, headers=headers, body=body if sent_body is None else sent_body
    )


def _refused(request: SignedRequest, keys: Any = _keys) -> tuple[str, str]:
    with pytest.raises(Problem) as refused:
        signatures.verify(request, keys)
    assert refused.value.code == "signature-invalid"
    [error] = refused.value.field_errors
    assert error["message"]
    return error["field"], error["code"]


class _AsOfTheRfc(signatures._Verifier):
    """Without our own demands: the RFC's example has no nonce."""

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        self.key = self.key_of("test-key-ed25519")


def test_the_example_of_rfc_9421_b_2_6_verifies_and_its_base_is_the_rfcs() -> None:
    private = load_der_private_key(base64.b64decode(RFC_KEY), None)
    assert isinstance(private, Ed25519PrivateKey)
    assert base64.b64encode(private.sign(RFC_BASE.encode())).decode() == RFC_SIGNATURE
    verifier = _AsOfTheRfc(lambda _: private.public_key())
    [result] = verifier.verify(RFC_REQUEST, max_age=None)
    assert signatures.base_of(result) == RFC_BASE
    assert result.algorithm is algorithms.ED25519


def test_the_example_of_the_rfc_does_not_cover_what_we_ask_for() -> None:
    with clock.frozen(datetime.fromtimestamp(1618884473, UTC)):
        assert _refused(RFC_REQUEST) == ("nonce", "missing")


def test_a_signed_request_gives_a_proof_that_holds_by_itself() -> None:
    proof = signatures.verify(_request(), _keys)
    assert proof.key_id == ID
    assert '"@method": POST\n"@target-uri": ' + URL in proof.signature_base
    assert base64.b64decode(proof.body) == BODY
    kept = json.loads(json.dumps(proof.as_dict()))
    assert signatures.holds(kept)
    KEY.public_key().verify(base64.b64decode(kept["signature"]), kept["signature_base"].encode())


@pytest.mark.parametrize("name", ["public_key", "signature", "signature_base", "body"])
def test_a_proof_that_was_changed_holds_no_more(name: str) -> None:
    kept = signatures.verify(_request(), _keys).as_dict()
    value = kept[name]
    assert not signatures.holds({**kept, name: value[:10] + ("A" if value[10] != "A" else "B") + value[11:]})
    assert not signatures.holds({each: kept[each] for each in kept if each != name})
    assert not signatures.holds({**kept, name: ""})


def test_the_target_may_be_covered_in_its_parts() -> None:
    covered = ("@method", "@authority", "@path", "@query", "content-digest", "idempotency-key")
    assert signatures.verify(_request(covered=covered), _keys)


@pytest.mark.parametrize("lacking", ["@method", "@target-uri", "content-digest", "idempotency-key"])
def test_what_has_to_be_covered_is_named(lacking: str) -> None:
    covered = tuple(
        name for name in ("@method", "@target-uri", "content-digest", "idempotency-key") if name != lacking
    )
    with pytest.raises(Problem) as refused:
        signatures.verify(_request(covered=covered), _keys)
    assert lacking in refused.value.field_errors[0]["message"] or lacking == "content-digest"
    assert refused.value.field_errors[0]["field"] in {"Signature-Input", "Content-Digest"}


@pytest.mark.parametrize("lacking", ["@authority", "@path", "@query"])
def test_half_a_target_is_none(lacking: str) -> None:
    parts = tuple(
        name
        for name in ("@method", "@authority", "@path", "@query", "content-digest", "idempotency-key")
        if name != lacking
    )
    assert _refused(_request(covered=parts)) == ("Signature-Input", "components")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"keyid": "ed25519-unknown"}, ("keyid", "unknown")),
        ({"keyid": None}, ("keyid", "missing")),
        ({"nonce": None}, ("nonce", "missing")),
        ({"nonce": ""}, ("nonce", "missing")),
        ({"nonce": "n" * 201}, ("nonce", "missing")),
        ({"created": None}, ("created", "missing")),
        ({"created": int(NOW.timestamp()) - 301}, ("created", "expired")),
        ({"created": int(NOW.timestamp()) + 61}, ("created", "future")),
        ({"expires": int(NOW.timestamp()) - 1}, ("expires", "expired")),
        ({"alg": "hmac-sha256"}, ("alg", "unsupported")),
        ({"alg": "rsa-pss-sha512"}, ("alg", "unsupported")),
    ],
)
def test_what_a_signature_says_of_itself_is_checked_by_name(changes: Any, expected: tuple[str, str]) -> None:
    with clock.frozen(NOW):
        assert _refused(_request(**changes)) == expected


@pytest.mark.parametrize(
    "changes", [{"alg": "ed25519"}, {"expires": int(NOW.timestamp()) + 5}, {"tag": "desk"}]
)
def test_what_a_signature_may_say_beside_is_taken(changes: Any) -> None:
    with clock.frozen(NOW):
        assert signatures.verify(_request(**changes), _keys)


def test_hki_01_a_signature_of_five_minutes_is_taken_and_one_second_more_is_not() -> None:
    with clock.frozen(NOW):
        request = _request()
    with clock.frozen(NOW + timedelta(minutes=5)):
        assert signatures.verify(request, _keys)
    with clock.frozen(NOW + timedelta(minutes=5, seconds=1)):
        assert _refused(request) == ("created", "expired")


def test_another_key_another_body_and_another_target_do_not_hold() -> None:
    assert _refused(_request(OTHER)) == ("Signature", "wrong")
    assert _refused(_request(sent_body=BODY + b" ")) == ("Content-Digest", "wrong")
    assert _refused(_request(url=URL.replace("7", "8"))) == ("Signature", "wrong")
    assert _refused(_request(method="PUT")) == ("Signature", "wrong")


def test_a_digest_of_another_body_that_was_signed_is_noticed() -> None:
    headers = {"Idempotency-Key": "k-1", "Content-Digest": content_digest(b"{}")}
    assert _refused(_request(headers=headers)) == ("Content-Digest", "wrong")


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_both_digests_of_rfc_9530_are_read(algorithm: str) -> None:
    headers = {"Idempotency-Key": "k-1", "Content-Digest": content_digest(BODY, algorithm)}
    assert signatures.verify(_request(headers=headers), _keys)


@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_what_must_not_be_kept_must_not_be_covered(name: str) -> None:
    covered = ("@method", "@target-uri", "content-digest", "idempotency-key", name.lower())
    request = _request(headers={"Idempotency-Key": "k-1", name: "canary"}, covered=covered)
    assert _refused(request) == ("Signature-Input", "components")


def test_two_signatures_are_one_too_many() -> None:
    first, second = _request().headers, _request(label="other").headers
    both = {**first, **{name: f"{first[name]}, {second[name]}" for name in ("Signature", "Signature-Input")}}
    assert _refused(SignedRequest(method="POST", url=URL, headers=both, body=BODY))[0] == "Signature"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature", ""),
        ("Signature", "sig=:AAAA:"),
        ("Signature", "sig=notbytes"),
        ("Signature", "other=:AAAA:"),
        ("Signature", "\xff\xfe"),
        ("Signature-Input", ""),
        ("Signature-Input", "sig=()"),
        ("Signature-Input", "sig=5"),
        ("Signature-Input", 'sig=("@method" "@method")'),
        ("Signature-Input", "(((("),
        ("Signature-Input", "sig=" + "(" * 9000),
    ],
)
def test_nonsense_is_refused_and_never_crashes(name: str, value: str) -> None:
    headers = {**_request().headers, name: value}
    _refused(SignedRequest(method="POST", url=URL, headers=headers, body=BODY))
    del headers[name]
    _refused(SignedRequest(method="POST", url=URL, headers=headers, body=BODY))


def test_hki_02_no_flipped_bit_anywhere_is_taken() -> None:
    honest, seed = _request(), random.Random(9421)
    for _ in range(400):
        where = seed.choice(["Signature", "Signature-Input", "Content-Digest", "Idempotency-Key", "body"])
        value = honest.body if where == "body" else honest.headers[where].encode()
        place = seed.randrange(len(value))
        changed = value[:place] + bytes([value[place] ^ (1 << seed.randrange(7))]) + value[place + 1 :]
        headers = (
            {**honest.headers} if where == "body" else {**honest.headers, where: changed.decode("latin-1")}
        )
        body = changed if where == "body" else honest.body
        flipped = SignedRequest(method="POST", url=URL, headers=headers, body=body)
        try:
            proof = signatures.verify(flipped, _keys)
        except Problem:
            continue
        # The label is not signed, and base64 has spare bits: what was signed is still exactly what came.
        assert where in {"Signature", "Signature-Input"}
        assert signatures.holds(proof.as_dict())
        assert proof.signature_base == signatures.verify(honest, _keys).signature_base


# Over HTTP.

ECHO, MUST = "/api/v1/echo", "/api/v1/needs-signature"
Ask = Callable[..., Any]


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_(**values: Any) -> None:
        monkeypatch.setattr(
            "coordination.rest.callers._asked", [lambda user: Standing(key_of=_keys, **values)]
        )

    set_()
    return set_


@pytest.fixture
def post(api: APIClient, standing: Any) -> Ask:
    def ask(*, key: Ed25519PrivateKey = KEY, headers: Any = None, **changes: Any) -> Any:
        body = json.dumps({"word": "a"}).encode()
        made = headers or sign(
            key,
            key_id=ID,
            method="POST",
            url="http://testserver" + ECHO,
            body=body,
            headers={"Idempotency-Key": changes.pop("idempotency", "k-1")},
            **changes,
        )
        answer = api.generic("POST", ECHO, body, content_type="application/json", headers=made)
        answer.sent_headers = made
        return answer

    return ask


def test_a_signed_request_is_answered(post: Ask) -> None:
    assert post().status_code == 201


def test_a_signature_that_came_along_has_to_hold_though_none_is_asked_for(post: Ask) -> None:
    answer = post(key=OTHER)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:coordination:problem:signature-invalid"
    assert answer.json()["errors"][0]["field"] == "Signature"


def test_the_same_request_again_is_a_replay_and_a_new_signature_is_a_retry(post: Ask) -> None:
    first = post()
    replayed = post(headers=first.sent_headers)
    assert (replayed.status_code, replayed.json()["type"].rpartition(":")[2]) == (409, "signature-replayed")
    again = post()
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_nonce_is_spent_even_where_the_request_fails(post: Ask) -> None:
    assert post(nonce="one").status_code == 201
    refused = post(nonce="one", idempotency="k-2")
    assert refused.json()["type"].endswith("signature-replayed")
    assert SeenNonce.objects.count() == 1


def test_whoever_has_to_sign_is_told_how(api: APIClient, standing: Any) -> None:
    standing(must_sign=True)
    answer = api.post(ECHO, {"word": "a"})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("signature-required")
    assert answer.headers["Accept-Signature"] == signatures.WANTED
    assert api.get(ECHO).status_code == 200


def test_whoever_has_to_sign_and_does_is_answered(post: Ask, standing: Any) -> None:
    standing(must_sign=True)
    assert post().status_code == 201


def test_a_route_may_demand_a_signature_of_everybody(api: APIClient, standing: Any) -> None:
    assert api.get(MUST).json()["type"].endswith("signature-required")
    signed = sign(
        KEY, key_id=ID, method="GET", url="http://testserver" + MUST, covered=("@method", "@target-uri")
    )
    assert api.get(MUST, headers=signed).json() == {"key": ID}


def test_who_may_not_call_is_told_so_and_spends_no_nonce(
    police_officer: Any, client_for: Any, standing: Any
) -> None:
    client = client_for(police_officer, "flag")
    signed = sign(
        KEY, key_id=ID, method="GET", url="http://testserver" + MUST, covered=("@method", "@target-uri")
    )
    assert client.get(MUST, headers=signed).json()["type"].endswith("insufficient-scope")
    assert not SeenNonce.objects.exists()
