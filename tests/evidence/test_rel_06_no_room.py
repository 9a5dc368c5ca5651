"""REL-06: no room left, in the store, the folder of packages, the database and the log. Really none."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.models import Task
from coordination.cases.selectors import waiting_for
from coordination.cases.services import Case
from coordination.core.embedded import accounts
from coordination.core.embedded.cluster import PORT, ROLES, Cluster
from coordination.evidence.errors import StoreFailed
from coordination.evidence.models import CustodyEvent, Exhibit, Keeping
from coordination.ledger import selectors as ledger
from tests.doors import SignIn
from tests.exhibits import WHY, Keep, objects
from tests.full import no_file_longer_than, small_disk

LARGE = random.Random(6).randbytes(1_500_000)  # more than a small disk holds, in several chunks
SMALL = LARGE[:40_000]


@contextmanager
def _limit(folder: Path) -> Iterator[None]:
    with no_file_longer_than(600_000):
        yield


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    with small_disk(folder):
        yield


full = pytest.mark.parametrize("full", [_limit, _disk], ids=["a limit", "a full disk"])


def _nothing(store: Path) -> bool:
    counts = [each.objects.count() for each in (Exhibit, Keeping, CustodyEvent)]
    return objects(store) == [] and counts == [0, 0, 0]


def _alarm() -> Task:
    return Task.objects.get(kind="no_room", state="open")


@full
def test_rel_06_a_store_without_room_refuses_and_nothing_half_written_counts(
    keep: Keep, store: Path, full: Callable[[Path], Any], administrator: User
) -> None:
    with full(store):
        for _ in range(2):
            with pytest.raises(StoreFailed):
                keep(LARGE)
        assert _nothing(store)
        assert "Exhibits cannot be kept" in _alarm().title
        # It goes on by itself, and what is small enough still comes in.
        assert keep(SMALL).size == len(SMALL)
        assert len(objects(store)) == 1
        assert _alarm() in waiting_for(administrator)


def test_rel_06_the_same_content_comes_in_once_there_is_room(keep: Keep, store: Path) -> None:
    with small_disk(store):
        filler = store / "filler"
        filler.write_bytes(bytes(900_000))
        with pytest.raises(StoreFailed):
            keep(LARGE[:400_000])
        assert objects(store) == [filler]
        filler.unlink()
        assert keep(LARGE[:400_000]).size == 400_000


def test_rel_06_the_desk_says_so_and_claims_nothing(
    sign_in: SignIn, liaison: User, case: Case, store: Path
) -> None:
    desk: Client = sign_in(liaison)
    with no_file_longer_than(600_000):
        answer = desk.post(
            f"/admin/cases/case/{case.reference}/do/take_in/",
            {"file": SimpleUploadedFile("a.bin", LARGE), "why": WHY},
            follow=True,
        )
    page = answer.content.decode()
    assert "The store did not take the exhibit" in page
    assert "was taken in" not in page
    assert _nothing(store)


@full
def test_rel_06_a_package_without_room_leaves_no_folder_and_an_alarm(
    keep: Keep, case: Case, counsel: User, tmp_path: Path, full: Callable[[Path], Any]
) -> None:
    keep(LARGE)
    folder = tmp_path / "packages"
    folder.mkdir()
    said = {"by": counsel, "recipient": "Harrow", "why": WHY}
    with full(folder):
        with pytest.raises(cases.PackageFailed):
            cases.make_package(case, folder=folder / "package", **said)
        assert list(folder.iterdir()) == []
    assert "A package could not be written" in _alarm().title
    assert not ledger.entries_about(case.reference).filter(action="cases.package_made").exists()
    cases.make_package(case, folder=folder / "package", **said)
    assert (folder / "package/manifest-sha256.txt").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "tables", [("evidence_exhibit",), ("evidence_custodyevent",), ("evidence_keeping", "cases_task")]
)
def test_rel_06_a_database_without_room_keeps_no_object(
    keep: Keep, store: Path, tables: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with _full_tables(*tables):
        with pytest.raises(StoreFailed):
            keep(SMALL)
        assert _nothing(store)
    assert "The database has no room left" in caplog.text
    assert Task.objects.filter(kind="no_room").count() == ("cases_task" not in tables)
    assert keep(SMALL).size == len(SMALL)


@contextmanager
def _full_tables(*tables: str) -> Iterator[None]:
    """Move tables of the embedded database to a disk of their own, and fill that to its last page."""
    cluster = Cluster.of(configured.VAR_DIR)
    if "DATABASE_URL" in os.environ or not cluster.as_root:
        pytest.skip("only root can give the embedded database a disk that is small")
    account = accounts.of(cluster)
    place = cluster.home / "small"
    name = connections["default"].settings_dict["NAME"]
    with small_disk(place, size=2 * 1024 * 1024), _superuser(cluster, name) as server:
        os.chown(place, account.uid, account.gid)
        place.chmod(0o700)
        server.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        try:
            for table in tables:
                server.execute(f"TRUNCATE {table} CASCADE")  # no page of what tests rolled back
                server.execute(f"ALTER TABLE {table} SET TABLESPACE small")
            server.execute("CREATE TABLE filler (x text STORAGE PLAIN) TABLESPACE small")
            for rows in (50, 1):
                with pytest.raises(psycopg.errors.DiskFull):
                    _fill(server, rows)
            yield
        finally:
            server.execute("DROP TABLE IF EXISTS filler")
            for table in tables:
                server.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            server.execute("DROP TABLESPACE small")


def _fill(server: psycopg.Connection, rows: int) -> None:
    for _ in range(1000):
        server.execute("INSERT INTO filler SELECT repeat('x', 8000) FROM generate_series(1, %s)", [rows])


def _superuser(cluster: Cluster, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(cluster.socket_directory),
        port=PORT,
        dbname=database,
        user=ROLES["superuser"],
        password=cluster.password("superuser"),
        autocommit=True,
    )


@pytest.mark.django_db(transaction=True)
def test_rel_06_a_log_without_room_hides_no_exhibit_and_no_alarm(
    case: Case, liaison: User, tmp_path: Path, database_environment: dict[str, str]
) -> None:
    """/dev/full refuses every byte, as a full disk does."""
    store, file = tmp_path / "store", tmp_path / "dump.bin"
    file.write_bytes(LARGE)
    command = [sys.executable, "manage.py", "exhibit_take_in", case.reference, str(file)]
    command += ["--by", liaison.username, "--why", WHY]
    environment = {**os.environ, **database_environment, "EVIDENCE_DIR": str(store)}

    def taken_in(*, room: int) -> "subprocess.CompletedProcess[str]":
        with Path("/dev/full").open("w") as log, no_file_longer_than(room):
            return subprocess.run(
                command,
                cwd=configured.BASE_DIR,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
            )

    refused = taken_in(room=600_000)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert _nothing(store)
    assert _alarm()
    done = taken_in(room=2**40)
    assert done.returncode == 0
    assert Exhibit.objects.get().reference in done.stdout
