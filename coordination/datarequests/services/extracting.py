"""Making what may go out from what was exported: lines in the date range alone, and others' words redacted.

The original stays sealed in the case; the copy is another exhibit, made from it.
"""

import io
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from coordination.access.services import User
from coordination.core.errors import InvalidInput, Refused
from coordination.datarequests.models import DataRequest, NamedAccount, ProductionItem
from coordination.datarequests.services import clocks, collecting, gate
from coordination.datarequests.services.records import permitted
from coordination.datarequests.workflow import RequestVerb
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.evidence.transcripts import Line, lines
from coordination.policy.workflow import ProcessData

REDACTED: Final = "[redacted]"
SOMEBODY: Final = "another person"
# A shorter word of somebody else's ("ok") says nothing of them where the account's own words have it too.
TELLING: Final = 8


@dataclass
class Extract:
    """What stays, how many lines did not, how many places were redacted, and from when to when it is."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    redactions: int = 0
    struck: set[str] = field(default_factory=set)
    times: list[datetime] = field(default_factory=list)


def add_extract(
    request: DataRequest,
    *,
    by: User,
    account: NamedAccount,
    category: str,
    exhibit: Exhibit,
    speakers: Collection[str] = (),
    strike: Collection[str] = (),
    relates: str = "",
) -> tuple[ProductionItem, Extract]:
    """Make a copy of an export with the lines of the date range, and put it into the production.

    An export is JSON Lines, each with a time `at`. Of a transcript (category content) the words of `speakers`
    stay, those of anybody else are redacted, and so are they where the account's own words repeat them, and
    each text in `strike`. The copy is read again, and refused where a redacted text is found in it. Raises
    Refused by the gate, and where no line is in the range. Not for the inside of a transaction.
    """
    fresh = permitted_now(request, by=by)
    found = clocks.bounds(fresh)
    if found is None:
        raise Refused("The request names no range of dates.", rule="datarequests.range")
    # Asked before anything is opened: what this process never reaches is not read for it.
    gate.check(fresh, account, category, (found[0], found[0]), relates=relates)
    pieces = evidence.copy_out(exhibit, by=by, why=f"For data request {fresh.reference}")
    if category == ProcessData.CONTENT:
        extract = _of_transcript(lines(pieces), found, set(speakers), strike)
    else:
        extract = _of_records(pieces, found)
    if not extract.rows:
        raise Refused("No line of it is in the date range.", rule="datarequests.range")
    content = _written(extract)
    copy = evidence.add_redacted(
        exhibit,
        by=by,
        content=io.BytesIO(content),
        filename=f"{fresh.reference}-{category}.jsonl",
        why=f"Extract for data request {fresh.reference}",
    )
    item = collecting.add_item(
        fresh,
        by=by,
        account=account,
        category=category,
        exhibit=copy,
        earliest=min(extract.times),
        latest=max(extract.times),
        relates=relates,
        redactions=extract.redactions,
    )
    return item, extract


@transaction.atomic
def permitted_now(request: DataRequest, *, by: User) -> DataRequest:
    """Return the row as it is now to who may collect for it."""
    return permitted(request, by=by, permission=collecting.COLLECT, verb=RequestVerb.ADD_ITEM)


def _of_transcript(
    said: Iterator[Line], bounds: tuple[datetime, datetime], speakers: set[str], strike: Collection[str]
) -> Extract:
    extract = Extract(struck={each.strip() for each in strike if each.strip()})
    inside = []
    for line in said:
        if bounds[0] <= line.at < bounds[1]:
            inside.append(line)
        else:
            extract.left_out += 1
    others = [line for line in inside if line.speaker not in speakers]
    if inside and len(others) == len(inside):
        raise InvalidInput("speakers", "Name the speaker whose words go out, as the transcript does.")
    for line in others:
        names = [line.speaker, line.text, *(each.name for each in line.attachments)]
        extract.struck |= {each for each in names if len(each) >= TELLING}
    for line in inside:
        _take(extract, line, own=line.speaker in speakers)
    return extract


def _take(extract: Extract, line: Line, *, own: bool) -> None:
    row: dict[str, Any] = {"at": line.at.isoformat(), "line": line.number}
    if own:
        row |= {"speaker": line.speaker, "text": _without(extract, line.text)}
        names = [{"name": _without(extract, each.name), "sha256": each.sha256} for each in line.attachments]
        row |= {"attachments": names} if names else {}
    else:
        row |= {"speaker": SOMEBODY, "text": REDACTED}
        extract.redactions += 1
    extract.rows.append(row)
    extract.times.append(line.at)


def _without(extract: Extract, text: str) -> str:
    """Return a text without what is struck, the longest first, whatever their case."""
    for struck in sorted(extract.struck, key=len, reverse=True):
        folded, wanted = text.casefold(), struck.casefold()
        # Folding can change a text's length: then its places are not those of the text, and all of it goes.
        if wanted in folded and len(folded) != len(text):
            extract.redactions += 1
            return REDACTED
        while (place := text.casefold().find(wanted)) >= 0:
            text = text[:place] + REDACTED + text[place + len(struck) :]
            extract.redactions += 1
    return text


def _of_records(pieces: Iterable[bytes], bounds: tuple[datetime, datetime]) -> Extract:
    extract = Extract()
    for number, line in enumerate(b"".join(pieces).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            at = datetime.fromisoformat(row["at"])
        except (ValueError, KeyError, TypeError):
            raise InvalidInput("exhibit", f"Line {number} is not a JSON object with a time `at`.") from None
        if at.tzinfo is None:
            raise InvalidInput("exhibit", f"Line {number}: a time needs a zone.")
        if bounds[0] <= at < bounds[1]:
            extract.rows.append(row)
            extract.times.append(at)
        else:
            extract.left_out += 1
    return extract


def _written(extract: Extract) -> bytes:
    """Return the bytes, read again: nothing that was redacted stands in them."""
    content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in extract.rows).encode()
    read = [json.loads(line) for line in content.splitlines()]
    texts = "\n".join(str(value) for row in read for value in row.values()).casefold()
    if any(each.casefold() in texts for each in extract.struck):
        raise Refused(
            "A redacted text is still in the copy: it does not go out.", rule="datarequests.redaction"
        )
    return content
