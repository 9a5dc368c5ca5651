"""Agencies from a list: what it says of them, and their identifiers by letters and digits alone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key_them(apps, schema_editor):
    """Write down what makes each identifier: two that differ in signs alone were refused before."""
    agencies = apps.get_model("partners", "Agency").objects.using(schema_editor.connection.alias)
    for pk, identifier in agencies.values_list("pk", "identifier"):
        key = "".join(each for each in identifier.upper() if each.isalnum())
        agencies.filter(pk=pk).update(identifier_key=key)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("partners", "0009_trust"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name="agency",
                name=name,
                field=models.CharField(blank=True, default="", max_length=longest),
            )
            for name, longest in (("agency_type", 60), ("county", 100))
        ),
        *(
            migrations.AddField(
                model_name="agency", name=name, field=models.FloatField(blank=True, null=True)
            )
            for name in ("latitude", "longitude")
        ),
        migrations.AddField(
            model_name="agency", name="imported_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="agency",
            name="identifier_key",
            field=models.CharField(
                default="", editable=False, help_text="Its letters and digits alone.", max_length=60
            ),
            preserve_default=False,
        ),
        migrations.RunPython(key_them, migrations.RunPython.noop, elidable=True),
        # Rows that were written wait for their constraints; those are checked before the table changes again.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="agency",
            constraint=models.UniqueConstraint(
                fields=("country", "identifier_key"), name="agency_identifier_key_once"
            ),
        ),
        migrations.CreateModel(
            name="DirectoryImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("country", models.CharField(max_length=2)),
                ("file_digest", models.CharField(max_length=71)),
                ("rows", models.PositiveIntegerField()),
                ("added", models.PositiveIntegerField()),
                ("changed", models.PositiveIntegerField()),
                ("same", models.PositiveIntegerField()),
                (
                    "kept",
                    models.PositiveIntegerField(help_text="Verified under another name, which stayed."),
                ),
                ("bad", models.PositiveIntegerField(help_text="Rows that were left out.")),
                (
                    "problems",
                    models.JSONField(
                        default=list, help_text="A list of {line, field, why}; the first of them."
                    ),
                ),
                ("imported_at", models.DateTimeField()),
                (
                    "imported_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import of agencies",
                "verbose_name_plural": "imports of agencies",
                "ordering": ["-imported_at"],
                "default_permissions": (),
            },
        ),
    ]
