"""The log as an operator reads it: a refusal is one line, what broke is told with the way to it."""

import io
import logging
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.test import Client
from django.utils.log import configure_logging

from coordination.core.logs import Line


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The log as the settings configure it, written where the test can read it."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    before = logging.root.handlers[:], logging.root.level
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    yield written
    logging.root.handlers, logging.root.level = before


def test_a_host_that_is_not_ours_is_one_line_and_a_warning(client: Client, log: io.StringIO) -> None:
    assert client.get("/admin/", headers={"host": "evil.example"}).status_code == 400
    (line,) = log.getvalue().splitlines()
    assert " WARNING django.security.DisallowedHost Invalid HTTP_HOST header: 'evil.example'" in line


@pytest.mark.parametrize("kind", [DisallowedHost, PermissionDenied])
def test_a_refusal_is_written_without_its_traceback_and_kept_with_it(kind: type[Exception]) -> None:
    record = _record(kind("no"))
    assert Line("%(message)s").format(record) == "said"
    assert record.exc_info is not None, "for whoever else handles it"


def test_what_broke_is_told_with_the_way_to_it() -> None:
    assert "ZeroDivisionError: once" in Line("%(message)s").format(_record(ZeroDivisionError("once")))


def _record(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord("x", logging.ERROR, "x.py", 1, "said", None, sys.exc_info())
