"""What waits is given its place by a function of the owner; the application may not delete waiting rows."""

from django.db import migrations

# `size` is the number of leaves in the tree, `most` how many join it at most. A leaf that has its place keeps
# it, whoever made it wait again. Names are qualified: the caller's search_path is not asked.
PLACING = """
CREATE FUNCTION public.ledger_place(size bigint, most int)
RETURNS TABLE (place bigint, leaf_hash bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH taken AS (
        DELETE FROM public.ledger_pending
        WHERE leaf_id IN (SELECT p.leaf_id FROM public.ledger_pending p ORDER BY p.leaf_id LIMIT $2)
        RETURNING leaf_id
    ), placed AS (
        INSERT INTO public.ledger_sequence (index, leaf_id)
        SELECT $1 + row_number() OVER (ORDER BY t.leaf_id) - 1, t.leaf_id FROM taken t
        WHERE NOT EXISTS (SELECT FROM public.ledger_sequence s WHERE s.leaf_id = t.leaf_id)
        RETURNING index, leaf_id
    )
    SELECT p.index, l.leaf_hash FROM placed p JOIN public.ledger_leaf l ON l.id = p.leaf_id ORDER BY p.index
$$;
REVOKE ALL ON FUNCTION public.ledger_place(bigint, int) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0003_tree"),
    ]

    operations = [
        migrations.RunSQL(PLACING, "DROP FUNCTION public.ledger_place(bigint, int)"),
    ]
