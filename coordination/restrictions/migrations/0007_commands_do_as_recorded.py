"""A command does what its record says: none to lift where nothing was lifted, none to delete where it is kept.

What a command is about, and what it asks for, never changes; what ended does not come back.
"""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION public.restrictions_guard_command() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id <> OLD.id OR NEW.reference <> OLD.reference OR NEW.case_id <> OLD.case_id
            OR NEW.restriction_id IS DISTINCT FROM OLD.restriction_id
            OR NEW.preservation_id IS DISTINCT FROM OLD.preservation_id
            OR NEW.action <> OLD.action OR NEW.step <> OLD.step OR NEW.authority <> OLD.authority
            OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
            OR (OLD.state IN ('confirmed', 'superseded') AND NEW.state <> OLD.state)
        THEN
            RAISE EXCEPTION 'This of a command never changes.' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.action = 'lift' AND NOT EXISTS (
        SELECT FROM public.restrictions_restriction r
        WHERE r.id = NEW.restriction_id AND r.state IN ('lifting', 'lifted'))
    THEN
        RAISE EXCEPTION 'This restriction is not lifted.' USING ERRCODE = '23514';
    END IF;
    IF NEW.action = 'release' AND NOT EXISTS (
        SELECT FROM public.restrictions_preservation p
        WHERE p.id = NEW.preservation_id AND p.state = 'ended')
    THEN
        RAISE EXCEPTION 'This preservation has not ended.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restrictions_guard BEFORE INSERT OR UPDATE ON public.restrictions_command
    FOR EACH ROW EXECUTE FUNCTION public.restrictions_guard_command();
"""


class Migration(migrations.Migration):
    dependencies = [("restrictions", "0006_orders_of_other_cases")]

    operations = [
        migrations.RemoveConstraint(model_name="command", name="command_about_one"),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    action__in=["impose", "lift", "report"],
                    restriction__isnull=False,
                    preservation__isnull=True,
                )
                | models.Q(
                    action__in=["preserve", "release"],
                    restriction__isnull=True,
                    preservation__isnull=False,
                ),
                name="command_about_what_it_acts_on",
            ),
        ),
        migrations.RunSQL(GUARD, "DROP FUNCTION public.restrictions_guard_command() CASCADE;"),
    ]
