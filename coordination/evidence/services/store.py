"""Objects of the store: put there sealed, read back checked, taken away."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.core.files.storage import Storage, storages

from coordination.core import clock
from coordination.core.errors import Refused
from coordination.evidence import sealed, selectors, signals
from coordination.evidence.errors import ExhibitBroken, StoreFailed
from coordination.evidence.models import Exhibit, Keeping

logger = logging.getLogger(__name__)

# An object without a record is somebody's intake in progress, or what a crash left.
LEFT_BEHIND = timedelta(days=1)


def store() -> Storage:
    """Return where objects lie: settings.STORAGES["evidence"]."""
    return storages["evidence"]


def path_of(blob: UUID) -> str:
    """Return an object's name in the store."""
    return f"{blob.hex[-2:]}/{blob}"


def record_of(exhibit: Exhibit) -> str:
    """Return what an object is bound to: its record, in which nothing of this ever changes."""
    return f"{exhibit.reference}/{exhibit.case_reference}/{exhibit.blob}"


def put(blob: UUID, content: sealed.Sealing) -> None:
    """Write an object; raise StoreFailed where it cannot be kept, and leave nothing."""
    try:
        store().save(path_of(blob), cast("Any", content))
    except FileExistsError as error:  # what stands there is another's and stays
        raise StoreFailed from error
    except OSError as error:
        take_away(blob)
        alarm(error.strerror or type(error).__name__)
        raise StoreFailed from error
    except BaseException:
        take_away(blob)
        raise


def alarm(reason: str) -> None:
    """Tell whoever listens that nothing can be kept."""
    signals.store_failed.send_robust(sender=Exhibit, reason=reason)


def take_away(blob: UUID) -> None:
    """Delete an object. A store that is away keeps it: its key is gone, and the sweep comes back for it."""
    try:
        with suppress(FileNotFoundError):
            store().delete(path_of(blob))
    except OSError:
        logger.warning("The object %s could not be deleted; the sweep tries again.", blob)


def content_of(exhibit: Exhibit) -> Iterator[bytes]:
    """Yield the content of an exhibit; raise ExhibitBroken where it is not what was taken in, bit for bit."""
    key = key_of(exhibit)
    digest, size = hashlib.sha256(), 0
    try:
        file = store().open(path_of(exhibit.blob))
    except OSError as error:
        key_of(exhibit)  # what expired since is not broken
        raise ExhibitBroken(f"The object of exhibit {exhibit.reference} is not in the store.") from error
    with file:
        try:
            for piece in sealed.opened(cast("Any", file), key=key, record=record_of(exhibit)):
                digest.update(piece)
                size += len(piece)
                yield piece
        except ExhibitBroken as error:
            raise _broken(exhibit) from error
    if digest.hexdigest() != exhibit.sha256 or size != exhibit.size:
        raise _broken(exhibit)


def words_of(exhibit: Exhibit) -> dict[str, str]:
    """Return the exhibit's `filename`, `what` and `source`; empty once its key is gone."""
    keeping = keeping_of(exhibit)
    if keeping is None:
        return {"filename": "", "what": "", "source": ""}
    try:
        plain = sealed.open_words(bytes(exhibit.words), key=bytes(keeping.key), record=record_of(exhibit))
    except ExhibitBroken as error:
        raise _broken(exhibit) from error
    return cast("dict[str, str]", json.loads(plain))


def key_of(exhibit: Exhibit) -> bytes:
    """Return the key of an exhibit's object; raise Refused where it has expired."""
    keeping = keeping_of(exhibit)
    if keeping is None:
        raise Refused(
            f"Exhibit {exhibit.reference} has expired: its content is gone.", rule="evidence.expired"
        )
    return bytes(keeping.key)


def lock(*exhibits: Exhibit) -> None:
    """Let none of them expire before the caller's transaction ends: nothing is noted after "expired"."""
    rows = Keeping.objects.select_for_update(no_key=True).filter(exhibit__in=exhibits)
    list(rows.order_by("pk").values_list("pk"))


def keeping_of(exhibit: Exhibit) -> Keeping | None:
    """Return what may change about an exhibit, as it is now; None once it has expired."""
    return Keeping.objects.filter(exhibit=exhibit).first()


def sweep() -> int:
    """Delete objects that no exhibit keeps and that lay for a day; return how many. For a periodic job."""
    kept, away = selectors.blobs(), 0
    folders, _ = _listed("")
    for folder in folders:
        for name in _listed(folder)[1]:
            path = f"{folder}/{name}"
            old = store().get_modified_time(path) < clock.now() - LEFT_BEHIND
            if name.removesuffix(".part") not in kept and old:
                store().delete(path)
                away += 1
    return away


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return store().listdir(folder)
    except FileNotFoundError:
        return [], []


def _broken(exhibit: Exhibit) -> ExhibitBroken:
    return ExhibitBroken(f"Exhibit {exhibit.reference}: {(ExhibitBroken.__doc__ or '').strip()}")
