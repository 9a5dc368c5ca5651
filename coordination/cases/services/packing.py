"""Making the packages that were asked for on the desk: in a folder of the worker's, then sealed."""

import logging
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import DatabaseError, transaction
from procrastinate.contrib.django import app

from coordination.access.services import User
from coordination.cases import selectors
from coordination.cases.models import Case
from coordination.cases.services import alarms
from coordination.cases.services.access import WORK, require_case
from coordination.cases.services.packages import PackageFailed, make_package
from coordination.core.errors import CoordinationError, IllegalTransition
from coordination.evidence import services as evidence
from coordination.evidence.services import Package

logger = logging.getLogger(__name__)

PACK: Final = "cases.pack"
BROKE: Final = "Something went wrong that should not: the worker's log says what. Nothing of it was kept."


@transaction.atomic
def order_package(
    case: Case, *, items: list[str], recipient: str, why: str, by: User, name_people: bool = False
) -> Package:
    """Ask for a package of a case's exhibits; a worker makes it at once, where one runs."""
    require_case(by, case, WORK)
    package = evidence.ask_package(
        case.reference, items=items, recipient=recipient, why=why, by=by, name_people=name_people
    )
    transaction.on_commit(_wake, robust=True)
    return package


@transaction.atomic
def order_again(package: Package, *, by: User) -> None:
    """Have a package made that failed."""
    evidence.make_package_again(package, by=by)
    transaction.on_commit(_wake, robust=True)


def pack_waiting() -> int:
    """Make every package that waits; return how many. What a stopped worker left is failed first."""
    for reference in evidence.fail_interrupted():
        shutil.rmtree(_folder(reference), ignore_errors=True)
    count = 0
    while (package := evidence.begin_package()) is not None:
        _pack(package)
        count += 1
    return count


def _pack(package: Package) -> None:
    work = _folder(package.reference)
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(mode=0o700, parents=True)
        folder = work / f"{package.case_reference}-{package.reference}"
        digest = make_package(
            selectors.case_by_reference(package.case_reference),
            folder=folder,
            by=package.asked_by,
            recipient=package.recipient,
            why=package.why,
            references=package.items,
            name_people=package.name_people,
            tell=lambda step, done, total: evidence.tell_package(package, step=step, done=done, total=total),
        )
        with _zipped(folder) as content:
            evidence.finish_package(package, content=content, digest=digest)
    except IllegalTransition:
        logger.warning("Package %s was given up meanwhile; what was made of it is not kept.", package)
    except CoordinationError as error:
        evidence.fail_package(package, why=str(error))
    except OSError as error:
        alarms.alarm(alarms.PACKAGES, error.strerror or type(error).__name__)
        evidence.fail_package(package, why=str(PackageFailed()))
    except Exception:
        evidence.fail_package(package, why=BROKE)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _zipped(folder: Path) -> Iterator[IO[bytes]]:
    """Give the folder as one zip, opened; what it holds is packed tight already and is not pressed again."""
    place = folder.with_suffix(".zip")
    with zipfile.ZipFile(place, "x", zipfile.ZIP_STORED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    with place.open("rb") as content:
        yield content


def _folder(reference: str) -> Path:
    return Path(settings.PACKAGES_DIR) / reference


def _wake() -> None:
    """Let a worker look now; a wake-up that is lost costs a minute."""
    try:
        app.configure_task(PACK, queue="background").defer(timestamp=0)
    except DatabaseError:
        logger.exception("The worker was not woken; it looks every minute.")
