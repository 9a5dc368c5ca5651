"""Which database role may do what on which rows. This is the whole of it; `apply` makes the database agree.

The owner migrates and owns everything. PUBLIC (all others) has nothing. The partner role reads the columns in
PARTNER_SEES, and of them the rows of the agency that its transaction names (coordination.core.wall).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from coordination.core import policies

READ = ("SELECT",)
APPEND = ("SELECT", "INSERT")
KEEP = (*APPEND, "UPDATE")
WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
NOTHING: tuple[str, ...] = ()

# What was once said stays said: nobody who runs the desk can change or remove these rows.
APPEND_ONLY = (
    "cases_timelineevent",
    "evidence_custodyevent",
    "evidence_exhibit",
    "ledger_anchor",
    "ledger_anchorfailure",
    "ledger_checkpoint",
    "ledger_leaf",
    # The function ledger_place, which is the owner's, takes a row away when it gives the leaf its place.
    "ledger_pending",
    "ledger_sequence",
    "ledger_tile",
    *("oncall_pageattempt", "oncall_rotationmember"),
    "outbox_approval",
    "outbox_attempt",
    "outbox_receipt",
    "partners_directoryimport",
    # A published pack never changes; policy_pack itself is told when the next version ends it.
    "policy_clock",
    "policy_criteriaversion",
    "policy_deskrule",
    "policy_emergencynumber",
    "policy_escalation",
    "policy_holiday",
    "policy_intakerule",
    "policy_ladderstep",
    "policy_legalbasis",
    "policy_mandatedreport",
    "policy_phonerule",
    "policy_processgate",
    "policy_routing",
    "policy_validityrule",
    "restrictions_assessmentsignature",
    "restrictions_imposition",
    "triage_assessment",
    "triage_counselassessment",
    "triage_decision",
    "triage_dissent",
    "triage_externalevent",
    "triage_keptapart",
)

# What ends or is decided is written once more; nobody who runs the desk can remove it.
KEPT = (
    *("access_apitoken", "access_breakglass", "access_breakglass_alerted", "access_enrolment"),
    *("access_ledgerreview", "access_rolechange", "access_user"),
    *("cases_assignment", "cases_case", "cases_casecompartment", "cases_compartmentmember", "cases_deadline"),
    "cases_identifier",
    *("cases_note", "cases_subject", "cases_task"),
    "evidence_hold",
    "inbox_inboundmessage",
    *("oncall_override", "oncall_page", "oncall_rotation", "oncall_schedule"),
    *("outbox_delivery", "outbox_message"),
    *("partners_agency", "partners_agencykey", "partners_callback", "partners_contactchange"),
    "partners_destination",
    "partners_officer",
    *("policy_criteriaproposal", "policy_pack"),
    *("datarequests_datarequest", "datarequests_deficiency", "datarequests_emergencygrounds"),
    *("datarequests_namedaccount", "datarequests_production", "datarequests_production_collectors"),
    *("referrals_question", "referrals_referral", "referrals_referral_authors"),
    *("restrictions_appeal", "restrictions_command", "restrictions_preservation"),
    *("restrictions_protectiveorder", "restrictions_restriction", "restrictions_riskassessment"),
    "restrictions_statement",
    *("triage_deconfliction", "triage_flag", "triage_mandatedreport", "triage_targetaccount"),
)

# The name of the transaction-local setting. Unset is NULL, and set in an earlier transaction is '': no rows.
AGENCY_SETTING = "coordination.agency"
_AGENCY = f"NULLIF(current_setting('{AGENCY_SETTING}', true), '')::bigint"
EVERY_ROW = "true"
# Whose a row is. These tables have row-level security: a role without a policy here sees no row of them.
# A subquery is filtered by the policy of its own table, so each says only how it hangs on the next.
OWN_ROWS = {
    # What came on paper in the name of an agency is nobody's outside before somebody called back.
    "datarequests_datarequest": f"agency_id = {_AGENCY} AND (way = 'api' OR verified_at IS NOT NULL)",
    **dict.fromkeys(
        (
            *("datarequests_deficiency", "datarequests_emergencygrounds", "datarequests_namedaccount"),
            *("datarequests_production", "datarequests_silence"),
            "datarequests_usernotice",
        ),
        "request_id IN (SELECT id FROM datarequests_datarequest)",
    ),
    "datarequests_productionitem": "production_id IN (SELECT id FROM datarequests_production)",
    "inbox_inboundmessage": f"agency_id = {_AGENCY}",
    # What was never begun is nobody's outside: approved and waiting, held, or voided before it left.
    "outbox_delivery": "destination_id IN (SELECT id FROM partners_destination)"
    " AND (attempts_made > 0 OR state NOT IN ('queued', 'held', 'void'))",
    "outbox_message": "destination_id IN (SELECT id FROM partners_destination)"
    " AND EXISTS (SELECT FROM outbox_delivery WHERE message_id = outbox_message.id)",
    "outbox_receipt": "delivery_id IN (SELECT id FROM outbox_delivery)",
    "partners_agency": f"id = {_AGENCY}",
    "partners_agencykey": f"agency_id = {_AGENCY}",
    "partners_callback": f"agency_id = {_AGENCY}",
    "partners_contactchange": f"agency_id = {_AGENCY}",
    "partners_destination": f"agency_id = {_AGENCY}",
    "partners_officer": f"agency_id = {_AGENCY}",
}
# Which columns. What the desk keeps for itself is not among them: the case, the preview and source of a
# message, leases and errors, proofs, how somebody was verified, where a destination leads.
PARTNER_SEES = {
    "datarequests_datarequest": (
        *("id", "reference", "agency_id", "process", "priority", "state", "way", "filed_at", "due_at"),
        *("closure", "closed_at", "verified_at", "scan_sha256"),
    ),
    "datarequests_deficiency": (
        *("id", "request_id", "code", "title", "citation", "supply", "asked_at", "mended_at"),
    ),
    "inbox_inboundmessage": (
        *("id", "agency_id", "external_id", "kind", "message_id", "payload", "sent_by_id", "way"),
        "received_at",
    ),
    "outbox_delivery": ("id", "message_id", "destination_id", "lane", "state", "created_at"),
    "outbox_message": (
        *("id", "kind", "reference", "lane", "destination_id", "content", "media_type", "filename", "digest"),
        *("state", "prepared_at"),
    ),
    "outbox_receipt": (
        *("id", "delivery_id", "level", "sequence", "occurred_at", "recorded_at", "source", "reference"),
        "detail",
    ),
    "partners_agency": ("id", "name", "identifier", "kind", "country", "region", "time_zone", "suspended_at"),
    "partners_destination": ("id", "agency_id", "title", "enabled"),
    "partners_officer": ("id", "agency_id", "user_id", "name", "rank", "badge", "suspended_at", "expires_at"),
}


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What one role may do: on ordinary tables, on the tables that differ, on sequences and functions.

    `columns` are those of a table that it may SELECT, `rows` those it meets under row-level security.
    """

    ordinary: tuple[str, ...] = NOTHING
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    sequences: tuple[str, ...] = NOTHING
    functions: tuple[str, ...] = NOTHING
    database: tuple[str, ...] = NOTHING


RIGHTS = {
    "app": Rights(
        ordinary=WRITE,
        tables={
            **dict.fromkeys(APPEND_ONLY, APPEND),
            **dict.fromkeys(KEPT, KEEP),
            "django_migrations": READ,
        },
        rows=dict.fromkeys(OWN_ROWS, EVERY_ROW),
        sequences=("USAGE", "SELECT"),
        functions=("EXECUTE",),
        database=("CONNECT",),
    ),
    "partner": Rights(columns=PARTNER_SEES, rows=OWN_ROWS),
    # Row-level security does not bind it (BYPASSRLS), or its dumps would be incomplete.
    "backup": Rights(ordinary=READ, sequences=("SELECT",), database=("CONNECT",)),
}


def columns_as_markdown() -> str:
    """Return the table of what a partner reads, column by column, and of which rows."""
    rows = [
        f"| `{table}` | {', '.join(f'`{each}`' for each in sorted(columns))} | `{OWN_ROWS[table]}` |"
        for table, columns in sorted(PARTNER_SEES.items())
    ]
    return "\n".join(["| Table | Columns | Rows |", "|---|---|---|", *rows])


def role_names() -> dict[str, str]:
    """Return the name that each key of RIGHTS has in this installation."""
    return {
        "app": settings.DATABASES["default"]["USER"],
        "partner": settings.DATABASE_PARTNER_ROLE,
        "backup": settings.DATABASE_BACKUP_ROLE,
    }


def policy_name(key: str) -> str:
    """Return how the policy is called that RIGHTS[key] has on each table with row-level security."""
    return f"{key}_rows"


def apply(using: str) -> None:
    """Make the privileges in a database what RIGHTS says, as its owner. Running twice is harmless."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        # Two migrations at once would meet as "tuple concurrently updated".
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('coordination.core.grants'))")
        for statement in statements(cursor):
            cursor.execute(statement)
        for statement in policies.marks(cursor, wanted_policies()):
            cursor.execute(statement)


def wanted_policies() -> policies.Wanted:
    """Return which policies RIGHTS asks for, those of roles that do not exist too."""
    names = role_names()
    return {
        (table, policy_name(key)): (names[key], rows)
        for key, rights in RIGHTS.items()
        for table, rows in rights.rows.items()
    }


def statements(cursor: Any) -> list[sql.Composed]:
    """Return what makes the database agree with RIGHTS, asked by its owner: take everything, then give.

    Policies are changed where they differ only: that takes a lock which waits for every reader of the table.
    """
    cursor.execute("SELECT current_user, current_database()")
    owner, database = cursor.fetchone()
    cursor.execute("SELECT rolname FROM pg_roles")
    known = {name for (name,) in cursor.fetchall()}
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
    )
    tables = sorted(name for (name,) in cursor.fetchall())
    # A developer's only role owns everything: there is nothing to grant it, and the check E013 complains.
    roles = {key: name for key, name in role_names().items() if name in known and name != owner}
    wanted = {
        place: (role, rows)
        for place, (role, rows) in wanted_policies().items()
        if role in roles.values() and place[0] in tables
    }
    return [
        *_statements(roles, owner=owner, database=database, tables=tables),
        *policies.statements(cursor, wanted, tables=tables, walled=OWN_ROWS),
    ]


def _statements(
    roles: Mapping[str, str], *, owner: str, database: str, tables: list[str]
) -> Iterator[sql.Composed]:
    everybody = sql.SQL(", ").join([sql.SQL("PUBLIC"), *map(sql.Identifier, roles.values())])
    for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        yield sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}").format(sql.SQL(what), everybody)
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(everybody)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(sql.Identifier(database), everybody)
    # A function is born executable by everybody, unlike a table.
    yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE ALL ON FUNCTIONS FROM PUBLIC").format(
        sql.Identifier(owner)
    )
    for key, name in roles.items():
        yield from _grants(RIGHTS[key], sql.Identifier(name), database=database, tables=tables)


def _grants(
    rights: Rights, role: sql.Identifier, *, database: str, tables: list[str]
) -> Iterator[sql.Composed]:
    def grant(privileges: tuple[str, ...], target: sql.Composable) -> Iterator[sql.Composed]:
        if privileges:
            yield sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(", ".join(privileges)), target, role)

    for table in tables:
        target = sql.SQL("TABLE public.{}").format(sql.Identifier(table))
        yield from grant(rights.tables.get(table, rights.ordinary), target)
        if columns := rights.columns.get(table, NOTHING):
            named = sql.SQL(", ").join(map(sql.Identifier, columns))
            yield sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(named, target, role)
    yield from grant(rights.sequences, sql.SQL("ALL SEQUENCES IN SCHEMA public"))
    yield from grant(rights.functions, sql.SQL("ALL FUNCTIONS IN SCHEMA public"))
    yield from grant(rights.database, sql.SQL("DATABASE {}").format(sql.Identifier(database)))
    yield from grant(("USAGE",) if rights != Rights() else NOTHING, sql.SQL("SCHEMA public"))
