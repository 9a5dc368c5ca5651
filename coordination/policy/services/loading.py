"""Loading packs: the way in for law and policy. A version, once loaded, never changes."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Model, QuerySet

from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused
from coordination.ledger import services as ledger
from coordination.policy import selectors
from coordination.policy.contents import content_of, said
from coordination.policy.fields import Values, coded
from coordination.policy.models import (
    Clock,
    CriteriaVersion,
    DeskRule,
    EmergencyNumber,
    Escalation,
    Holiday,
    IntakeRule,
    LadderStep,
    LegalBasis,
    MandatedReport,
    Pack,
    PhoneRule,
    Routing,
)
from coordination.policy.packs import PackFile, read_all
from coordination.policy.processmodels import ProcessGate, ValidityRule


@transaction.atomic
def load(directory: Path, *, by: AbstractBaseUser | None = None) -> list[Pack]:
    """Load every pack file under `directory` that is not loaded yet and return the new packs; all or nothing.

    Raises InvalidInput naming file, row and field where a file is wrong, and Refused where a version that is
    loaded already has other bytes, or where a version would begin before one that is loaded: both would
    change what was in force when past decisions were made.
    """
    files, problems = read_all(directory)
    if problems:
        raise InvalidInput("packs", "\n".join(map(str, problems)))
    return [pack for pack in (_load_one(file, by) for file in files) if pack]


def _load_one(file: PackFile, by: AbstractBaseUser | None) -> Pack | None:
    header = file.header
    known = {pack.version: pack for pack in Pack.objects.select_for_update().filter(name=header["name"])}
    same = known.get(header["version"])
    if same:
        if same.digest != file.digest:
            raise Refused(
                f"{same} was published with other content: a published version never changes. "
                "Give the change the next version.",
                rule="policy.published-version",
            )
        return None
    for earlier in known.values():
        if earlier.effective_from >= header["effective_from"]:
            raise Refused(
                f"{header['name']} {header['version']} would begin before the loaded {earlier.version}.",
                rule="policy.no-rewriting",
            )
        if earlier.effective_until is None or earlier.effective_until > header["effective_from"]:
            earlier.effective_until = header["effective_from"]
            earlier.save(update_fields=["effective_until"])
    for row in file.rows.get("criteria", []):
        _shadows_nothing(file, row)
    pack = Pack.objects.create(**header, digest=file.digest, loaded_at=clock.now())
    for model, rows in groupby(_rows(pack, file), type):
        QuerySet[Model](model).bulk_create(rows)
    ledger.record(
        "policy.loaded",
        subject=f"pack:{pack.name}/{pack.version}",
        by=by,
        details={"digest": pack.digest, "rows_count": sum(map(len, file.rows.values()))},
    )
    return pack


def _shadows_nothing(file: PackFile, row: Values) -> None:
    """Let no file take the place of criteria that two people approved on the desk, unless it says so."""
    made = CriteriaVersion.objects.filter(proposal__isnull=False).first()
    begins = file.header["effective_from"]
    if made is None:
        return
    if made.effective_from > begins:
        raise Refused(
            f"{file.path.name} would begin before the criteria {made.version}, approved on the desk.",
            rule="policy.no-rewriting",
        )
    stands = selectors.newest_criteria() == made
    if stands and row.get("replaces") != made.version and said(_parts(row)) != said(content_of(made)):
        raise Refused(
            f"{file.path.name} would take the place of the criteria {made.version}, approved on the desk. "
            f'Put them into the file as their page prints them, or say replaces = "{made.version}".',
            rule="policy.approved-on-the-desk",
        )


def _rows(pack: Pack, file: PackFile) -> Iterable[Model]:
    rows = file.rows
    yield from (LegalBasis(pack=pack, **coded(row)) for row in rows.get("legal_bases", []))
    yield from (Routing(pack=pack, **coded(row)) for row in rows.get("routing", []))
    yield from (PhoneRule(pack=pack, **coded(row)) for row in rows.get("phone_rules", []))
    yield from (LadderStep(pack=pack, **coded(row)) for row in rows.get("ladder", []))
    yield from (DeskRule(pack=pack, **coded(row)) for row in rows.get("desk_rules", []))
    yield from (MandatedReport(pack=pack, **coded(row)) for row in rows.get("mandated_reports", []))
    yield from (Escalation(pack=pack, **coded(row)) for row in rows.get("escalation", []))
    yield from (IntakeRule(pack=pack, **coded(row)) for row in rows.get("intake", []))
    yield from (ProcessGate(pack=pack, **coded(row)) for row in rows.get("process_gates", []))
    yield from (ValidityRule(pack=pack, **coded(row)) for row in rows.get("validity_rules", []))
    yield from (EmergencyNumber(pack=pack, **row) for row in rows.get("emergency_numbers", []))
    for row in rows.get("clocks", []):
        begins = row.get("in_force_from")
        midnight = begins and datetime.combine(begins, time(), ZoneInfo(pack.time_zone)).astimezone(UTC)
        yield Clock(pack=pack, **coded(row) | {"in_force_from": midnight})
    for row in rows.get("calendars", []):
        yield from (Holiday(pack=pack, calendar=row["id"], **holiday) for holiday in row["holidays"])
    for row in rows.get("criteria", []):
        kept = {name: value for name, value in coded(row).items() if name != "replaces"}
        yield CriteriaVersion(pack=pack, effective_from=pack.effective_from, **kept | _parts(row))


def _parts(row: Values) -> Values:
    """Return what a version says, of a row as its file has it."""
    parts = {name: [coded(each) for each in row.get(name, [])] for name in ("sections", "rules")}
    return {"high_severity_categories": row["high_severity_categories"], **parts}
