"""A row of any table, for tests of what the database lets a role do. It refers to nothing that is there."""

import datetime as dt
import hashlib
import uuid
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

TABLES = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
SAMPLES: dict[type, Any] = {
    models.DateTimeField: dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
    models.DateField: dt.date(2026, 1, 5),
    models.UUIDField: uuid.uuid4(),
    models.BooleanField: False,
    models.IntegerField: 1,
    models.BinaryField: b"x",
    ArrayField: ["x"],
}
PARTICULAR = {
    "outbox_approval": {"approved_by_id": 1},
    "ledger_pending": {"leaf_id": 7},
    "ledger_sequence": {"index": 7},
    "ledger_leaf": {"entry": b"x", "leaf_hash": hashlib.sha256(b"\x00x").digest()},
}

# A trigger looks at the row that this one rests on: it is inserted first.
RESTS_ON = {"triage_decision": ("assessment_id", "triage_assessment", {"assessed_by_id": 2})}


def a_row(model: type[models.Model]) -> models.Model:
    """Return a row with something in each column. It must never be committed."""
    values = {
        field.attname: _sample(field)
        for field in model._meta.concrete_fields
        if not (field.null or field.has_default() or field.primary_key)
    }
    if model._meta.db_table in RESTS_ON:
        column, table, differs = RESTS_ON[model._meta.db_table]
        other = a_row(TABLES[table])
        for name, value in differs.items():
            setattr(other, name, value)
        other.save(force_insert=True)
        values[column] = other.pk
    return model(**values | PARTICULAR.get(model._meta.db_table, {}))


def _sample(field: Any) -> Any:
    # Foreign keys are checked when a transaction commits, and this one never does.
    while field.is_relation:
        field = field.target_field
    if field.choices:
        return field.choices[0][0]
    return next((value for kind, value in SAMPLES.items() if isinstance(field, kind)), "1")
