"""The keys that agencies sign with: two people bring one in, anybody of them ends it, none is weak."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.test import Client

from coordination.access import services as access
from coordination.access.models import ApiToken
from coordination.access.services import Role, User
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services
from coordination.partners.models import Agency, AgencyKey
from tests.doors import signed_in
from tests.people import Cast
from tests.world import OfficerOf

AGENCIES = "/admin/partners/agency/"
HOW = "Read back by the watch commander on the number in our directory."
DOWN = "Their system is down."


def _pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture
def public() -> str:
    return _pem(Ed25519PrivateKey.generate())


@pytest.fixture
def second_administrator(cast: Cast) -> User:
    return cast(Role.ADMINISTRATOR, username="second")


def _in_use(agency: Agency, user: User, key_id: str) -> bool:
    standing = selectors.standing_of(user)
    return standing is not None and standing.key_of(key_id) is not None


def test_two_people_put_a_key_to_use_and_one_ends_it(
    agency: Agency,
    public: str,
    administrator: User,
    second_administrator: User,
    police_officer_of: OfficerOf,
) -> None:
    user = police_officer_of(agency)
    key = services.register_key(agency, by=administrator, public_key=public, how_known=HOW)
    assert not _in_use(agency, user, key.key_id)
    with pytest.raises(Refused):
        services.confirm_key(key, by=administrator, how_confirmed=HOW)
    services.confirm_key(key, by=second_administrator, how_confirmed=HOW)
    assert _in_use(agency, user, key.key_id)
    with pytest.raises(Refused):
        services.confirm_key(key, by=second_administrator, how_confirmed=HOW)
    services.revoke_key(key, by=administrator, reason="The laptop it was on is lost.")
    assert not _in_use(agency, user, key.key_id)
    with pytest.raises(Refused):
        services.revoke_key(key, by=administrator, reason="Again.")
    deeds = [each.action for each in ledger.entries_about(f"agency:{agency.pk}") if ".key" in each.action]
    assert deeds == ["partners.key_registered", "partners.key_confirmed", "partners.key_revoked"]


def test_a_key_is_of_one_agency_alone(
    agency: Agency, second_agency: Agency, public: str, police_officer_of: OfficerOf
) -> None:
    key = services.register_key(agency, by=None, public_key=public, how_known=HOW)
    services.confirm_key(key, by=None, how_confirmed=HOW)
    assert not _in_use(second_agency, police_officer_of(second_agency), key.key_id)
    with pytest.raises(InvalidInput):
        services.register_key(second_agency, by=None, public_key=public, how_known=HOW)


def test_pem_and_base64_are_the_same_key(agency: Agency) -> None:
    private = Ed25519PrivateKey.generate()
    services.register_key(agency, by=None, public_key=_pem(private), how_known=HOW)
    raw = private.public_key().public_bytes_raw()
    with pytest.raises(InvalidInput):
        services.register_key(agency, by=None, public_key=_base64(raw), how_known=HOW)


# Points of small order on edwards25519, with either sign and in forms that are not the shortest.
WEAK = [
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "00" * 32,
    "00" * 31 + "80",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no key",
        _base64(b"x" * 31),
        _base64(b"x" * 33),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        _pem(generate_private_key(SECP256R1())),
        *(_base64(bytes.fromhex(each)) for each in WEAK),
    ],
)
def test_what_is_no_key_to_trust_is_refused_at_its_field(agency: Agency, given: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.register_key(agency, by=None, public_key=given, how_known=HOW)
    assert refused.value.field == "public_key"
    assert not AgencyKey.objects.exists()


def test_a_private_key_is_refused_and_not_repeated(agency: Agency) -> None:
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InvalidInput) as refused:
        services.register_key(agency, by=None, public_key=private.decode(), how_known=HOW)
    assert "private key" in str(refused.value)
    assert private.decode().splitlines()[1] not in str(refused.value)


def test_only_who_keeps_agencies_keeps_keys(agency: Agency, public: str, liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.register_key(agency, by=liaison, public_key=public, how_known=HOW)


def test_an_agency_has_to_sign_once_it_can(agency: Agency, public: str, administrator: User) -> None:
    with pytest.raises(Refused):
        services.require_signatures(agency, by=administrator, reason="Agreed in writing.")
    key = services.register_key(agency, by=None, public_key=public, how_known=HOW)
    services.confirm_key(key, by=None, how_confirmed=HOW)
    services.require_signatures(agency, by=administrator, reason="Agreed in writing.")
    assert Agency.objects.get(pk=agency.pk).must_sign
    with pytest.raises(Refused):
        services.require_signatures(agency, by=administrator, reason="Again.")


# On the desk.


@pytest.fixture
def desk(client: Client, administrator: User) -> Client:
    signed_in(administrator, client)
    return client


def _do(client: Client, agency: Agency, act: str, **data: Any) -> Any:
    return client.post(f"{AGENCIES}{agency.pk}/do/{act}/", data, follow=True)


def _page(client: Client, agency: Agency) -> str:
    return str(client.get(f"{AGENCIES}{agency.pk}/change/").content.decode())


def test_a_key_comes_in_on_the_desk(
    desk: Client, agency: Agency, public: str, second_administrator: User, administrator: User
) -> None:
    _do(desk, agency, "register_key", public_key=public, how_known=HOW)
    key = AgencyKey.objects.get()
    assert "waits for a second person" in _page(desk, agency)
    assert "do/confirm_key/" not in _page(desk, agency)
    signed_in(second_administrator, desk)
    assert "do/confirm_key/" in _page(desk, agency)
    _do(desk, agency, "confirm_key", target=key.key_id, how_confirmed=HOW)
    assert "● in use" in _page(desk, agency)
    _do(desk, agency, "require_signatures", reason="Agreed in writing.")
    assert "Nothing unsigned is taken" in _page(desk, agency)
    _do(desk, agency, "propose_unsigned", reason=DOWN)
    assert "do/allow_unsigned/" not in _page(desk, agency)
    signed_in(administrator, desk)
    assert "do/allow_unsigned/" in _page(desk, agency)
    _do(desk, agency, "allow_unsigned", reason=DOWN)
    assert not Agency.objects.get(pk=agency.pk).must_sign
    _do(desk, agency, "revoke_key", target=key.key_id, reason="Lost.")
    assert "○ revoked" in _page(desk, agency)


def test_an_error_in_a_key_stands_at_its_field(desk: Client, agency: Agency) -> None:
    answer = _do(desk, agency, "register_key", public_key="no key", how_known=HOW)
    assert "32 bytes of an Ed25519 key" in answer.content.decode()


def test_the_agencys_own_system_has_a_token_and_is_verified_like_a_person(
    desk: Client, agency: Agency, second_administrator: User
) -> None:
    _do(desk, agency, "register_officer", name="Portal", username="harrow-portal", is_system="on")
    system = selectors.officers_of(agency).get()
    assert system.is_system
    assert "do/issue_token/" not in _page(desk, agency)
    services.verify_officer(system, by=second_administrator, how_verified=HOW)
    answer = _do(desk, agency, "issue_token", target=system.pk, name="portal", scopes=["read"], days="90")
    assert "Copy it now" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    token = ApiToken.objects.get()
    page = _page(desk, agency)
    assert token.reference in page
    assert "never" in page
    assert "waits for another administrator" in page
    assert "do/confirm_token/" not in page
    _do(signed_in(second_administrator), agency, "confirm_token", target=token.reference, reason=HOW)
    assert "● live" in _page(desk, agency)
    _do(desk, agency, "rotate_token", target=token.reference, overlap_days="0")
    successor = ApiToken.objects.get(replaces=token)
    assert successor.scopes == ["read"]
    _do(desk, agency, "revoke_token", target=successor.reference, reason="They moved.")
    assert ApiToken.objects.get(pk=successor.pk).revoked_reason == "They moved."


def test_idr_02_what_belongs_to_another_agency_is_as_unknown_as_what_is_missing(
    desk: Client, agency: Agency, second_agency: Agency, public: str, police_officer_of: OfficerOf
) -> None:
    user = police_officer_of(second_agency)
    officer = selectors.officers_of(second_agency).get()
    key = services.register_key(second_agency, by=None, public_key=public, how_known=HOW)
    token, plain = access.issue_token(
        user, by=None, name="x", scopes=["read"], expires_in=access.LONGEST_TOKEN_LIFE
    )
    tries: list[tuple[str, str, str, dict[str, Any]]] = [
        ("confirm_key", key.key_id, "ed25519-0000000000000000", {"how_confirmed": HOW}),
        ("revoke_key", key.key_id, "ed25519-0000000000000000", {"reason": "x"}),
        ("revoke_token", token.reference, "T-0000-0000", {"reason": "x"}),
        ("rotate_token", token.reference, "T-0000-0000", {"overlap_days": "1"}),
        ("suspend_officer", str(officer.pk), "99999999", {"reason": "x"}),
        ("issue_token", str(officer.pk), "99999999", {"name": "x", "scopes": ["read"], "days": "1"}),
    ]
    for act, foreign, missing, data in tries:
        url = f"{AGENCIES}{agency.pk}/do/{act}/"
        answers = [desk.post(url, {**data, "target": each}, follow=True) for each in (foreign, missing)]
        said = [[str(each).partition(" (E-")[0] for each in answer.context["messages"]] for answer in answers]
        assert said[0] == said[1] != [], act
        assert answers[0].redirect_chain == answers[1].redirect_chain, act
    key.refresh_from_db()
    assert key.confirmed_at is None
    assert key.revoked_at is None
    assert selectors.officer_of(user) is not None
    assert ApiToken.objects.count() == 1
    from coordination.access.selectors import live_token

    assert live_token(plain.encode()) is not None
