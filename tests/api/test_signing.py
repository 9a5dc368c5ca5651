"""What an agency signs: the example of docs/api.md over real HTTP, what is kept, and what is refused."""

import base64
import json
import re
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.models import ApiToken
from coordination.access.services import User
from coordination.inbox.models import InboundMessage
from coordination.inbox.selectors import answers_to
from coordination.ledger.selectors import entries_about
from coordination.partners import services as partners
from coordination.partners.models import AgencyKey
from coordination.partners.services import Agency
from coordination.rest import signatures
from tests.api.conftest import ClientFor, Sent, key
from tests.doors import signed_in
from tests.rest.signing import sign

LIST = "/api/v1/messages"
PRIVATE = Ed25519PrivateKey.generate()
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SAID = {"reference": "HC-26-1107", "acknowledged_by": "Sgt C. Reyes"}


def _key_of(agency: Agency, private: Ed25519PrivateKey = PRIVATE) -> AgencyKey:
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    made = partners.register_key(agency, by=None, public_key=public, how_known="Read back on our number.")
    return partners.confirm_key(made, by=None, how_confirmed="Read back on our number.")


@pytest.fixture
def agency_key(agency: Agency) -> AgencyKey:
    """A key of the sheriff's that is in use."""
    return _key_of(agency)


Acknowledge = Callable[..., Any]


@pytest.fixture
def acknowledge(api: APIClient, agency_key: AgencyKey) -> Acknowledge:
    """Acknowledge a message, signed."""

    def ask(message: Any, *, client: APIClient = api, private: Any = PRIVATE, **changes: Any) -> Any:
        path = f"{LIST}/{message.pk}/acknowledge"
        body = json.dumps(SAID).encode()
        given = {"key_id": agency_key.key_id, "headers": {"Idempotency-Key": "k-1"}, **changes}
        signed = sign(private, method="POST", url=f"http://testserver{path}", body=body, **given)
        return client.generic("POST", path, body, content_type="application/json", headers=signed)

    return ask


@pytest.fixture
def must_sign(agency: Agency, agency_key: AgencyKey) -> None:
    partners.require_signatures(agency, by=None, reason="Agreed in writing.")


def _example() -> dict[str, Any]:
    page = (settings.BASE_DIR / "docs" / "api.md").read_text()
    found = re.search(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    return names


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_page_for_partners_works_as_it_stands(
    live_server: Any, officer: User, sent: Sent, must_sign: None, agency_key: AgencyKey
) -> None:
    message = sent()
    _, token = access.issue_token(
        officer, by=None, name="x", scopes=["respond"], expires_in=access.LONGEST_TOKEN_LIFE
    )
    given = {"token": token, "key_id": agency_key.key_id, "private_key": PEM, "idempotency_key": "k-1"}
    url = f"{live_server.url}{LIST}/{message.pk}/acknowledge"
    post_signed = _example()["post_signed"]
    with post_signed(url, SAID, **given) as answer:
        assert answer.status == 201
    with post_signed(url, SAID, **given) as again:
        assert again.headers["Idempotent-Replayed"] == "true"
    assert answers_to(message.pk).count() == 1
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(urllib.error.HTTPError) as refused:
        post_signed(url, SAID, **{**given, "private_key": other})
    with refused.value as problem:
        assert problem.code == 403
        assert json.load(problem)["type"].endswith("signature-invalid")


def test_what_was_signed_is_kept_sealed_with_what_was_said(
    acknowledge: Acknowledge, sent: Sent, agency_key: AgencyKey, owner: Any
) -> None:
    message = sent()
    assert acknowledge(message).status_code == 201
    proof: Any = InboundMessage.objects.get().proof
    assert signatures.holds(proof)
    assert proof["key_id"] == agency_key.key_id
    assert json.loads(base64.b64decode(proof["body"])) == SAID
    assert f"/{message.pk}/acknowledge" in proof["signature_base"]
    entry = entries_about(f"message:{message.pk}").get(action="inbox.accepted").data["details"]
    assert entry["key_id"] == agency_key.key_id
    assert entry["signed_digest"].startswith("sha256:")


def test_what_is_not_signed_is_kept_without_a_proof(
    api: APIClient, sent: Sent, agency_key: AgencyKey
) -> None:
    message = sent()
    assert api.post(f"{LIST}/{message.pk}/acknowledge", SAID, **key()).status_code == 201
    assert InboundMessage.objects.get().proof is None


def test_the_page_of_the_answer_checks_the_proof_again(
    acknowledge: Acknowledge, sent: Sent, liaison: User, client: Client, agency_key: AgencyKey
) -> None:
    acknowledge(sent())
    said = InboundMessage.objects.get()
    signed_in(liaison, client)
    page = f"/admin/inbox/inboundmessage/{said.pk}/change/"
    shown = client.get(page).content.decode()
    assert "● holds" in shown
    assert agency_key.key_id in shown
    said.proof = {**said.proof, "body": base64.b64encode(b"{}").decode()}  # type: ignore[dict-item]
    said.save(update_fields=["proof"])
    assert "▲ does not hold" in client.get(page).content.decode()


def test_an_agency_that_has_to_sign_sends_nothing_unsigned_and_reads_as_before(
    api: APIClient, sent: Sent, must_sign: None, acknowledge: Acknowledge
) -> None:
    message = sent()
    for path, body in (
        ("acknowledge", SAID),
        ("questions", {"question": "?"}),
        ("outcome", {"outcome": "arrest"}),
    ):
        answer = api.post(f"{LIST}/{message.pk}/{path}", body, **key(path))
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("signature-required")
    assert not InboundMessage.objects.exists()
    assert api.get(LIST).status_code == 200
    assert acknowledge(message).status_code == 201


def test_another_agencys_key_proves_nothing(
    acknowledge: Acknowledge, sent: Sent, second_agency: Agency
) -> None:
    theirs = Ed25519PrivateKey.generate()
    other = _key_of(second_agency, theirs)
    answer = acknowledge(sent(), private=theirs, key_id=other.key_id)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "keyid"
    assert not InboundMessage.objects.exists()


def test_a_revoked_key_signs_nothing_at_once(
    acknowledge: Acknowledge, sent: Sent, agency_key: AgencyKey
) -> None:
    partners.revoke_key(agency_key, by=None, reason="The laptop it was on is lost.")
    assert acknowledge(sent()).json()["errors"][0]["field"] == "keyid"


def test_a_key_that_nobody_confirmed_signs_nothing(api: APIClient, agency: Agency, sent: Sent) -> None:
    public = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
    waiting = partners.register_key(agency, by=None, public_key=public, how_known="By mail.")
    path = f"{LIST}/{sent().pk}/acknowledge"
    body = json.dumps(SAID).encode()
    url = f"http://testserver{path}"
    signed = sign(
        PRIVATE, key_id=waiting.key_id, method="POST", url=url, body=body, headers={"Idempotency-Key": "k"}
    )
    answer = api.generic("POST", path, body, content_type="application/json", headers=signed)
    assert answer.json()["errors"][0]["field"] == "keyid"


def test_swt_04_a_captured_request_has_no_second_effect(
    acknowledge: Acknowledge, sent: Sent, agency: Agency, officer: User, client_for: ClientFor
) -> None:
    message = sent()
    assert acknowledge(message, nonce="one").status_code == 201
    assert acknowledge(message, nonce="one").json()["type"].endswith("signature-replayed")
    # Nor with the token of a colleague whose own request it never was.
    assert acknowledge(message, nonce="one", client=client_for(officer)).status_code == 409
    assert answers_to(message.pk).count() == 1


def test_idr_07_a_suspended_officer_is_refused_everywhere_at_once_and_it_is_recorded(
    api: APIClient, agency: Agency, sent: Sent
) -> None:
    message = sent()
    path = f"{LIST}/{message.pk}/acknowledge"
    assert api.post(path, SAID, **key()).status_code == 201
    officer = partners.Officer.objects.get()
    partners.suspend_officer(officer, by=None, reason="The badge was reported stolen.")
    # A stored answer is replayed to nobody who may not ask any more, and the document is for partners too.
    assert api.post(path, SAID, **key()).status_code == 403
    assert api.get("/api/v1/schema").status_code == 403
    assert api.get(LIST).status_code == 403
    entry = entries_about(ApiToken.objects.get().reference).get(action="access.token_refused")
    assert entry.data["details"]["why"] == "suspended"


def test_edr_12_acknowledging_a_p0_message_waits_behind_nothing(
    api: APIClient, sent: Sent, settings: Any
) -> None:
    message = sent()
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "caller": "3/3600", "group": "3/3600"}
    assert [api.get(LIST).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert api.post(f"{LIST}/{message.pk}/questions", {"question": "?"}, **key("q")).status_code == 429
    assert api.post(f"{LIST}/{message.pk}/acknowledge", SAID, **key()).status_code == 201


def test_edr_12_acknowledging_what_is_no_p0_message_of_ones_own_waits_like_anything(
    api: APIClient, stranger: APIClient, sent: Sent, settings: Any
) -> None:
    message = sent()
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "caller": "1/3600"}
    path = f"{LIST}/{message.pk}/acknowledge"
    assert [stranger.post(path, SAID, **key(str(each))).status_code for each in range(2)] == [404, 429]


def test_an_agency_that_has_to_sign_attaches_no_process_unsigned(
    officer: User, must_sign: None, client_for: ClientFor
) -> None:
    address = "/api/v1/requests/D-0000-0000/process"
    answer = client_for(officer, "submit").put(address, b"%PDF-1.7", content_type="application/pdf")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("signature-required")
