from typing import Any

from django.db import migrations

from coordination.cases.identities import account_identity

BATCH = 500


def index_exactly(apps: Any, schema_editor: Any) -> None:
    """Index accounts by every character, as they are joined by."""
    for name in ("Flag", "TargetAccount"):
        rows = apps.get_model("triage", name).objects.using(schema_editor.connection.alias)
        changed = []
        for row in rows.order_by("pk").only("account").iterator(BATCH):
            row.account_index = account_identity(row.account).index
            changed.append(row)
            if len(changed) == BATCH:
                rows.bulk_update(changed, ["account_index"])
                changed = []
        rows.bulk_update(changed, ["account_index"])
    # A table with rows that wait for their references to be looked at is not altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0008_targets_own_accounts"),
    ]

    operations = [
        migrations.RunPython(index_exactly, migrations.RunPython.noop),
    ]
