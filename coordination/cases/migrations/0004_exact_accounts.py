from typing import Any

from django.db import migrations

from coordination.cases.identities import account_identity

BATCH = 500


def index_exactly(apps: Any, schema_editor: Any) -> None:
    """Index accounts by every character, as they are joined by. One that a case has twice is left."""
    subjects = apps.get_model("cases", "Subject").objects.using(schema_editor.connection.alias)
    case, taken, changed = None, set[bytes](), []
    for subject in subjects.order_by("case_id", "pk").only("case_id", "account").iterator(BATCH):
        if subject.case_id != case:
            case, taken = subject.case_id, set()
        subject.account_index = account_identity(subject.account).index
        if subject.account_index not in taken:
            taken.add(subject.account_index)
            changed.append(subject)
        if len(changed) >= BATCH:
            subjects.bulk_update(changed, ["account_index"])
            changed = []
    subjects.bulk_update(changed, ["account_index"])
    # A table with rows that wait for their references to be looked at is not altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0003_identifiers"),
    ]

    operations = [
        migrations.RunPython(index_exactly, migrations.RunPython.noop),
    ]
