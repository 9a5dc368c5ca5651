from typing import Any

from django.db import migrations

from coordination.cases.identities import account_identity

BATCH = 500


def index_exactly(apps: Any, schema_editor: Any) -> None:
    """Index accounts by every character, as they are restricted by."""
    for name in ("Restriction", "Preservation", "ProtectiveOrder"):
        rows = apps.get_model("restrictions", name).objects.using(schema_editor.connection.alias)
        for row in rows.exclude(account_index=None).order_by("pk").only("account").iterator(BATCH):
            row.account_index = account_identity(row.account).index
            row.save(update_fields=["account_index"])
    # A table with rows that wait for their references to be looked at is not altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("restrictions", "0004_guard"),
    ]

    operations = [
        migrations.RunPython(index_exactly, migrations.RunPython.noop),
    ]
