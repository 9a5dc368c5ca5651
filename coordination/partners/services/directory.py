"""Taking a list of agencies in: whom there is, which is no proof of a mailbox or a number."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, connection, transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Conflict
from coordination.core.fields import number
from coordination.ledger import services as ledger
from coordination.partners import agencylist
from coordination.partners.agencylist import Listed, Problem
from coordination.partners.kinds import AgencyKind
from coordination.partners.models import Agency, DirectoryImport
from coordination.partners.services.agencies import CHANGE
from coordination.partners.services.words import country_code

MOST_PROBLEMS: Final = 200
BATCH: Final = 2_000
# What a list says of an agency; of one that a person verified, the name and the identifier stay.
_FIELDS: Final = ("name", "identifier", "agency_type", "region", "county", "latitude", "longitude")
_VERIFIED_AS: Final = ("name", "identifier")
_UPDATE: Final = """
    UPDATE partners_agency AS a SET name = n.name, identifier = n.identifier, agency_type = n.agency_type,
        region = n.region, county = n.county, latitude = n.latitude, longitude = n.longitude, imported_at = %s
    FROM json_to_recordset(%s::json) AS n(id bigint, name text, identifier text, agency_type text,
        region text, county text, latitude float8, longitude float8)
    WHERE a.id = n.id
"""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of a file. `kept` agencies are verified under another name, which stays.

    `written` is False for a trial, and where a row is bad and bad rows are not to be left out.
    """

    rows: int
    added: int = 0
    changed: int = 0
    same: int = 0
    kept: int = 0
    problems: Sequence[Problem] = ()
    written: bool = False
    record: DirectoryImport | None = None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to be done: rows that are new, and values for the agencies that differ."""

    new: list[Listed]
    changes: dict[int, dict[str, Any]]
    kept: list[Problem]
    same: int


def import_agencies(
    content: bytes,
    *,
    by: User | None,
    country: str = "US",
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Take in a list of agencies (agencylist.COLUMNS), all of it or nothing; again, it is brought up to date.

    Nobody listed is verified by that, and nothing of a verified agency but its place is changed. A bad row
    keeps the whole file out unless `skip_bad`. `by` is None for the owner's shell. Raises InvalidInput naming
    `file` or `country`, and Conflict where somebody registers one of them meanwhile.
    """
    if by is not None:
        access.require(by, CHANGE)
    code = country_code(country)
    listed, problems = agencylist.read(content, country=code)
    outcome = Imported(rows=len(listed) + len(problems), problems=problems)
    if problems and not skip_bad:
        return outcome
    try:
        with transaction.atomic():
            return _take_in(listed, outcome, content, by=by, country=code, dry_run=dry_run, tell=progress)
    except IntegrityError:
        raise Conflict("One of them was registered at the same moment; import the file again.") from None


def _take_in(
    listed: list[Listed],
    outcome: Imported,
    content: bytes,
    *,
    by: User | None,
    country: str,
    dry_run: bool,
    tell: Progress | None,
) -> Imported:
    with connection.cursor() as cursor:
        # Two imports at once would both find an agency missing.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.directory'))")
    plan = _plan(listed, country)
    outcome = replace(
        outcome,
        added=len(plan.new),
        changed=len(plan.changes),
        same=plan.same,
        kept=len(plan.kept),
        problems=[*outcome.problems, *plan.kept],
    )
    if dry_run:
        return outcome
    now, tell = clock.now(), tell or _silent
    record = _record(outcome, content, by=by, country=country, at=now)
    for start in range(0, len(plan.new), BATCH):
        _add(plan.new[start : start + BATCH], record, by=by, at=now)
        tell("added", min(start + BATCH, len(plan.new)), len(plan.new))
    ids = list(plan.changes)
    for start in range(0, len(ids), BATCH):
        _change({pk: plan.changes[pk] for pk in ids[start : start + BATCH]}, record, by=by, at=now)
        tell("changed", min(start + BATCH, len(ids)), len(ids))
    return replace(outcome, written=True, record=record)


def _plan(listed: list[Listed], country: str) -> _Plan:
    rows = Agency.objects.filter(country=country).values("pk", "identifier_key", "verified_at", *_FIELDS)
    known = {row["identifier_key"]: row for row in rows}
    plan = _Plan(new=[], changes={}, kept=[], same=0)
    same = 0
    for each in listed:
        row = known.get(each.key)
        if row is None:
            plan.new.append(each)
            continue
        wanted = {name: getattr(each, name) for name in _FIELDS}
        if row["verified_at"] is not None:
            if any(row[name] != wanted[name] for name in _VERIFIED_AS):
                plan.kept.append(
                    Problem(each.line, "agency_name", "Verified under another name, which stays.")
                )
            wanted |= {name: row[name] for name in _VERIFIED_AS}
        if any(row[name] != value for name, value in wanted.items()):
            plan.changes[row["pk"]] = wanted
        else:
            same += 1
    return replace(plan, same=same)


def _add(listed: list[Listed], record: DirectoryImport, *, by: User | None, at: datetime) -> None:
    new = [
        Agency(
            kind=AgencyKind.POLICE,
            recipient_class="us_government" if record.country == "US" else "foreign_government",
            country=record.country,
            identifier_key=each.key,
            registered_by=by,
            imported_at=at,
            **{name: getattr(each, name) for name in _FIELDS},
        )
        for each in listed
    ]
    number(new)
    Agency.objects.bulk_create(new)
    _tell("partners.agency_imported", [each.pk for each in new], record, by=by, at=at)


def _change(
    changes: dict[int, dict[str, Any]], record: DirectoryImport, *, by: User | None, at: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [at, json.dumps([{"id": pk, **values} for pk, values in changes.items()])])
    _tell("partners.agency_updated", list(changes), record, by=by, at=at)


def _tell(action: str, ids: list[int], record: DirectoryImport, *, by: User | None, at: datetime) -> None:
    details = {"import": record.pk}
    ledger.append(ledger.entry(action, subject=f"agency:{pk}", by=by, details=details, at=at) for pk in ids)


def _record(
    outcome: Imported, content: bytes, *, by: User | None, country: str, at: datetime
) -> DirectoryImport:
    counts = {name: getattr(outcome, name) for name in ("rows", "added", "changed", "same", "kept")}
    bad = len(outcome.problems) - outcome.kept
    record = DirectoryImport.objects.create(
        country=country,
        file_digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        problems=[each._asdict() for each in outcome.problems[:MOST_PROBLEMS]],
        bad=bad,
        imported_by=by,
        imported_at=at,
        **counts,
    )
    details = {"country": country, "file_digest": record.file_digest, "bad": bad, **counts}
    ledger.record("partners.directory_imported", subject=record.origin, by=by, details=details, at=at)
    return record


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""
