"""The address of a list is no way to ask for a column that the list does not filter by."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client

from coordination.access.markup import when
from coordination.access.services import User
from tests.doors import signed_in


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda each: each._meta.label))
def test_no_list_is_searched_by_a_column_it_does_not_filter_by(model: type[Model]) -> None:
    found = [
        field.name
        for field in model._meta.concrete_fields
        if admin.site._registry[model].lookup_allowed(f"{field.name}__startswith", "a", None)
    ]
    assert found == []


def test_a_password_is_not_guessed_digit_by_digit_from_the_list_of_people(
    client: Client, auditor: User, liaison: User
) -> None:
    signed_in(auditor, client)
    answers = {
        client.get(f"/admin/access/user/?username={liaison.username}&password__startswith={each}").status_code
        for each in ("argon2", "x")
    }
    assert answers == {400}


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
)
def test_a_time_at_the_end_of_the_calendar_is_shown_and_breaks_no_page(moment: datetime) -> None:
    for zone in ("America/Denver", "Pacific/Kiritimati"):
        assert str(moment.year) in when(moment, zone)
