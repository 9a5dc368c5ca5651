"""A way in and enabling take two administrators, as roles do."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import coordination.access.workflow


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_session_digests"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="rolechange",
            options={
                "default_permissions": (),
                "ordering": ["-proposed_at"],
                "permissions": [
                    ("view_rolechange", "See what was proposed for people"),
                    ("decide_rolechange", "Decide on what another administrator proposed for a person"),
                ],
                "verbose_name": "access change",
            },
        ),
        migrations.RemoveConstraint(
            model_name="rolechange",
            name="access_one_role_change_waits",
        ),
        migrations.AddField(
            model_name="enrolment",
            name="change",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enrolment",
                to="access.rolechange",
            ),
        ),
        migrations.AddField(
            model_name="rolechange",
            name="kind",
            field=models.CharField(
                choices=[("roles", "roles"), ("way_in", "way_in"), ("enabling", "enabling")],
                default=coordination.access.workflow.ChangeKind["ROLES"],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="rolechange",
            name="roles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                default=list,
                help_text="What is added to the person's roles.",
                size=None,
            ),
        ),
        # What one administrator alone gave and nobody used yet is over. What was used stays as it was: NOT VALID.
        migrations.RunSQL(
            "UPDATE access_enrolment SET expires_at = now()"
            " WHERE issued_by_id IS NOT NULL AND used_at IS NULL AND expires_at > now()",
            migrations.RunSQL.noop,
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    "ALTER TABLE access_enrolment ADD CONSTRAINT access_way_in_takes_two"
                    " CHECK (issued_by_id IS NULL OR change_id IS NOT NULL) NOT VALID",
                    "ALTER TABLE access_enrolment DROP CONSTRAINT access_way_in_takes_two",
                )
            ],
            [
                migrations.AddConstraint(
                    model_name="enrolment",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("issued_by__isnull", True), ("change__isnull", False), _connector="OR"
                        ),
                        name="access_way_in_takes_two",
                    ),
                )
            ],
        ),
        migrations.AddConstraint(
            model_name="rolechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("person", "kind"),
                name="access_one_role_change_waits",
            ),
        ),
    ]
