"""Custody: every act has its event and its entry; nothing of another case, nothing broken, is handed on."""

import hashlib
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core.errors import InvalidInput, NotFound, NotPermitted, Refused
from coordination.evidence import salted, selectors, services
from coordination.evidence.errors import ExhibitBroken
from coordination.evidence.models import Exhibit, Keeping
from coordination.ledger import selectors as ledger
from tests.exhibits import PHOTO_TEXT, WHY, Keep, objects


def acts(exhibit: Exhibit) -> list[str]:
    return [each.act for each in selectors.custody_of(exhibit)]


def test_each_act_is_an_event_and_an_entry(exhibit: Exhibit, counsel: User, case: Case) -> None:
    b"".join(services.view(exhibit, by=counsel, why=WHY))
    b"".join(services.copy_out(exhibit, by=counsel, why=WHY))
    services.reverify(exhibit, by=None, why="The weekly check.")
    services.release(case.reference, references=[exhibit.reference], by=counsel, recipient="Harrow", why=WHY)
    assert acts(exhibit) == ["taken_in", "viewed", "copied", "reverified", "released"]
    entries = {each.pk: each.action for each in ledger.entries_about(exhibit.reference)}
    for event in selectors.custody_of(exhibit):
        assert entries[event.entry_id] == f"evidence.{event.act}"
    assert selectors.custody_of(exhibit).last().recipient == "Harrow"  # type: ignore[union-attr]


def test_nobody_looks_without_a_reason(exhibit: Exhibit, counsel: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.view(exhibit, by=counsel, why="")
    assert refused.value.field == "why"
    assert acts(exhibit) == ["taken_in"]


def test_the_auditor_sees_the_custody_and_opens_nothing(exhibit: Exhibit, auditor: User) -> None:
    assert list(selectors.visible_to(auditor)) == [exhibit]
    with pytest.raises(NotPermitted):
        services.view(exhibit, by=auditor, why=WHY)


def test_exhibits_of_a_foreign_case_are_not_there(
    exhibit: Exhibit, administrator: User, custodian: User
) -> None:
    for person in (administrator, custodian):
        assert not selectors.visible_to(person)
        with pytest.raises(NotFound):
            services.view(exhibit, by=person, why=WHY)
        with pytest.raises(NotFound):
            selectors.exhibit_for(person, exhibit.reference)


def test_rec_06_an_exhibit_of_another_case_is_refused_whoever_asks(exhibit: Exhibit, counsel: User) -> None:
    other = cases.open_case("Another matter", by=None)
    for by in (counsel, None):
        with pytest.raises(Refused) as refused:
            services.release(
                other.reference, references=[exhibit.reference], by=by, recipient="Harrow", why=WHY
            )
        assert refused.value.rule == "evidence.of-another-case"
    assert acts(exhibit) == ["taken_in"]


def test_rec_06_a_hold_of_one_case_takes_no_exhibit_of_another(exhibit: Exhibit) -> None:
    other = cases.open_case("Another matter", by=None)
    with pytest.raises(Refused):
        services.place_hold(other.reference, by=None, reason="Litigation.", exhibit=exhibit)


@pytest.mark.parametrize("table", ["evidence_exhibit", "evidence_custodyevent"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET id = id",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TABLE {} CASCADE",
        "CREATE RULE r AS ON INSERT TO {} DO INSTEAD NOTHING",
        "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT (id) DO UPDATE SET id = 7",
    ],
)
def test_the_application_cannot_change_what_was_recorded(
    exhibit: Exhibit, table: str, statement: str
) -> None:
    def rows() -> list[object]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            return list(cursor.fetchall())

    before = rows()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert rows() == before != []


def test_the_application_gives_nobody_a_right(exhibit: Exhibit) -> None:
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON evidence_exhibit TO PUBLIC")
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('evidence_exhibit', 'UPDATE')")
        assert cursor.fetchone() == (False,)


def test_evd_01_a_flipped_bit_in_the_store_is_found_and_the_exhibit_named(
    exhibit: Exhibit, store: Path, counsel: User
) -> None:
    (file,) = objects(store)
    bits = bytearray(file.read_bytes())
    bits[len(bits) // 2] ^= 4
    file.chmod(0o600)
    file.write_bytes(bits)
    with pytest.raises(ExhibitBroken, match=exhibit.reference):
        services.reverify(exhibit, by=counsel, why=WHY)
    with pytest.raises(ExhibitBroken, match=exhibit.reference):
        b"".join(services.view(exhibit, by=counsel, why=WHY))
    last = ledger.entries_about(exhibit.reference).filter(action="evidence.found_broken")
    assert last.exists()


def test_the_object_of_another_exhibit_is_no_substitute(keep: Keep, store: Path, counsel: User) -> None:
    one, two = keep(b"one"), keep(b"two")
    paths = {path.name: path for path in objects(store)}
    paths[str(one.blob)].write_bytes(paths[str(two.blob)].read_bytes())
    with pytest.raises(ExhibitBroken):
        b"".join(services.view(one, by=counsel, why=WHY))


def test_a_lost_object_is_broken_and_not_an_empty_page(exhibit: Exhibit, store: Path, counsel: User) -> None:
    objects(store)[0].unlink()
    with pytest.raises(ExhibitBroken, match="not in the store"):
        b"".join(services.view(exhibit, by=counsel, why=WHY))


def test_a_key_moved_from_another_exhibit_does_not_open(keep: Keep, counsel: User) -> None:
    from coordination.core.sealing import SealBroken

    one, two = keep(b"one"), keep(b"two")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evidence_keeping SET key = (SELECT key FROM evidence_keeping WHERE exhibit_id = %s)"
            " WHERE exhibit_id = %s",
            [two.pk, one.pk],
        )
    with pytest.raises(SealBroken):
        services.view(one, by=counsel, why=WHY)


def test_keys_are_wrapped_anew_without_touching_a_record(exhibit: Exhibit, counsel: User) -> None:
    """manage.py rotate_keys finds the wrapped keys as it finds every sealed column."""
    from coordination.core import rotation

    assert Keeping in dict(rotation.tables())
    with connection.cursor() as cursor:
        cursor.execute("SELECT substring(key FROM 3 FOR get_byte(key, 1)) FROM evidence_keeping")
        assert cursor.fetchone() is not None
    assert b"".join(services.view(exhibit, by=counsel, why=WHY)) == PHOTO_TEXT


def test_who_has_an_entry_alone_cannot_try_reasons_against_it(exhibit: Exhibit, counsel: User) -> None:
    """The same words have another digest in each entry, none of them that of the words."""
    digests = set()
    for _ in range(2):
        event = services.begin_view(exhibit, by=counsel, why=WHY)
        said = event.entry.data["details"]["why_digest"]
        assert said == salted.digest("why", WHY, key=bytes(event.salt or b""))
        assert hashlib.sha256(WHY.encode()).hexdigest() not in said
        digests.add(said)
    assert len(digests) == 2
    assert salted.digest("why", WHY, key=b"k" * 32) != salted.digest("recipient", WHY, key=b"k" * 32)


def test_a_digest_is_hmac_sha_256_as_the_rfc_has_it() -> None:
    """Computed by openssl, with the field's name and a zero byte in front."""
    said = salted.digest("why", "Asked for.", key=bytes(range(32)))
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{bytes(range(32)).hex()}"]
    done = subprocess.run(command, input=b"why\x00Asked for.", capture_output=True, check=True)
    assert said.removeprefix("hmac-sha256:") == done.stdout.decode().split()[-1]
