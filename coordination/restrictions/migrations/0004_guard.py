"""Nobody is reinstated without a completed risk assessment and two signatures: the database says so too.

The application's role owns nothing, so that a session of it can neither drop nor disable these triggers.
Names are qualified: the caller's search_path is not asked. docs/decisions/0031 says what this is no wall against.
"""

from django.db import migrations

# Who may sign now: an active account, in a group that has the permission. Their rows are locked first, so that
# taking a role away and lifting wait for each other.
MAY_SIGN = """
CREATE FUNCTION public.restrictions_may_sign(person bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.access_user u WHERE u.id = person FOR SHARE;
    PERFORM FROM public.access_user_groups g WHERE g.user_id = person ORDER BY g.id FOR SHARE;
    RETURN EXISTS (
        SELECT FROM public.access_user u
            JOIN public.access_user_groups g ON g.user_id = u.id
            JOIN public.auth_group_permissions gp ON gp.group_id = g.group_id
            JOIN public.auth_permission p ON p.id = gp.permission_id
            JOIN public.django_content_type c ON c.id = p.content_type_id
        WHERE u.id = person AND u.is_active
            AND c.app_label = 'restrictions' AND p.codename = 'sign_assessment'
    );
END
$$;
"""
# What a lift, or a step down to `wanted`, needs. An assessment counts until anything is imposed after it.
CHECK_LIFT = """
CREATE FUNCTION public.restrictions_check_lift(
    of_restriction bigint, of_case bigint, of_account bytea, wanted int)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    assessment public.restrictions_riskassessment;
    signature record;
    signed int := 0;
BEGIN
    IF EXISTS (
        SELECT FROM public.restrictions_protectiveorder o
        WHERE o.ended_at IS NULL AND o.valid_from <= clock_timestamp()
            AND (o.valid_until IS NULL OR o.valid_until > clock_timestamp())
            AND (o.account_index = of_account OR (o.case_id = of_case AND o.account_index IS NULL))
    ) THEN
        RAISE EXCEPTION 'A protective order is in force.' USING ERRCODE = '23514';
    END IF;
    SELECT a.* INTO assessment FROM public.restrictions_riskassessment a
    WHERE a.restriction_id = of_restriction AND a.state = 'completed' AND a.to_level = wanted AND a.digest <> ''
        AND a.imposition_id = (
            SELECT max(i.id) FROM public.restrictions_imposition i WHERE i.restriction_id = of_restriction)
    FOR UPDATE;
    IF FOUND THEN
        FOR signature IN
            SELECT DISTINCT s.signed_by_id FROM public.restrictions_assessmentsignature s
            WHERE s.assessment_id = assessment.id AND s.digest = assessment.digest
                AND s.signed_by_id <> assessment.asked_by_id
                AND NOT EXISTS (
                    SELECT FROM public.restrictions_imposition i
                    WHERE i.restriction_id = of_restriction AND i.by_id = s.signed_by_id)
            ORDER BY s.signed_by_id
        LOOP
            IF public.restrictions_may_sign(signature.signed_by_id) THEN
                signed := signed + 1;
            END IF;
        END LOOP;
    END IF;
    IF signed < 2 THEN
        RAISE EXCEPTION 'Two signatures under a completed risk assessment are needed.' USING ERRCODE = '23514';
    END IF;
END
$$;
"""
GUARD_RESTRICTION = """
CREATE FUNCTION public.restrictions_guard_restriction() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'ordered' OR NEW.lifted_at IS NOT NULL THEN
            RAISE EXCEPTION 'A restriction begins as ordered.' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.case_id <> OLD.case_id OR NEW.imposed_at <> OLD.imposed_at
        OR (OLD.state = 'lifted' AND NEW.state <> 'lifted')
    THEN
        RAISE EXCEPTION 'This of a restriction never changes.' USING ERRCODE = '23514';
    END IF;
    IF NEW.state IN ('lifting', 'lifted') AND OLD.state NOT IN ('lifting', 'lifted') THEN
        PERFORM public.restrictions_check_lift(OLD.id, OLD.case_id, OLD.account_index, 0);
    ELSIF NEW.level < OLD.level THEN
        PERFORM public.restrictions_check_lift(OLD.id, OLD.case_id, OLD.account_index, NEW.level);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restrictions_guard BEFORE INSERT OR UPDATE ON public.restrictions_restriction
    FOR EACH ROW EXECUTE FUNCTION public.restrictions_guard_restriction();
"""
GUARD_ASSESSMENT = """
CREATE FUNCTION public.restrictions_guard_assessment() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'asked' OR NEW.digest <> '' THEN
            RAISE EXCEPTION 'A risk assessment begins as asked for.' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.restriction_id <> OLD.restriction_id
        OR NEW.imposition_id <> OLD.imposition_id OR NEW.to_level <> OLD.to_level OR NEW.to_step <> OLD.to_step
        OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.asked_at <> OLD.asked_at
        OR (OLD.digest <> '' AND (NEW.digest <> OLD.digest
            OR NEW.assessed_by_id IS DISTINCT FROM OLD.assessed_by_id
            OR NEW.completed_at IS DISTINCT FROM OLD.completed_at))
        OR (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
            ('asked', 'completed'), ('asked', 'declined'), ('completed', 'used'), ('completed', 'declined')))
    THEN
        RAISE EXCEPTION 'This of a risk assessment never changes.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restrictions_guard BEFORE INSERT OR UPDATE ON public.restrictions_riskassessment
    FOR EACH ROW EXECUTE FUNCTION public.restrictions_guard_assessment();
"""
GUARD_SIGNATURE = """
CREATE FUNCTION public.restrictions_guard_signature() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.restrictions_riskassessment a
        WHERE a.id = NEW.assessment_id AND a.state = 'completed' AND a.digest = NEW.digest
            AND a.asked_by_id <> NEW.signed_by_id
            AND NOT EXISTS (
                SELECT FROM public.restrictions_imposition i
                WHERE i.restriction_id = a.restriction_id AND i.by_id = NEW.signed_by_id)
    ) OR NOT public.restrictions_may_sign(NEW.signed_by_id) THEN
        RAISE EXCEPTION 'Not by this person, or not this assessment.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restrictions_guard BEFORE INSERT ON public.restrictions_assessmentsignature
    FOR EACH ROW EXECUTE FUNCTION public.restrictions_guard_signature();
"""
GUARD_ORDER = """
CREATE FUNCTION public.restrictions_guard_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.case_id <> OLD.case_id OR NEW.court <> OLD.court OR NEW.number <> OLD.number
        OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until IS DISTINCT FROM OLD.valid_until
        OR NEW.recorded_by_id <> OLD.recorded_by_id OR NEW.recorded_at <> OLD.recorded_at
        OR (NEW.account_index IS NULL) <> (OLD.account_index IS NULL)
        OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
    THEN
        RAISE EXCEPTION 'This of a protective order never changes.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER restrictions_guard BEFORE UPDATE ON public.restrictions_protectiveorder
    FOR EACH ROW EXECUTE FUNCTION public.restrictions_guard_order();
"""
_NAMES = ("guard_order", "guard_signature", "guard_assessment", "guard_restriction")
DROP = "\n".join(
    [
        *(f"DROP FUNCTION public.restrictions_{name}() CASCADE;" for name in _NAMES),
        "DROP FUNCTION public.restrictions_check_lift(bigint, bigint, bytea, int);",
        "DROP FUNCTION public.restrictions_may_sign(bigint);",
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0008_tokens_take_two_and_readings_are_counted"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("restrictions", "0003_reinstatement"),
    ]

    operations = [
        migrations.RunSQL(
            [
                MAY_SIGN,
                CHECK_LIFT,
                GUARD_RESTRICTION,
                GUARD_ASSESSMENT,
                GUARD_SIGNATURE,
                GUARD_ORDER,
            ],
            DROP,
        ),
    ]
