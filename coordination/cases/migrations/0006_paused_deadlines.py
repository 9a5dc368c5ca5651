"""Clocks that stand still for a time, and that warn before they run out."""

from django.db import migrations, models

import coordination.cases.workflow


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_see_loose_tasks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="deadline",
            name="deadline_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="deadline",
            name="deadline_runs_once",
        ),
        migrations.AddField(
            model_name="deadline",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="deadline",
            name="warn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="deadline",
            name="warned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="deadline",
            name="zone",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.AlterField(
            model_name="deadline",
            name="state",
            field=models.CharField(
                choices=[
                    ("running", "running"),
                    ("paused", "paused"),
                    ("met", "met"),
                    ("missed", "missed"),
                    ("cancelled", "cancelled"),
                ],
                default=coordination.cases.workflow.DeadlineState["RUNNING"],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                condition=models.Q(("state", "running"), ("warned_at", None)),
                fields=["warn_at"],
                name="deadline_warns",
            ),
        ),
        migrations.AddConstraint(
            model_name="deadline",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "paused", "met", "missed", "cancelled"])),
                name="deadline_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="deadline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["running", "paused"])),
                fields=("case", "code", "about"),
                name="deadline_runs_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="deadline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "paused"), _negated=True),
                    ("paused_at__isnull", False),
                    _connector="OR",
                ),
                name="deadline_paused_since",
            ),
        ),
    ]
