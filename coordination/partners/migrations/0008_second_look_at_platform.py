import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import coordination.core.fields


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("partners", "0007_platform_itself"),
    ]

    operations = [
        migrations.AddField(
            model_name="destination",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="destination",
            name="confirmed_fingerprint",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="Of what a second person confirmed.",
                max_length=71,
            ),
        ),
        migrations.AddField(
            model_name="destination",
            name="confirmed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="destination",
            name="confirmed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="destination",
            name="how_confirmed",
            field=coordination.core.fields.SealedTextField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(changed_by__isnull=True)
                | models.Q(confirmed_by__isnull=True)
                | ~models.Q(confirmed_by=models.F("changed_by")),
                name="destination_two_people",
            ),
        ),
    ]
