"""What the bus runs for every batch is planned by the server once for each connection."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from coordination.core.statements import prepared

pytestmark = pytest.mark.django_db


def _known() -> list[str]:
    return [text for (text,) in prepared("SELECT statement FROM pg_prepared_statements", [])]


def test_a_statement_is_prepared_once_and_what_the_orm_runs_is_not() -> None:
    for number in range(3):
        assert prepared("SELECT 40 + %(number)s::int", {"number": number}) == [(40 + number,)]
    with connection.cursor() as cursor:
        for _ in range(10):
            cursor.execute("SELECT 41 + %s", [1])
    assert [each for each in _known() if "4" in each] == ["SELECT 40 + $1::int"]


def test_whoever_counts_statements_counts_it() -> None:
    with CaptureQueriesContext(connection) as asked:
        prepared("SELECT %(number)s::int", {"number": 1})
    assert [each["sql"] for each in asked] == ["SELECT %(number)s::int"]


def test_it_raises_the_errors_of_django() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        prepared("INSERT INTO auth_group (name) VALUES (%s), (%s)", ["the same", "the same"])
