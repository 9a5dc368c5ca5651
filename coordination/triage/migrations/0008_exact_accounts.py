from typing import Any

from django.db import migrations

from coordination.cases.identities import account_identity

BATCH = 500


def index_exactly(apps: Any, schema_editor: Any) -> None:
    """Index the accounts of flags by every character, as they are joined by."""
    flags = apps.get_model("triage", "Flag").objects.using(schema_editor.connection.alias)
    changed = []
    for flag in flags.order_by("pk").only("account").iterator(BATCH):
        flag.account_index = account_identity(flag.account).index
        changed.append(flag)
        if len(changed) == BATCH:
            flags.bulk_update(changed, ["account_index"])
            changed = []
    flags.bulk_update(changed, ["account_index"])
    # A table with rows that wait for their references to be looked at is not altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0007_intake"),
    ]

    operations = [
        migrations.RunPython(index_exactly, migrations.RunPython.noop),
    ]
