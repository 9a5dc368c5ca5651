"""Second factors under the first sealing key: their secrets lie inside a column of allauth's."""

import base64
from collections import Counter

from allauth.mfa.models import Authenticator
from django.db import transaction

from coordination.access.adapters import SEALED_AS
from coordination.core import sealing
from coordination.core.rotation import Outcome, Tell

TABLE = "mfa_authenticator"
# What allauth passes through FactorAdapter.encrypt: the secret of an application, the seed of recovery codes.
SEALED = ("secret", "seed")


def uses(using: str) -> Counter[tuple[str, str]]:
    """Return how many secrets of factors each key seals."""
    found: Counter[tuple[str, str]] = Counter()
    for data in Authenticator.objects.using(using).values_list("data", flat=True):
        for name in SEALED:
            if name in data:
                found[sealing.key_of(base64.b64decode(data[name])), TABLE] += 1
    return found


def reseal(using: str, *, tell: Tell, outcome: Outcome) -> None:
    """Seal anew what another key than the first sealed, one factor at a time: a person has two or three."""
    for pk in list(Authenticator.objects.using(using).order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic(using=using):
            factor = Authenticator.objects.using(using).select_for_update().filter(pk=pk).first()
            if factor is not None and _anew(factor, outcome):
                factor.save(using=using, update_fields=["data"])
    if outcome.resealed[TABLE]:
        tell(TABLE, outcome.resealed[TABLE])


def _anew(factor: Authenticator, outcome: Outcome) -> bool:
    done = 0
    for name in SEALED:
        sealed = base64.b64decode(factor.data.get(name, ""))
        if not sealed or sealing.key_of(sealed) == sealing.ring().first:
            continue
        try:
            plain = sealing.ring().open(sealed, context=SEALED_AS)
        except sealing.SealBroken:
            outcome.broken.append(f"{TABLE}.data:{factor.pk}")
            continue
        anew = sealing.ring().seal(plain, context=SEALED_AS)
        factor.data[name] = base64.b64encode(anew).decode()
        done += 1
    outcome.resealed[TABLE] += done
    return bool(done)
