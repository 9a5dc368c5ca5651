"""Whether a subject has a link to the European Union: known, or a person is asked once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restrictions", "0007_commands_do_as_recorded")]

    operations = [
        migrations.AddField(
            model_name="restriction",
            name="eu_link",
            field=models.BooleanField(
                blank=True, help_text="A link to the Union; empty: unknown.", null=True
            ),
        ),
        migrations.AddField(
            model_name="restriction",
            name="link_asked_at",
            field=models.DateTimeField(blank=True, help_text="When a person was asked that.", null=True),
        ),
        migrations.AddIndex(
            model_name="restriction",
            index=models.Index(
                condition=models.Q(
                    ("eu_link", None), ("link_asked_at", None), ("state__in", ["ordered", "in_force"])
                ),
                fields=["imposed_at"],
                name="restriction_link_unknown",
            ),
        ),
    ]
