"""Making a package: the release is recorded first, then all is written beside its place and moved in."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from coordination.access.services import User
from coordination.cases.models import Case
from coordination.cases.packages import certificate, contents, graph, naming, proofs, readme, schedule
from coordination.cases.packages.bag import Bag
from coordination.cases.services import alarms
from coordination.cases.services.access import WORK, require_case
from coordination.cases.services.matters import add_event
from coordination.core import clock
from coordination.core.errors import Conflict, CoordinationError, InvalidInput, Refused
from coordination.evidence import selectors as evidence_selectors
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.ledger import services as ledger

VERIFY = Path(certificate.__file__).with_name("verify.py")

Tell = Callable[[str, int, int], None]


class PackageFailed(CoordinationError):
    """The package could not be written, and nothing of it is left. Make room, and make it again."""


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def make_package(
    case: Case,
    *,
    folder: Path,
    by: User | None,
    recipient: str,
    why: str,
    references: Sequence[str] = (),
    signature: certificate.Signature | None = None,
    name_people: bool = False,
    tell: Tell = _silent,
) -> str:
    """Write a package of a case's exhibits (all it has, or `references`) as a new folder; return its digest.

    What goes to a recipient calls people by their role, unless `name_people`. Each exhibit is verified as it
    is read. The release is in the custody and in the ledger before the first byte is written; what goes wrong
    later leaves no folder, and the release on record. Raises Refused where an exhibit is of another case,
    expired or in quarantine, Conflict where the folder is there or is being written, PackageFailed where
    there is no room for it, Unproven where the ledger does not prove it in time.
    """
    require_case(by, case, WORK)
    now = clock.now()
    if signature is not None:
        if by is None or signature.person != by:
            raise Refused(
                "A certificate is signed by the person who asks for the package.", rule="cases.certifier"
            )
        certificate.check(signature, at=now)
    wanted = list(dict.fromkeys(references)) or _all_open(case)
    with _whole(folder) as part:
        released = evidence.release(case.reference, references=wanted, by=by, recipient=recipient, why=why)
        exhibits = [each for each, _ in released]
        numbers = bool(recipient) and not name_people
        said = Said(recipient=recipient, signature=signature, numbers=numbers, tell=tell)
        digest = _write(case, part, exhibits, said)
        _record(case, digest, by=by, count=len(released), signed=signature is not None)
    return digest


def _all_open(case: Case) -> list[str]:
    found = [
        each.reference for each in evidence_selectors.exhibits_of(case.reference) if hasattr(each, "keeping")
    ]
    if not found:
        raise Refused("The case has no exhibit that could go into a package.", rule="cases.empty-package")
    return found


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Give a place to write in, which becomes `folder` once all is written; otherwise nothing of it stays."""
    part = _begin(folder)
    try:
        yield part
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        alarms.alarm(alarms.PACKAGES, error.strerror or type(error).__name__)
        raise PackageFailed from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _begin(folder: Path) -> Path:
    """Make the folder in which a package is written; only one writer can."""
    if not folder.name or not folder.parent.is_dir():
        raise InvalidInput("folder", "A new folder in one that is there.")
    if folder.exists():
        raise Conflict("The folder is there already: a package is written into a new one.")
    part = folder.with_name(f".{folder.name}.part")
    try:
        part.mkdir(mode=0o700)
    except FileExistsError:
        raise Conflict(
            f"Somebody writes this package now, or was interrupted: {part.name} is there."
        ) from None
    return part


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was asked for, of one package."""

    recipient: str
    signature: certificate.Signature | None
    numbers: bool  # people stand there by role and number
    tell: Tell


def _write(case: Case, part: Path, exhibits: list[Exhibit], said: Said) -> str:
    bag, signature, tell = Bag(part), said.signature, said.tell
    now = clock.now()
    items = [contents.item_of(each) for each in exhibits]
    for done, (exhibit, item) in enumerate(zip(exhibits, items, strict=True), 1):
        tell("exhibits", done, len(exhibits))
        if bag.add(item.path, evidence.content(exhibit)) != exhibit.sha256:
            raise evidence.ExhibitBroken(f"Exhibit {exhibit.reference} is not what was taken in.")
    listed = [{**asdict(each), "taken_in_at": ledger.timestamp(each.taken_in_at)} for each in items]
    bag.add("exhibits.json", contents.as_json(listed))
    leaves = _write_custody(case, bag, exhibits, items, said)
    tell("proofs", 0, len(leaves))
    proven = proofs.gather(leaves)
    proofs.add_to(bag, proven)
    tell("proofs", len(leaves), len(leaves))
    about_it = readme.text(
        case=case.reference,
        recipient=said.recipient,
        platform=settings.PLATFORM_NAME,
        numbers=said.numbers,
        anchored=proofs.standing(proven),
    )
    bag.add("README.txt", about_it.encode())
    listing = bag.listing()
    bag.add("certified-files.sha256", listing)
    digest = f"sha256:{hashlib.sha256(listing).hexdigest()}"
    pdf = certificate.draw(
        case.reference, items, digest=digest, at=now, platform=settings.PLATFORM_NAME, signature=signature
    )
    bag.add("certificate.pdf", certificate.sign(pdf, signature, digest=digest) if signature else pdf)
    about = {
        "Source-Organization": settings.PLATFORM_NAME,
        "External-Identifier": case.reference,
        "Bagging-Date": f"{now:%Y-%m-%d}",
    }
    return bag.close(about, {"verify.py": VERIFY.read_bytes()})


def _write_custody(
    case: Case, bag: Bag, exhibits: list[Exhibit], items: list[contents.Item], said: Said
) -> list[tuple[int, bytes]]:
    """Write the custody in its three forms, and the entries; return (row, hash) of each entry."""
    leaves: list[tuple[int, bytes]] = []
    events: list[contents.Event] = []
    name = naming.by_role() if said.numbers else naming.by_name
    for event, record in contents.custody(exhibits, name=name):
        bag.add(f"ledger/entries/{event.leaf}.json", bytes(record.entry.entry))
        leaves.append((record.entry_id, bytes(record.entry.leaf_hash)))
        events.append(event)
    bag.add("custody.jsonl", map(contents.as_json_line, events))
    pages = schedule.parts(
        case.reference,
        items,
        iter(events),
        total=len(events),
        at=clock.now(),
        numbers_of=settings.PLATFORM_NAME if said.numbers else "",
    )
    for number, (place, pdf) in enumerate(pages, 1):
        said.tell("custody", min(number * schedule.LINES, len(events)), len(events))
        bag.add(place, pdf)
    bag.add("case.jsonld", graph.document(case.reference, items, events))
    return leaves


@transaction.atomic
def _record(case: Case, digest: str, *, by: User | None, count: int, signed: bool) -> None:
    details: dict[str, ledger.Value] = {"package_sha256": digest, "exhibit_count": count, "signed": signed}
    ledger.record("cases.package_made", subject=case.reference, by=by, details=details)
    add_event(case, kind="package", title=f"A package of {count} exhibits was made", by=by)
