"""V16.4.3: entries go to the output too, whole and once committed, for a system that keeps logs."""

import json
import logging
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import transaction

from coordination.ledger import services
from coordination.ledger.models import Leaf


@pytest.fixture
def told(settings: Any) -> Any:
    """Turn it on; return what was written, as it stands on the output."""
    settings.LEDGER_TO_LOG = True
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    log, kept = logging.getLogger("coordination.ledger.entries"), Kept()
    log.addHandler(kept)
    yield lines
    log.removeHandler(kept)


@pytest.mark.django_db(transaction=True)
def test_V16_4_3_each_entry_is_a_line_once_it_is_committed(told: list[str]) -> None:
    with transaction.atomic():
        leaf = services.record("cases.case_opened", subject="C-1", by=None)
        assert told == []
    assert told == [bytes(leaf.entry).decode()]
    with transaction.atomic():
        services.append([services.entry("cases.case_closed", subject="C-1", by=None)])
    assert [json.loads(each)["action"] for each in told] == ["cases.case_opened", "cases.case_closed"]
    assert told == [bytes(each.entry).decode() for each in Leaf.objects.order_by("id")]


@pytest.mark.django_db(transaction=True)
def test_V16_4_3_what_was_rolled_back_is_told_to_nobody(told: list[str]) -> None:
    with transaction.atomic():
        services.record("cases.case_opened", subject="C-1", by=None)
        transaction.set_rollback(True)
    assert (told, Leaf.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_where_it_is_not_asked_for(told: list[str], settings: Any) -> None:
    settings.LEDGER_TO_LOG = False
    with transaction.atomic():
        services.record("cases.case_opened", subject="C-1", by=None)
    assert told == []


def test_the_line_stands_on_the_output_bare() -> None:
    logger = configured.LOGGING["loggers"]["coordination.ledger.entries"]
    assert (logger["handlers"], logger["level"], logger["propagate"]) == (["bare"], "INFO", False)
    assert configured.LOGGING["formatters"]["bare"]["format"] == "{message}"
