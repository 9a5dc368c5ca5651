"""For migrations: a plain column becomes a sealed one of the same name, and what stood in it is sealed."""

from collections.abc import Callable
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation

from coordination.core.fields import SealedTextField


def sealed(app: str, model: str, name: str, *, plain: Any, final: SealedTextField) -> list[Operation]:
    """Return the operations; `plain` is the field as it was, `final` as it is to be. They can be taken back.

    The table is named as Django names it: <app>_<model>.
    """
    was, nullable = f"plain_{name}", plain.clone()
    nullable.null = True
    column = f'ALTER TABLE "{app}_{model}" ALTER COLUMN "{name}"'
    return [
        migrations.RenameField(model, name, was),
        migrations.AlterField(model, was, nullable),
        migrations.AddField(model, name, SealedTextField(null=True)),
        migrations.RunPython(_copy(app, model, was, name), _copy(app, model, name, was)),
        migrations.RemoveField(model, was),
        # By hand: Django would ask for a default to fill rows with, and a sealed value is one row's own.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"{column} SET NOT NULL", f"{column} DROP NOT NULL")],
            state_operations=[migrations.AlterField(model, name, final)],
        ),
    ]


def _copy(app: str, model: str, source: str, target: str) -> Callable[[Any, Any], None]:
    def copy(apps: Any, schema_editor: Any) -> None:
        manager = apps.get_model(app, model)._default_manager  # noqa: SLF001 - documented by Django
        for row in manager.using(schema_editor.connection.alias).iterator():
            setattr(row, target, getattr(row, source) or "")
            row.save(update_fields=[target])
        # A row that is changed twice in one transaction has its references looked at at the end, and until
        # then PostgreSQL alters no table of it.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    return copy
