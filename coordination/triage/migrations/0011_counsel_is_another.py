"""No action with an EU nexus rests on the assessment of counsel who does not decide it, in the database too."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION public.triage_counsel_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF 'no_action' = ANY (NEW.outcomes)
    AND EXISTS (SELECT FROM triage_assessment WHERE flag_id = NEW.flag_id AND eu_threat_to_life)
    AND NOT EXISTS (
        SELECT FROM triage_counselassessment
        WHERE flag_id = NEW.flag_id AND assessed_by_id <> NEW.decided_by_id AND assessed_at >= coalesce(
            (SELECT max(decided_at) FROM triage_decision WHERE flag_id = NEW.flag_id), '-infinity'
        )
    ) THEN
        RAISE EXCEPTION 'with an EU nexus, no action rests on an assessment by counsel who does not decide'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER triage_counsel_first BEFORE INSERT ON triage_decision
    FOR EACH ROW EXECUTE FUNCTION public.triage_counsel_first();
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0010_kept_apart_by_its_flag")]

    operations = [
        migrations.RunSQL(
            TRIGGER,
            "DROP TRIGGER triage_counsel_first ON triage_decision; DROP FUNCTION public.triage_counsel_first()",
        )
    ]
