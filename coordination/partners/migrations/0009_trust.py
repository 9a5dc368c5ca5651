import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0008_second_look_at_platform"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="officer",
            name="trust",
            field=models.CharField(
                choices=[("limited", "limited"), ("ordinary", "ordinary")], default="ordinary", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="officer",
            name="trust_set_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="officer",
            constraint=models.CheckConstraint(
                condition=models.Q(("trust__in", ["limited", "ordinary"])), name="officer_trust_known"
            ),
        ),
    ]
