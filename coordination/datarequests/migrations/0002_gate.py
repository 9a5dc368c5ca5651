"""The gate in the database: what exceeds process, categories, named accounts or date range is not inserted.

The services say why; this holds for whoever writes to the tables, in a shell too. A request never grows once it
was looked at, and who collected neither checks nor signs.
"""

from django.db import migrations

ITEM = """
CREATE FUNCTION public.datarequests_gate_item() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    p public.datarequests_production;
    r public.datarequests_datarequest;
    a public.datarequests_namedaccount;
    g public.policy_processgate;
    x public.evidence_exhibit;
    of_case text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'What goes out never changes: take it out, and put in another.' USING ERRCODE = '23514';
    END IF;
    SELECT * INTO p FROM public.datarequests_production
        WHERE id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.production_id ELSE NEW.production_id END);
    SELECT * INTO r FROM public.datarequests_datarequest WHERE id = p.request_id;
    IF r.state <> 'collection' OR p.voided_at IS NOT NULL OR p.handed_in_at IS NOT NULL THEN
        RAISE EXCEPTION 'This production is not being collected.' USING ERRCODE = '23514';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    SELECT * INTO g FROM public.policy_processgate WHERE id = r.gate_id;
    IF g.id IS NULL OR g.process <> r.process OR NOT NEW.category = ANY (g.categories) THEN
        RAISE EXCEPTION 'This process does not reach this category.' USING ERRCODE = '23514';
    END IF;
    IF NOT NEW.category = ANY (r.categories) THEN
        RAISE EXCEPTION 'This category was not asked for.' USING ERRCODE = '23514';
    END IF;
    IF g.related_only AND NEW.relates IS NULL THEN
        RAISE EXCEPTION 'Nothing says how it relates to the emergency.' USING ERRCODE = '23514';
    END IF;
    SELECT * INTO a FROM public.datarequests_namedaccount WHERE id = NEW.account_id;
    IF a.request_id <> r.id OR a.account_index IS NULL OR a.struck_at IS NOT NULL THEN
        RAISE EXCEPTION 'This is of no account that the process names.' USING ERRCODE = '23514';
    END IF;
    IF a.protected <> '' AND a.cleared_by_id IS NULL THEN
        RAISE EXCEPTION 'Counsel has not cleared this account.' USING ERRCODE = '23514';
    END IF;
    IF NEW.earliest IS NULL OR NEW.latest IS NULL THEN
        IF NOT NEW.category = ANY (g.undated) THEN
            RAISE EXCEPTION 'What has no time is not known to be in the range.' USING ERRCODE = '23514';
        END IF;
    ELSIF r.range_from IS NULL OR r.range_until IS NULL
        OR NEW.earliest < (r.range_from::timestamp AT TIME ZONE r.zone)
        OR NEW.latest >= ((r.range_until + 1)::timestamp AT TIME ZONE r.zone)
    THEN
        RAISE EXCEPTION 'This is outside the date range.' USING ERRCODE = '23514';
    END IF;
    SELECT * INTO x FROM public.evidence_exhibit WHERE id = NEW.exhibit_id;
    SELECT reference INTO of_case FROM public.cases_case WHERE id = r.case_id;
    IF x.case_reference <> of_case THEN
        RAISE EXCEPTION 'This exhibit is of another case.' USING ERRCODE = '23514';
    END IF;
    IF NEW.category = 'content' AND x.kind <> 'redacted' AND NEW.nobody_elses_by_id IS NULL THEN
        RAISE EXCEPTION 'What others wrote is redacted first.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER datarequests_gate BEFORE INSERT OR UPDATE OR DELETE ON public.datarequests_productionitem
    FOR EACH ROW EXECUTE FUNCTION public.datarequests_gate_item();
"""
REQUEST = """
CREATE FUNCTION public.datarequests_guard_request() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.reference <> OLD.reference OR NEW.process <> OLD.process
        OR NEW.case_id <> OLD.case_id OR NEW.agency_id <> OLD.agency_id OR NEW.filed_by_id <> OLD.filed_by_id
    THEN
        RAISE EXCEPTION 'This of a data request never changes.' USING ERRCODE = '23514';
    END IF;
    IF NEW.gate_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.policy_processgate g WHERE g.id = NEW.gate_id AND g.process = NEW.process)
    THEN
        RAISE EXCEPTION 'This is the gate of another process.' USING ERRCODE = '23514';
    END IF;
    IF OLD.state IN ('received', 'requester_verified', 'docketed', 'returned') THEN
        RETURN NEW;
    END IF;
    IF NOT NEW.categories <@ OLD.categories OR NEW.zone <> OLD.zone
        OR (OLD.range_from IS NOT NULL AND (NEW.range_from IS NULL OR NEW.range_from < OLD.range_from))
        OR (OLD.range_until IS NOT NULL AND (NEW.range_until IS NULL OR NEW.range_until > OLD.range_until))
    THEN
        RAISE EXCEPTION 'A data request does not grow once it was looked at.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER datarequests_guard BEFORE UPDATE ON public.datarequests_datarequest
    FOR EACH ROW EXECUTE FUNCTION public.datarequests_guard_request();

CREATE FUNCTION public.datarequests_guard_account() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.request_id <> OLD.request_id OR NEW.kind <> OLD.kind
            OR (OLD.struck_at IS NOT NULL AND NEW.struck_at IS NULL)
        THEN
            RAISE EXCEPTION 'This of a named account never changes.' USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.datarequests_datarequest r WHERE r.id = NEW.request_id
        AND r.state IN ('received', 'requester_verified', 'docketed', 'returned'))
    THEN
        RAISE EXCEPTION 'No account is named once a data request was looked at.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER datarequests_guard BEFORE INSERT OR UPDATE ON public.datarequests_namedaccount
    FOR EACH ROW EXECUTE FUNCTION public.datarequests_guard_account();
"""
PRODUCTION = """
CREATE FUNCTION public.datarequests_guard_production() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.request_id <> OLD.request_id
        OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
        OR (OLD.produced_at IS NOT NULL AND (NEW.produced_at IS DISTINCT FROM OLD.produced_at
            OR NEW.digest <> OLD.digest OR NEW.signed_digest <> OLD.signed_digest
            OR NEW.package_id IS DISTINCT FROM OLD.package_id
            OR NEW.signed_by_id IS DISTINCT FROM OLD.signed_by_id))
    THEN
        RAISE EXCEPTION 'This of a production never changes.' USING ERRCODE = '23514';
    END IF;
    IF NEW.produced_at IS NOT NULL AND OLD.produced_at IS NULL AND NEW.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'What is void does not go out.' USING ERRCODE = '23514';
    END IF;
    IF EXISTS (
        SELECT FROM public.datarequests_production_collectors c
        WHERE c.production_id = NEW.id AND c.user_id IN (NEW.checked_by_id, NEW.signed_by_id))
    THEN
        RAISE EXCEPTION 'Who collected neither checks nor signs.' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER datarequests_guard BEFORE UPDATE ON public.datarequests_production
    FOR EACH ROW EXECUTE FUNCTION public.datarequests_guard_production();
"""
BACK = """
DROP FUNCTION public.datarequests_gate_item() CASCADE;
DROP FUNCTION public.datarequests_guard_request() CASCADE;
DROP FUNCTION public.datarequests_guard_account() CASCADE;
DROP FUNCTION public.datarequests_guard_production() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("datarequests", "0001_initial"),
        ("policy", "0008_process_gates"),
        ("evidence", "0003_packages"),
        ("cases", "0005_see_loose_tasks"),
    ]

    operations = [migrations.RunSQL(ITEM + REQUEST + PRODUCTION, BACK)]
