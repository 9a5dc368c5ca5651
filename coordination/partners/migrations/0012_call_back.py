import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import coordination.core.fields


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0011_departure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallBack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("officer", "officer"), ("request", "request"), ("contact", "contact")],
                        max_length=20,
                    ),
                ),
                ("about", models.CharField(blank=True, default="", max_length=80)),
                ("phone", models.CharField(max_length=40)),
                ("script", coordination.core.fields.SealedTextField()),
                ("asked_at", models.DateTimeField()),
                ("tries", models.PositiveIntegerField(default=0, help_text="Calls that reached nobody.")),
                ("last_tried_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("confirmed", "confirmed"),
                            ("no_such_officer", "no_such_officer"),
                            ("no_such_case", "no_such_case"),
                            ("left", "left"),
                            ("not_reached", "not_reached"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("called_at", models.DateTimeField(blank=True, null=True)),
                ("spoke_with", coordination.core.fields.SealedTextField(blank=True, default="")),
                ("said", coordination.core.fields.SealedTextField(blank=True, default="")),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="call_backs",
                        to="partners.agency",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "called_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="call_backs",
                        to="partners.officer",
                    ),
                ),
            ],
            options={
                "verbose_name": "call back",
                "verbose_name_plural": "calls back",
                "ordering": ["-asked_at"],
                "permissions": [("call_back_agency", "Call an agency back, and cut off by what they said")],
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["officer", "request", "contact"])),
                        name="callback_purpose_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("called_at__isnull", True), ("outcome", "")),
                            models.Q(
                                ("called_at__isnull", False),
                                ("called_by__isnull", False),
                                ("outcome__in", ["confirmed", "no_such_officer", "no_such_case", "left"]),
                            ),
                            _connector="OR",
                        ),
                        name="callback_outcome_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", ""), models.Q(("about", ""), _negated=True)),
                        fields=("agency", "purpose", "about"),
                        name="callback_open_once",
                    ),
                ],
            },
        ),
    ]
