"""A published half-year, filed request by request, comes out as it was published."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coordination.core.errors import InvalidInput, Refused
from coordination.desk.rehearsal import running
from coordination.desk.rehearsal.kinds import kinds_of
from coordination.desk.rehearsal.planning import plan
from coordination.desk.rehearsal.published import read
from tests.architecture.source import ROOT

TABLES = {
    "requests_received_and_disclosed": """\
year,half,type,count_requests_received,count_disclosed
2023,2,civil subpoena,9,9
2024,1, Criminal or Government  Agency Subpoena ,3,2
2024,1,criminal search warrant,2,1
2024,1,CROSS-BORDER REQUEST,2,1
2024,1,civil subpoena,1,
""",
    "requests_accounts_affected": "Year , half,count_accounts_affected\n2024,1,5\n2023,1,550\n",
    "cross_border_data_requests": """\
year,half,government,government_iso2_code,count
2024,1,Germany,DE,1
2024,1,France,fr,1

""",
    "user_notifications_of_legal_request_disclosures": """\
year,half,type,count
2024,1,notification,1
2024,1,gag order,1
2024,1,exigent circumstances,1
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The four files, untidy as they are published."""
    for name, text in TABLES.items():
        path = tmp_path / f"{name}_by_calendar_year_half.csv"
        path.write_text(text, encoding="utf-8-sig")
    return tmp_path


@pytest.fixture
def written(folder: Path) -> Callable[[str, str], Path]:
    """Write one of the files anew: `written("requests_accounts_affected", "…")`."""

    def write(name: str, text: str) -> Path:
        (folder / f"{name}_by_calendar_year_half.csv").write_text(text)
        return folder

    return write


@pytest.mark.django_db(transaction=True)
def test_every_count_of_a_half_year_comes_out_as_published(folder: Path, packs: None, store: Any) -> None:
    told: list[str] = []
    half = read(folder, year=2024, half=1)
    lines = running.rehearse(half, say=told.append)
    assert {each.what: (each.expected, each.produced) for each in lines} == {
        "criminal or government agency subpoena: received": (3, 3),
        "criminal or government agency subpoena: disclosed": (2, 2),
        "criminal search warrant: received": (2, 2),
        "criminal search warrant: disclosed": (1, 1),
        "cross-border request: received": (2, 2),
        "cross-border request: disclosed": (1, 1),
        "civil subpoena: received": (1, 1),
        "civil subpoena: disclosed": (None, 0),
        "accounts affected": (5, 5),
        "cross-border: DE": (1, 1),
        "cross-border: FR": (1, 1),
        "cross-border: all countries": (2, 2),
        "users notified": (1, 1),
        "gagged": (1, 1),
        "exigent": (1, 1),
        "not stated": (1, 1),
    }
    assert all(each.holds for each in lines)
    assert told == ["8 of 8 requests filed"]
    with pytest.raises(Refused, match="empty"):
        running.rehearse(half)


@pytest.mark.django_db(transaction=True)
def test_what_does_not_add_up_is_told_apart(
    written: Callable[[str, str], Path], packs: None, store: Any
) -> None:
    folder = written(
        "cross_border_data_requests", "year,half,government,government_iso2_code,count\n2024,1,Italy,IT,1\n"
    )
    lines = running.rehearse(read(folder, year=2024, half=1))
    assert [(each.what, each.expected, each.produced) for each in lines if not each.holds] == [
        ("cross-border: all countries", 1, 2)
    ]


def test_tables_without_the_half_year_are_named(folder: Path) -> None:
    half = read(folder, year=2023, half=1)
    assert half.accounts == 550
    assert half.missing == [
        "requests_received_and_disclosed",
        "cross_border_data_requests",
        "user_notifications_of_legal_request_disclosures",
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("requests_accounts_affected", "year,half\n", "no column count_accounts_affected"),
        ("requests_accounts_affected", "year,half,count_accounts_affected\n2024,1,many\n", "line 2"),
        ("requests_accounts_affected", "year,half,count_accounts_affected\n2024,1,-3\n", "no whole number"),
        (
            "user_notifications_of_legal_request_disclosures",
            "year,half,type,count\n2024,1,gag order,1\n2024,1,Gag  Order,2\n",
            "line 3: gag order stands there twice",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_file_line_and_column(
    name: str, text: str, said: str, written: Callable[[str, str], Path]
) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(written(name, text), year=2024, half=1)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "requests_accounts_affected_by_calendar_year_half.csv").unlink()
    with pytest.raises(InvalidInput, match="requests_accounts_affected_by_calendar_year_half"):
        read(folder, year=2024, half=1)


def test_types_that_nobody_knows_or_could_tell_apart_are_refused() -> None:
    with pytest.raises(InvalidInput, match="'national security letter'"):
        kinds_of(["national security letter"])
    with pytest.raises(InvalidInput, match="would both be filed as grand jury subpoena"):
        kinds_of(["grand jury subpoena", "criminal subpoena"])


def test_more_disclosed_than_received_is_refused(written: Callable[[str, str], Path]) -> None:
    header = "year,half,type,count_requests_received,count_disclosed\n"
    folder = written("requests_received_and_disclosed", f"{header}2024,1,civil subpoena,1,2\n")
    with pytest.raises(InvalidInput, match="More of 'civil subpoena'"):
        plan(read(folder, year=2024, half=1))


def test_accounts_are_shared_out_so_that_all_are_named_once(folder: Path) -> None:
    disclosed = [each for each in plan(read(folder, year=2024, half=1)) if each.disclosed]
    assert [len(each.accounts) for each in disclosed] == [2, 1, 1, 1]
    assert len({account for each in disclosed for account in each.accounts}) == 5


def _command(folder: Path, year: int, half: int) -> subprocess.CompletedProcess[str]:
    said = ["--data", str(folder), "--year", str(year), "--half", str(half)]
    return subprocess.run(
        [sys.executable, "manage.py", "rehearse_half_year", *said],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_half_year_whose_requests_were_not_published_is_said_so(folder: Path) -> None:
    done = _command(folder, 2022, 2)
    assert done.returncode == 3
    assert "not published: requests_received_and_disclosed of 2022, half 2" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(("year", "half"), [(2023, 1), (2023, 2), (2024, 1)])
def test_the_published_half_years_come_out_exactly(year: int, half: int) -> None:
    place = os.environ.get("COORDINATION_DATA_DIR", "")
    if not (Path(place) / "github-transparency").is_dir():
        pytest.skip("COORDINATION_DATA_DIR names no directory with github-transparency")
    done = _command(Path(place) / "github-transparency", year, half)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DIFFERS" not in done.stdout
