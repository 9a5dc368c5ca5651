"""Packages that were asked for on the desk: what becomes of each, and handing it out.

What goes into one, and how, is known above (coordination.cases.services.packing).
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import IO, Any, Final, cast

from django.conf import settings
from django.db import transaction

from coordination.access.services import User
from coordination.core import clock, identifiers
from coordination.core.errors import IllegalTransition, InvalidInput, Refused
from coordination.evidence import doors, sealed, selectors
from coordination.evidence.models import Exhibit, Package
from coordination.evidence.services import custody, store
from coordination.evidence.services.words import said
from coordination.evidence.workflow import PACKAGE, CustodyAct, PackageState, PackageVerb
from coordination.ledger import services as ledger

RELEASE: Final = "release_exhibit"
# So long a worker may say nothing before its package counts as broken off.
SILENT: Final = timedelta(minutes=15)
OPEN_LASTS: Final = timedelta(minutes=10)
BROKEN_OFF: Final = "The worker was stopped while it made the package. Nothing of it was kept."
GONE: Final = "The package is gone: make another."
LONGEST_FAILURE: Final = 300


@transaction.atomic
def ask_package(
    case_reference: str,
    *,
    items: Sequence[str],
    recipient: str,
    why: str,
    by: User,
    name_people: bool = False,
) -> Package:
    """Ask for a package of a case's exhibits; a worker makes it. Raises InvalidInput naming the field."""
    custody.require(by, case_reference, RELEASE)
    here = {each.reference for each in selectors.exhibits_of(case_reference).filter(keeping__isnull=False)}
    wanted = list(dict.fromkeys(items))
    if not wanted or not here.issuperset(wanted):
        raise InvalidInput("items", "Exhibits of this case that are kept, one at least.")
    package = Package.objects.create(
        reference=identifiers.reference("P"),
        case_reference=case_reference,
        items=wanted,
        recipient=said("recipient", recipient, longest=200),
        why=said("why", why),
        name_people=name_people,
        asked_by=by,
        asked_at=clock.now(),
        state=PackageState.WAITING,
    )
    _record("evidence.package_asked", package, by=by, details={"exhibit_count": len(wanted)})
    return package


@transaction.atomic
def begin_package() -> Package | None:
    """Take the package that waits longest, for the worker that asks; None where none does."""
    waiting = Package.objects.select_for_update(skip_locked=True, of=("self",)).select_related("asked_by")
    package = waiting.filter(state=PackageState.WAITING).order_by("pk").first()
    if package is not None:
        package.failure, package.step, package.done, package.total = "", "", 0, 0
        package.told_at = clock.now()
        _move(package, PackageVerb.BEGIN)
    return package


def tell_package(package: Package, *, step: str, done: int, total: int) -> None:
    """Say how far the making has come."""
    now = clock.now()
    Package.objects.filter(pk=package.pk).update(step=step, done=done, total=total, told_at=now)


def finish_package(package: Package, *, content: IO[bytes], digest: str) -> None:
    """Seal what was made into the store, to be handed out for PACKAGES_KEEP_HOURS; raise StoreFailed.

    Where the package is no longer being made, nothing is kept, and IllegalTransition is raised.
    """
    blob, key = uuid.uuid4(), sealed.new_key()
    sealing = sealed.Sealing(content, key=key, record=_record_of(package, blob))
    store.put(blob, sealing)
    try:
        with transaction.atomic():
            locked = _locked(package)
            locked.blob, locked.key, locked.size, locked.digest = blob, key, sealing.size, digest
            locked.keep_until = clock.now() + timedelta(hours=settings.PACKAGES_KEEP_HOURS)
            _move(locked, PackageVerb.FINISH)
    except BaseException:
        store.take_away(blob)
        raise


@transaction.atomic
def fail_package(package: Package, *, why: str) -> None:
    """Say why it was not made; it can be asked for again."""
    locked = _locked(package)
    locked.failure = why[:LONGEST_FAILURE]
    locked.keep_until = clock.now() + timedelta(hours=settings.PACKAGES_KEEP_HOURS)
    _move(locked, PackageVerb.FAIL)
    _record("evidence.package_failed", locked, by=None)


@transaction.atomic
def make_package_again(package: Package, *, by: User) -> None:
    """Let a worker try once more."""
    custody.require(by, package.case_reference, RELEASE)
    _move(_locked(package), PackageVerb.AGAIN)
    _record("evidence.package_asked", package, by=by, details={"again": True})


def fail_interrupted() -> list[str]:
    """Fail what workers began and said nothing of for SILENT; return the references."""
    since = clock.now() - SILENT
    found = Package.objects.filter(state=PackageState.MAKING, told_at__lt=since)
    for package in found:
        fail_package(package, why=BROKEN_OFF)
    return [each.reference for each in found]


@transaction.atomic
def open_package(package: Package, *, by: User, why: str) -> Package:
    """Hand a package to a person, with a reason that goes into the custody of each exhibit in it.

    `package_content` gives it to them for OPEN_LASTS. Raises IllegalTransition unless it is ready, Refused
    where its hours are over or an exhibit in it has expired since.
    """
    custody.require(by, package.case_reference, RELEASE)
    locked = _locked(package)
    if locked.state != PackageState.READY:
        raise IllegalTransition(locked.state, "download")
    if locked.keep_until is None or locked.keep_until <= clock.now():
        raise Refused(GONE, rule="evidence.package-gone")
    for exhibit in _exhibits_of(locked):
        about: dict[str, ledger.Value] = {"package": locked.reference}
        custody.note(exhibit, CustodyAct.COPIED, by=by, why=why, details=about)
    locked.opened_by, locked.opened_at = by, clock.now()
    locked.save(update_fields=["opened_by", "opened_at"])
    _record("evidence.package_downloaded", locked, by=by, details={"package_sha256": locked.digest})
    title = f"Package {locked.reference} was downloaded"
    doors.cases().tell(
        locked.case_reference, kind="package", title=title, about=f"evidence.package:{locked.pk}", by=by
    )
    return locked


def package_content(package: Package, *, by: User) -> Iterator[bytes]:
    """Return the zip to who said why within OPEN_LASTS; raise Refused otherwise."""
    custody.require(by, package.case_reference, RELEASE)
    fresh = Package.objects.get(pk=package.pk)
    since = clock.now() - OPEN_LASTS
    if fresh.opened_by_id != by.pk or fresh.opened_at is None or fresh.opened_at < since:
        raise Refused("Say first why you download this package.", rule="evidence.say-why")
    if fresh.blob is None:
        raise Refused(GONE, rule="evidence.package-gone")
    return _pieces(fresh, fresh.blob)


def forget_packages() -> int:
    """Delete packages whose time is over; return how many. For a periodic job."""
    over = Package.objects.filter(keep_until__lt=clock.now()).exclude(state=PackageState.GONE)
    return sum(map(_forget, over))


def forget_packages_with(exhibit: Exhibit) -> None:
    """Delete packages that hold an exhibit, because it expires: what goes is gone from them too."""
    for package in Package.objects.filter(items__contains=[exhibit.reference], state=PackageState.READY):
        _forget(package)


@transaction.atomic
def _forget(package: Package) -> bool:
    locked = _locked(package)
    if PackageVerb.FORGET not in PACKAGE.allowed(locked.state):
        return False
    blob, locked.blob, locked.key = locked.blob, None, None
    _move(locked, PackageVerb.FORGET)
    _record("evidence.package_forgotten", locked, by=None)
    if blob is not None:
        transaction.on_commit(lambda: store.take_away(blob))
    return True


def _exhibits_of(package: Package) -> list[Exhibit]:
    found = list(selectors.by_references(package.items))
    store.lock(*found)
    for exhibit in found:
        store.key_of(exhibit)
    return found


def _move(package: Package, verb: PackageVerb) -> None:
    package.state = PACKAGE.after(package.state, verb)
    package.save()


def _locked(package: Package) -> Package:
    return Package.objects.select_for_update(of=("self",)).get(pk=package.pk)


def _record_of(package: Package, blob: uuid.UUID) -> str:
    return f"{package.reference}/{package.case_reference}/{blob}"


def _record(
    action: str, package: Package, *, by: User | None, details: dict[str, ledger.Value] | None = None
) -> None:
    about: dict[str, ledger.Value] = {"case": package.case_reference, **(details or {})}
    ledger.record(action, subject=package.reference, by=by, details=about)


def _pieces(package: Package, blob: uuid.UUID) -> Iterator[bytes]:
    with store.store().open(store.path_of(blob)) as file:
        key = bytes(package.key or b"")
        yield from sealed.opened(cast("Any", file), key=key, record=_record_of(package, blob))
