"""A command to the platform itself leaves under a standing order; nothing else does."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The row says that it is a command to the platform; here the message and the recipient say so too. Names are
# qualified: the caller's search_path is not asked.
ORDERS = """
CREATE FUNCTION public.outbox_check_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.outbox_message m
            JOIN public.partners_destination d ON d.id = m.destination_id
            JOIN public.partners_agency a ON a.id = d.agency_id
        WHERE m.id = NEW.message_id AND m.kind = 'platform_action' AND a.kind = 'platform'
            AND d.id = NEW.destination_id
    ) THEN
        RAISE EXCEPTION 'Only a command to the platform itself has a standing order.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER outbox_check_order BEFORE INSERT ON public.outbox_approval
    FOR EACH ROW WHEN (NEW.approved_by_id IS NULL) EXECUTE FUNCTION public.outbox_check_order();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0001_initial"),
        ("partners", "0007_platform_itself"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="authority",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The standing order, where no person approved.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="kind",
            field=models.CharField(
                blank=True, default="", help_text="Of the message, with an authority.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="to_platform",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="approval",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_by__isnull", False), ("authority", ""), ("to_platform", False)),
                    models.Q(
                        models.Q(("authority", ""), _negated=True),
                        ("approved_by__isnull", True),
                        ("break_glass", False),
                        ("kind", "platform_action"),
                        ("to_platform", True),
                    ),
                    _connector="OR",
                ),
                name="approval_by_a_person_or_a_standing_order",
            ),
        ),
        migrations.RunSQL(ORDERS, "DROP FUNCTION public.outbox_check_order() CASCADE"),
    ]
