import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Coalesce

import coordination.core.fields
import coordination.partners.workflow


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0013_mailbox_and_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "contact",
                    models.CharField(
                        choices=[
                            ("phone", "phone"),
                            ("domain", "domain"),
                            ("mailbox", "mailbox"),
                            ("address", "address"),
                            ("destination", "destination"),
                            ("officer", "officer"),
                        ],
                        max_length=20,
                    ),
                ),
                ("old", coordination.core.fields.SealedJSONField()),
                ("new", coordination.core.fields.SealedJSONField()),
                (
                    "reason",
                    coordination.core.fields.SealedTextField(help_text="How it became known, and from whom."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("held", "held"),
                            ("effective", "effective"),
                            ("withdrawn", "withdrawn"),
                            ("denied", "denied"),
                        ],
                        default=coordination.partners.workflow.ChangeState["PROPOSED"],
                        max_length=20,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("held_until", models.DateTimeField(blank=True, null=True)),
                ("notice_to", coordination.core.fields.SealedTextField(blank=True, default="")),
                ("noticed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_why", coordination.core.fields.SealedTextField(blank=True, default="")),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contact_changes",
                        to="partners.agency",
                    ),
                ),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contact_change",
                        to="partners.callback",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.destination",
                    ),
                ),
                (
                    "ended_by",
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
                        related_name="+",
                        to="partners.officer",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a contact",
                "verbose_name_plural": "changes of contacts",
                "ordering": ["-proposed_at"],
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["proposed", "held", "effective", "withdrawn", "denied"])
                        ),
                        name="contactchange_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "contact__in",
                                ["phone", "domain", "mailbox", "address", "destination", "officer"],
                            )
                        ),
                        name="contactchange_contact_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "effective"), _negated=True),
                            models.Q(
                                ("ended_by__isnull", False),
                                ("held_until__isnull", False),
                                models.Q(("ended_by", models.F("proposed_by")), _negated=True),
                                ("ended_at__gte", models.F("held_until")),
                            ),
                            _connector="OR",
                        ),
                        name="contactchange_two_people_after_the_hold",
                    ),
                    models.UniqueConstraint(
                        "agency",
                        "contact",
                        Coalesce("officer", 0),
                        Coalesce("destination", 0),
                        condition=models.Q(("state__in", ["proposed", "held"])),
                        name="contactchange_open_once",
                    ),
                ],
            },
        ),
    ]
