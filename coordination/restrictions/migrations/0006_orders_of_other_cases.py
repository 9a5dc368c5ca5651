"""An order against every account of a case guards them in other cases too; who imposed does not assess.

The function of migration 0004 as it was, but for those two conditions.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("coordination.restrictions.migrations.0004_guard").CHECK_LIFT.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
AGAINST = "(o.account_index = of_account OR (o.case_id = of_case AND o.account_index IS NULL))"
AGAINST_NOW = """(
                o.account_index = of_account
                OR (o.account_index IS NULL AND (
                    o.case_id = of_case
                    OR EXISTS (
                        SELECT FROM public.cases_subject s
                        WHERE s.case_id = o.case_id AND s.account_index = of_account)))
            )"""
COMPLETE = "AND a.digest <> ''\n"
COMPLETE_NOW = """AND a.digest <> ''
        AND a.assessed_by_id <> a.asked_by_id
        AND NOT EXISTS (
            SELECT FROM public.restrictions_imposition i
            WHERE i.restriction_id = of_restriction AND i.by_id = a.assessed_by_id)
"""
AFTER = BEFORE.replace(AGAINST, AGAINST_NOW).replace(COMPLETE, COMPLETE_NOW)
if AGAINST in AFTER or COMPLETE_NOW not in AFTER:
    raise RuntimeError("The function of migration 0004 is not what this one changes.")


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("restrictions", "0005_exact_accounts")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
