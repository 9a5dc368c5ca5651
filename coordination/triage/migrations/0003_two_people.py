"""The rule of two people, in the database: no decision rests on its own maker's assessment, high severity aside.

And after a dissent, nobody decides who had a part in what is reviewed.
"""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION public.triage_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rests_on triage_assessment%ROWTYPE;
    last_decision bigint;
BEGIN
    SELECT * INTO rests_on FROM triage_assessment WHERE id = NEW.assessment_id AND flag_id = NEW.flag_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a decision rests on an assessment of its flag' USING ERRCODE = 'check_violation';
    END IF;
    IF rests_on.assessed_by_id = NEW.decided_by_id AND NOT (
        rests_on.direct AND EXISTS (SELECT FROM triage_flag WHERE id = NEW.flag_id AND high_severity)
    ) THEN
        RAISE EXCEPTION 'who assessed a flag does not decide it' USING ERRCODE = 'check_violation';
    END IF;
    SELECT max(id) INTO last_decision FROM triage_decision WHERE flag_id = NEW.flag_id;
    IF EXISTS (SELECT FROM triage_dissent WHERE decision_id = last_decision) AND (
        EXISTS (SELECT FROM triage_decision WHERE flag_id = NEW.flag_id AND decided_by_id = NEW.decided_by_id)
        OR EXISTS (SELECT FROM triage_dissent WHERE flag_id = NEW.flag_id AND dissented_by_id = NEW.decided_by_id)
        OR EXISTS (
            SELECT FROM triage_assessment
            WHERE flag_id = NEW.flag_id AND assessed_by_id = NEW.decided_by_id AND id <> NEW.assessment_id
        )
    ) THEN
        RAISE EXCEPTION 'after a dissent somebody outside decides' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER triage_two_people BEFORE INSERT ON triage_decision
    FOR EACH ROW EXECUTE FUNCTION public.triage_two_people();
"""


class Migration(migrations.Migration):
    dependencies = [("triage", "0002_two_tiers")]

    operations = [
        migrations.RunSQL(
            TRIGGER,
            "DROP TRIGGER triage_two_people ON triage_decision; DROP FUNCTION public.triage_two_people()",
        )
    ]
