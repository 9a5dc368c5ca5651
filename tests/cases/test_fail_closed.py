"""No package is made, and nothing of one left, while its release could not be recorded."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from coordination.cases.services import packages
from coordination.evidence import selectors as evidence
from coordination.evidence.services import Exhibit
from coordination.ledger.services import LedgerUnwritable
from tests.cases.conftest import Make
from tests.outage import Unwritable


def test_no_package_is_made_while_the_ledger_cannot_be_written(
    make: Make, exhibits: list[Exhibit], unwritable: Unwritable, tmp_path: Path
) -> None:
    before = {*tmp_path.iterdir()}
    with unwritable(), pytest.raises(LedgerUnwritable):
        make()
    assert {*tmp_path.iterdir()} == before
    assert not evidence.custody_of(exhibits[0]).filter(act="released").exists()
    assert (make() / "verify.py").exists()


def test_no_package_is_left_where_the_ledger_is_lost_while_it_is_written(
    make: Make, unwritable: Unwritable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = {*tmp_path.iterdir()}, packages._write
    outage = unwritable()

    def written(*args: Any, **options: Any) -> str:
        digest = write(*args, **options)
        outage.__enter__()
        with connection.cursor() as cursor:
            # In the middle of a transaction a right that others took is seen once a statement is parsed.
            cursor.execute("SELECT FROM ledger_leaf LIMIT 0")
        return digest

    monkeypatch.setattr(packages, "_write", written)
    try:
        with pytest.raises(LedgerUnwritable):
            make()
    finally:
        outage.__exit__(None, None, None)
    assert {*tmp_path.iterdir()} == before
