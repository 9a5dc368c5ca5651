"""The package of a production: a BagIt bag (RFC 8493) in one zip, whose bytes follow from what is in it."""

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import rfc8785
from django.conf import settings

from coordination.access.services import User
from coordination.cases.packages.bag import Bag
from coordination.datarequests.models import DataRequest, ProductionItem
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.ledger import services as ledger

# A zip says when a file was last changed; here it says nothing, so that the same bag is the same bytes.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)


def pack(request: DataRequest, items: Sequence[ProductionItem], *, by: User) -> Exhibit:
    """Write the package and take it into the case as an exhibit; its SHA-256 is what is checked and signed.

    `data/production.json` says under which process and gate it goes out, and of each file whose it is, what
    and of when. Each exhibit that is copied into it gets its custody event first.
    """
    why = f"Into the production for data request {request.reference}"
    with tempfile.TemporaryDirectory() as place:
        bag = Bag(Path(place))
        listed = []
        for number, item in enumerate(items, 1):
            name = f"items/{number:04}-{item.category}-{item.exhibit.reference}"
            digest = bag.add(name, evidence.copy_out(item.exhibit, by=by, why=why))
            listed.append(_line(item, f"data/{name}", digest))
        bag.add("production.json", rfc8785.dumps(_about(request, listed)))
        bag.close(
            {"Source-Organization": settings.PLATFORM_NAME, "External-Identifier": request.reference}, {}
        )
        content = io.BytesIO()
        _zip(Path(place), content)
    content.seek(0)
    exhibit, _ = evidence.take_in(
        request.case.reference,
        by=by,
        content=content,
        filename=f"{request.reference}.zip",
        why=f"Package of data request {request.reference}",
        what="Production package",
    )
    return exhibit


def _about(request: DataRequest, listed: list[dict[str, Any]]) -> dict[str, Any]:
    gate = request.gate
    return {
        "reference": request.reference,
        "process": request.process,
        "gate": gate.code if gate else "",
        "citation": gate.citation if gate else "",
        "range": {
            "from": str(request.range_from or ""),
            "until": str(request.range_until or ""),
            "zone": request.zone,
        },
        "items": listed,
    }


def _line(item: ProductionItem, path: str, digest: str) -> dict[str, Any]:
    return {
        "path": path,
        "sha256": digest,
        "named_account": {"kind": item.account.kind, "value": item.account.value},
        "category": item.category,
        "earliest": ledger.timestamp(item.earliest) if item.earliest else "",
        "latest": ledger.timestamp(item.latest) if item.latest else "",
        "redactions": item.redactions,
    }


def _zip(folder: Path, content: io.BytesIO) -> None:
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
