"""The keys with which agencies sign: registered by one person, confirmed by another, revoked at once."""

import base64
import binascii
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.partners import signals
from coordination.partners.models import Agency, AgencyKey
from coordination.partners.services.agencies import CHANGE, subject_of
from coordination.partners.services.words import said

KEY_BYTES = 32
LONGEST = 300
_P = 2**255 - 19
_OF_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
# The y of every point of small order on edwards25519: under such a key anybody can sign anything.
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _OF_ORDER_8, _P - _OF_ORDER_8})


@transaction.atomic
def register_key(agency: Agency, *, by: User | None, public_key: str, how_known: str) -> AgencyKey:
    """Write down a public key (PEM, or 32 bytes in base64); another person's look puts it to use.

    Raises InvalidInput naming `public_key` for what is no Ed25519 key, for a private one, and for a key that
    was registered before, for whomever. `by` is None for set-up only.
    """
    _require(by)
    raw = _raw(public_key)
    key_id = f"ed25519-{hashlib.sha256(raw).hexdigest()[:16]}"
    if AgencyKey.objects.filter(key_id=key_id).exists():
        raise InvalidInput("public_key", "This key was registered before; a key is used by one agency, once.")
    key = AgencyKey.objects.create(
        agency=agency,
        key_id=key_id,
        public_key=raw,
        how_known=said("how_known", how_known, longest=LONGEST),
        registered_by=by,
        registered_at=clock.now(),
    )
    _record("partners.key_registered", key, by=by, how_digest=ledger.digest(key.how_known))
    if by is not None:
        signals.key_registered.send(sender=AgencyKey, key=key)
    return key


@transaction.atomic
def confirm_key(key: AgencyKey, *, by: User | None, how_confirmed: str) -> AgencyKey:
    """Put a key to use. Raises Refused for whoever registered it, and where it is in use or revoked."""
    _require(by)
    locked = _locked(key)
    if by is not None and by.pk == locked.registered_by_id:
        raise Refused("Whoever registered this key does not confirm it.", rule="separation-of-duties")
    if locked.confirmed_at is not None or locked.revoked_at is not None:
        raise Refused("The key is in use, or revoked.", rule="key-state")
    locked.confirmed_by, locked.confirmed_at = by, clock.now()
    locked.how_confirmed = said("how_confirmed", how_confirmed, longest=LONGEST)
    locked.save(update_fields=["confirmed_by", "confirmed_at", "how_confirmed"])
    _record("partners.key_confirmed", locked, by=by, how_digest=ledger.digest(locked.how_confirmed))
    signals.key_settled.send(sender=AgencyKey, agency=locked.agency, by=by)
    return locked


@transaction.atomic
def revoke_key(key: AgencyKey, *, by: User | None, reason: str) -> AgencyKey:
    """End a key at once. An agency that has to sign can send nothing until it has another."""
    _require(by)
    locked = _locked(key)
    if locked.revoked_at is not None:
        raise Refused("The key is revoked already.", rule="key-state")
    locked.revoked_at, locked.revoked_reason = clock.now(), said("reason", reason, longest=LONGEST)
    locked.save(update_fields=["revoked_at", "revoked_reason"])
    _record("partners.key_revoked", locked, by=by, reason_digest=ledger.digest(locked.revoked_reason))
    signals.key_settled.send(sender=AgencyKey, agency=locked.agency, by=by)
    return locked


def _raw(text: str) -> bytes:
    given = text.strip()
    if "PRIVATE KEY" in given:
        raise InvalidInput(
            "public_key", "This is the private key: whoever sent it has to make another, and keep it."
        )
    try:
        if given.startswith("-----BEGIN"):
            key = load_pem_public_key(given.encode())
            if not isinstance(key, Ed25519PublicKey):
                raise InvalidInput("public_key", "The key is of another kind; make an Ed25519 key.")
            raw = key.public_bytes_raw()
        else:
            raw = base64.b64decode(given, validate=True)
            Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        raise InvalidInput("public_key", "PEM, or the 32 bytes of an Ed25519 key in base64.") from None
    if _is_weak(raw):
        raise InvalidInput("public_key", "Under this key anybody could sign.")
    return raw


def _is_weak(raw: bytes) -> bool:
    y = (int.from_bytes(raw, "little") & (2**255 - 1)) % _P
    return y in _SMALL_ORDER_Y


def _locked(key: AgencyKey) -> AgencyKey:
    return AgencyKey.objects.select_for_update(of=("self",)).select_related("agency").get(pk=key.pk)


def _require(by: User | None) -> None:
    if by is not None:
        access.require(by, CHANGE)


def _record(action: str, key: AgencyKey, *, by: User | None, **details: str) -> None:
    ledger.record(action, subject=subject_of(key.agency), by=by, details={"key_id": key.key_id, **details})
