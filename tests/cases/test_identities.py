"""When two identifiers are the same one: equal, only alike, or nothing to go by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.cases.identities import Identity, account_identity, identity
from coordination.core.telephones import e164


def known(kind: str, value: str, *, verified: bool = True) -> Identity:
    found = identity(kind, value, provenance="observed", verified=verified)
    assert found is not None
    return found


EQUAL = [
    ("email", "Dana@Example.COM", "dana@example.com"),
    ("e-mail", "dana@example.com.", "dana@example.com"),
    ("email", "\uff44\uff41\uff4e\uff41@example.com", "dana@example.com"),
    ("email", "da\u200bna@example.com", "dana@example.com"),
    ("phone", "+1 (970) 555-0171", "+19705550171"),
    ("phone", "001 970 555 0171", "+1 970.555.0171"),
    ("phone", "+44 (0)20 7946 0000", "+44 20 7946 0000"),
    ("account", " acct-1 ", "acct-1"),
    ("account", "caf\u00e9", "cafe\u0301"),
]
ALIKE = [
    ("account", "Acct-1", "acct-1"),
    ("account", "acct-\u2460", "acct-1"),
    ("account", "acct-1\u200d", "acct-1"),
    ("payment_token", "TOK-1", "tok-1"),
    ("email", "dana+x@example.com", "dana@example.com"),
    ("email", "dana+x@example.com", "dana+y@example.com"),
    ("email", "stra\u00dfe@example.com", "strasse@example.com"),
]
OTHERS = [
    ("email", "d.ana@example.com", "dana@example.com"),
    ("email", "dana@example.com", "dana@example.org"),
    ("phone", "+19705550171", "+19705550172"),
    ("account", "acct-1", "acct-2"),
    ("account", "acct 1", "acct-1"),
]


@pytest.mark.parametrize(("kind", "one", "other"), EQUAL)
def test_equal_ones_join(kind: str, one: str, other: str) -> None:
    assert known(kind, one).index == known(kind, other).index
    assert known(kind, one).alike == known(kind, other).alike


@pytest.mark.parametrize(("kind", "one", "other"), ALIKE)
def test_what_is_only_alike_is_not_equal(kind: str, one: str, other: str) -> None:
    assert known(kind, one).index != known(kind, other).index
    assert known(kind, one).alike == known(kind, other).alike


@pytest.mark.parametrize(("kind", "one", "other"), OTHERS)
def test_others_are_neither(kind: str, one: str, other: str) -> None:
    assert known(kind, one).alike != known(kind, other).alike


@pytest.mark.parametrize(
    ("kind", "value", "provenance"),
    [
        ("ip_address", "198.51.100.1", "observed"),
        ("display_name", "Dana", "observed"),
        ("email", "dana@example.com", "claimed_by_user"),
        ("payment_token", "tok-1", "inferred"),
        ("phone", "970 555 0171", "observed"),
        ("email", "nobody", "observed"),
        ("device", "\u200b\u202e", "observed"),
    ],
)
def test_what_tells_nobody_apart_is_not_compared(kind: str, value: str, provenance: str) -> None:
    assert identity(kind, value, provenance=provenance, verified=True) is None


def test_an_address_is_strong_once_verified_and_a_token_at_once() -> None:
    assert not known("email", "dana@example.com", verified=False).strong
    assert known("email", "dana@example.com", verified=True).strong
    assert known("payment_token", "tok-1", verified=False).strong


@pytest.mark.parametrize("verified", [True, False])
def test_a_device_is_never_strong_alone(verified: bool) -> None:
    assert not known("device", "tablet-kitchen", verified=verified).strong


@given(st.text(min_size=1).filter(str.strip))
def test_every_account_is_equal_to_itself_and_equal_ones_are_alike(account: str) -> None:
    one, again = account_identity(account), account_identity(f" {account} ")
    assert (one.index, one.alike) == (again.index, again.alike)


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_accounts_are_equal_only_where_every_character_is(one: str, other: str) -> None:
    import unicodedata

    same = account_identity(one).index == account_identity(other).index
    assert same == (unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip())
    if same:
        assert account_identity(one).alike == account_identity(other).alike


@given(st.text())
def test_a_number_is_written_in_one_way_or_is_none(text: str) -> None:
    found = e164(text)
    assert found is None or e164(found) == found
