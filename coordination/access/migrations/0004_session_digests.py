"""Of a session's key the database keeps a digest. Sessions go on: what each browser holds stays the same."""

from typing import Any

from django.db import migrations

from coordination.access.sessionstore import digest

# What Django draws; a digest has 40.
KEY = 32


def digest_keys(apps: Any, schema_editor: Any) -> None:
    """Put the digest in the place of each key, and drop what was pickled into the cache."""
    using = schema_editor.connection.alias
    for session in apps.get_model("access", "DeskSession").objects.using(using).all():
        if len(session.key_digest) == KEY:
            session.key_digest = digest(session.key_digest)
            session.save(using=using, update_fields=["key_digest"])
    rows = apps.get_model("sessions", "Session").objects.using(using)
    for key in rows.values_list("pk", flat=True):
        if len(key) == KEY:
            rows.filter(pk=key).update(session_key=digest(key))
    schema_editor.execute("DELETE FROM access_cache")


class Migration(migrations.Migration):
    dependencies = [("access", "0003_roles"), ("sessions", "0001_initial")]
    operations = [
        migrations.RenameField("desksession", "session_key", "key_digest"),
        migrations.RunPython(digest_keys, migrations.RunPython.noop),
    ]
