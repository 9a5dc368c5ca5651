"""A list of agencies is taken in whole or not at all, and proves nothing about a mailbox or a number."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services
from coordination.partners.models import Agency, DirectoryImport
from tests.doors import signed_in
from tests.people import Cast

HEAD = "ori,agency_name,agency_type,state,county,latitude,longitude"
TEXAS = "TX0000000,Springfield Police Department,City,Texas,BEXAR,29.42,-98.49"
ILLINOIS = "IL0840200,Springfield Police Department,City,Illinois,SANGAMON,39.78,-89.65"


def _file(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def _import(*rows: str, **options: Any) -> services.Imported:
    return services.import_agencies(_file(*rows), by=None, **options)


def test_a_listed_agency_is_not_verified_and_has_no_number(administrator: User) -> None:
    outcome = services.import_agencies(_file(TEXAS), by=administrator)
    assert (outcome.written, outcome.added) == (True, 1)
    agency = Agency.objects.get()
    assert (agency.name, agency.region, agency.county) == ("Springfield Police Department", "Texas", "BEXAR")
    assert (agency.latitude, agency.longitude, agency.agency_type) == (29.42, -98.49, "City")
    assert not selectors.is_open(agency)
    assert (agency.phone, agency.domain) == ("", "")
    assert not cases.waiting_for(administrator)


def test_the_same_file_again_changes_nothing(db: None) -> None:
    _import(TEXAS, ILLINOIS)
    again = _import(TEXAS, ILLINOIS)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert Agency.objects.count() == 2


def test_a_later_file_brings_agencies_up_to_date_and_makes_no_second(db: None) -> None:
    _import(TEXAS, ILLINOIS)
    pk = Agency.objects.get(identifier="TX0000000").pk
    outcome = _import(TEXAS.replace("Springfield", "Springfield City").replace("TX0000000", "tx-000 0000"))
    assert (outcome.added, outcome.changed, outcome.same) == (0, 1, 0)
    agency = Agency.objects.get(pk=pk)
    assert (agency.name, agency.identifier) == ("Springfield City Police Department", "TX-000 0000")
    assert Agency.objects.count() == 2


def test_the_name_of_a_verified_agency_stays_and_is_named(agency: Agency) -> None:
    outcome = _import(f"{agency.identifier},Harrow Sheriff's Office,County,Colorado,HARROW,39.5,-105.1")
    assert (outcome.changed, outcome.kept) == (1, 1)
    assert outcome.problems[0].line == 2
    agency.refresh_from_db()
    assert (agency.name, agency.county, agency.phone) == (
        "Harrow County Sheriff",
        "HARROW",
        "+1 970 555 0112",
    )
    assert selectors.is_open(agency)


def test_untidy_cells_are_stripped(db: None) -> None:
    _import(' tx0000000 ,"  Springfield   Police Department\t", City ,Texas, ,, ', "", " , ,,,,,")
    agency = Agency.objects.get()
    assert (agency.identifier, agency.name, agency.county) == (
        "TX0000000",
        "Springfield Police Department",
        "",
    )
    assert (agency.latitude, agency.longitude) == (None, None)


BAD = [
    (",No Number,City,Texas,,,", "ori"),
    ("TX1,Short,City,Texas,,,", "ori"),
    ("120000000,No state,City,Texas,,,", "ori"),
    ("TX0000001,,City,Texas,,,", "agency_name"),
    (f"TX0000001,{'x' * 201},City,Texas,,,", "agency_name"),
    ("TX0000001,Bell\x07,City,Texas,,,", "agency_name"),
    ("TX0000001,Name,City,Texas,,north,", "latitude"),
    ("TX0000001,Name,City,Texas,,91,", "latitude"),
    ("TX0000001,Name,City,Texas,,1,nan", "longitude"),
    ("TX0000001,Name,City", "row"),
    ("TX0000001,Name,City,Texas,,1,1,1", "row"),
    ("TX-0000-000,Again,City,Texas,,,", "ori"),
]


@pytest.mark.parametrize(("row", "field"), BAD)
def test_a_bad_row_is_named_and_keeps_the_whole_file_out(db: None, row: str, field: str) -> None:
    outcome = _import(TEXAS, row, ILLINOIS)
    assert not outcome.written
    assert [(each.line, each.field) for each in outcome.problems] == [(3, field)]
    assert not Agency.objects.exists()
    assert not DirectoryImport.objects.exists()


def test_bad_rows_are_left_out_where_one_asks_for_it(db: None) -> None:
    outcome = _import(TEXAS, "TX1,Short,City,Texas,,,", ILLINOIS, skip_bad=True)
    assert (outcome.written, outcome.added, len(outcome.problems)) == (True, 2, 1)
    assert selectors.imports().get().bad == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"ori,agency_name\n", _file(), HEAD.encode() + b"\n\xff\xfe", HEAD.encode() + b'\n"TX0000000"x,y'],
)
def test_what_is_no_list_is_refused(db: None, content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.import_agencies(content, by=None)
    assert refused.value.field == "file"


def test_a_trial_changes_nothing(db: None) -> None:
    outcome = _import(TEXAS, dry_run=True)
    assert (outcome.written, outcome.added) == (False, 1)
    assert not Agency.objects.exists()


def test_an_import_and_each_change_are_in_the_ledger(administrator: User) -> None:
    services.import_agencies(_file(TEXAS), by=administrator)
    record = selectors.imports().get()
    [entry] = ledger.entries_about(record.origin)
    assert entry.action == "partners.directory_imported"
    assert entry.data["details"]["file_digest"] == record.file_digest
    assert (entry.data["details"]["added"], entry.data["by"]) == (1, administrator.pk)
    agency = Agency.objects.get()
    _import(TEXAS.replace("BEXAR", "COMAL"))
    actions = [each.action for each in ledger.entries_about(f"agency:{agency.pk}")]
    assert actions == ["partners.agency_imported", "partners.agency_updated"]


def test_a_listed_agency_is_verified_once_another_person_called_a_number_of_ours(
    client: Client, administrator: User, cast: Cast
) -> None:
    _import(TEXAS)
    agency = Agency.objects.get()
    second = cast(Role.ADMINISTRATOR, username="second")
    with pytest.raises(Refused, match="no number of ours"):
        services.verify_agency(agency, by=second, how_verified="They wrote to me.")
    signed_in(administrator, client)
    page = f"/admin/partners/agency/{agency.pk}/"
    assert "Write the contacts down" in client.get(f"{page}change/").content.decode()
    contacts = {
        "kind": "police",
        "recipient_class": "us_government",
        "time_zone": "America/Chicago",
        "domain": "Springfield-Police-TX.example",
        "phone": "+1 512 555 0100",
    }
    client.post(f"{page}do/write_contacts/", contacts)
    agency.refresh_from_db()
    assert (agency.domain, agency.phone) == ("springfield-police-tx.example", "+1 512 555 0100")
    assert [each.kind for each in cases.waiting_for(second)] == ["verify_agency"]
    with pytest.raises(Refused):
        services.verify_agency(agency, by=administrator, how_verified="I called.")
    services.verify_agency(agency, by=second, how_verified="Called the watch commander.")
    assert selectors.is_open(agency)
    with pytest.raises(Refused):
        services.write_contacts(agency, by=administrator, **{**contacts, "phone": "+1 512 555 0199"})
    assert Agency.objects.get().phone == "+1 512 555 0100"


def test_only_administrators_import(liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.import_agencies(_file(TEXAS), by=liaison)


def test_rec_02_listed_agencies_of_one_name_are_found_and_told_apart(
    client: Client, administrator: User
) -> None:
    _import(TEXAS, ILLINOIS)
    signed_in(administrator, client)
    for wanted, shown, other in (
        ("IL0840200", "IL0840200", "TX0000000"),
        ("springfield texas", "TX0000000", "IL0840200"),
    ):
        page = client.get("/admin/partners/agency/", {"q": wanted}).content.decode()
        assert shown in page
        assert other not in page
    page = client.get("/admin/partners/agency/", {"q": "springfield police"}).content.decode()
    assert "TX0000000" in page
    assert "IL0840200" in page


def test_rec_02_a_picker_of_agencies_shows_identifier_and_country(
    client: Client, administrator: User, agency: Agency
) -> None:
    _import(TEXAS, ILLINOIS)
    signed_in(administrator, client)
    page = client.get("/admin/partners/destination/add/").content.decode()
    assert "Harrow County Sheriff (CO0000000, US)" in page
    assert "Springfield" not in page


def test_a_list_is_taken_in_on_the_desk(client: Client, administrator: User) -> None:
    signed_in(administrator, client)
    page = "/admin/partners/directoryimport/add/"
    bad = client.post(
        page, {"file": SimpleUploadedFile("list.csv", _file(TEXAS, "TX1,x,,,,,")), "country": "US"}
    )
    assert "Line 3, ori" in bad.content.decode()
    assert not Agency.objects.exists()
    good = SimpleUploadedFile("list.csv", _file(TEXAS))
    shown = client.post(page, {"file": good, "country": "US"}, follow=True).content.decode()
    assert "List of 1 agencies" in shown
    assert Agency.objects.get().registered_by == administrator


def test_the_command_says_what_it_did(tmp_path: Path, administrator: User) -> None:
    path, out, err = tmp_path / "list.csv", StringIO(), StringIO()
    path.write_bytes(_file(TEXAS, "TX1,x,,,,,"))
    with pytest.raises(CommandError, match="Nothing was written: 1 of 2 rows are bad"):
        call_command("import_agencies", path, stdout=out, stderr=err)
    assert "line 3, ori" in err.getvalue()
    call_command("import_agencies", path, "--skip-bad", "--by", "administrator", stdout=out, stderr=err)
    assert "1 added, 0 changed, 0 as they were" in out.getvalue()
    assert "1 of 1 added" in out.getvalue()
    call_command("import_agencies", path, "--skip-bad", "--dry-run", stdout=out, stderr=err)
    assert "Nothing was written. It would be: 0 added" in out.getvalue()
    for arguments in ((path, "--by", "nobody"), (tmp_path / "none.csv",), (path, "--country", "XX")):
        with pytest.raises(CommandError):
            call_command("import_agencies", *arguments, stdout=out, stderr=err)


def test_a_list_of_many_batches_is_taken_in_and_brought_up_to_date(db: None) -> None:
    """Every statement is one for 2,000 rows: 5,000 rows take some dozens."""
    rows = [f"TX{number:07},Department {number},City,Texas,X,30,-97" for number in range(5_000)]
    told: list[tuple[str, int, int]] = []
    assert _import(*rows, progress=lambda *said: told.append(said)).added == 5_000
    assert told == [("added", 2_000, 5_000), ("added", 4_000, 5_000), ("added", 5_000, 5_000)]
    outcome = _import(*(row.replace("Texas,X", "Texas,Y") for row in rows))
    assert (outcome.added, outcome.changed) == (0, 5_000)
    assert Agency.objects.filter(county="Y").count() == 5_000
