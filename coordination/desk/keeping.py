"""How long the rows of each table are kept, and what ends them: docs/security.md prints it.

Every table of the database stands in exactly one line. A line without an end says so: nothing is promised
that no job does.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from coordination.access import jobs as doors
from coordination.access.services import lockouts
from coordination.oncall import jobs as oncall
from coordination.oncall.services import links
from coordination.outbox import sweep
from coordination.rest import jobs as rest
from coordination.rest import services as rest_services

FOR_GOOD = "no end: nothing here removes it"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of data: how it is called, its tables (or how they begin), how long it is kept, what ends it."""

    what: str
    tables: tuple[str, ...]
    kept: str
    ended_by: str = ""


def kinds() -> list[Kind]:
    """Return all kinds, those that end first."""
    return [
        Kind(
            what="answers of the API under an Idempotency-Key; nonces of signed requests",
            tables=("rest_idempotencyrecord", "rest_seennonce"),
            kept=_words(max(rest.KEPT, rest.NONCES_KEPT)),
            ended_by="the job rest.forget_answers, each hour",
        ),
        Kind(
            what="how often somebody called or was refused",
            tables=("rest_allowance", "rest_refusal"),
            kept=f"until it is free again, {_words(rest_services.REFUSALS_COUNTED)} at most",
            ended_by="the jobs rest.forget_answers and rest.close_refusals",
        ),
        Kind(
            what="how many records somebody opened last",
            tables=("access_readingpace",),
            kept=f"counts for {_words(settings.READINGS_WITHIN)}, then until they open another",
            ended_by="the next window takes its place",
        ),
        Kind(
            what="failures to sign in",
            tables=("access_signinfailure",),
            kept=_words(settings.LOCK_OUT_WITHIN),
            ended_by="the job access.forget, each hour; signing in",
        ),
        Kind(
            what="lock-outs of names that nobody has",
            tables=("access_lockout",),
            kept=f"{_words(lockouts.UNKNOWN_NAMES_STAY)}; those of people: {FOR_GOOD}",
            ended_by="the job access.forget",
        ),
        Kind(
            what="sessions of the desk",
            tables=("access_desksession", "django_session"),
            kept=f"open {_words(settings.LONGEST_SESSION)}; {_words(doors.KEPT)} from the last click",
            ended_by="the gate of each request; the job access.forget",
        ),
        Kind(
            what="jobs that failed, and what workers keep of themselves",
            tables=("procrastinate_",),
            kept=f"{_words(timedelta(hours=sweep.KEEP_FAILED_HOURS))}; others until they are done",
            ended_by="the job outbox.forget_jobs, each night",
        ),
        Kind(
            what="exhibits: their key, and what people said of them",
            tables=("evidence_keeping",),
            kept=f"{settings.EVIDENCE_KEEP_DAYS} days, longer while a hold stands",
            ended_by="the job evidence.expire, each hour: the key goes, and with it what it opens anywhere",
        ),
        Kind(
            what="packages of exhibits: the sealed zip and its key; that there was one stays",
            tables=("evidence_package",),
            kept=f"{settings.PACKAGES_KEEP_HOURS} hours; not longer than any exhibit in it",
            ended_by="the job evidence.forget_packages, each hour",
        ),
        Kind(
            what="custody of exhibits, and their holds, without what was in them",
            tables=("evidence_exhibit", "evidence_custodyevent", "evidence_hold"),
            kept=FOR_GOOD,
        ),
        Kind(
            what="links in messages to who is paged",
            tables=("oncall_pagelink",),
            kept=f"open {_words(links.LIVES)}; {_words(oncall.KEPT)} from then",
            ended_by="the job oncall.forget_links, each hour",
        ),
        Kind(
            what="addresses by which people are woken",
            tables=("oncall_contactway",),
            kept="until their person takes them out",
            ended_by="their person",
        ),
        Kind(
            what="who was on call, who was paged and who answered; when the machinery was last alive",
            tables=(
                *("oncall_schedule", "oncall_rotation", "oncall_rotationmember", "oncall_override"),
                *("oncall_page", "oncall_pageattempt"),
                "oncall_beat",
            ),
            kept=FOR_GOOD,
        ),
        Kind(
            what="cases and what hangs on them: flags, restrictions, referrals, data requests, messages",
            tables=("cases_", "triage_", "restrictions_", "referrals_", "datarequests_", "outbox_", "inbox_"),
            kept=FOR_GOOD,
        ),
        Kind(what="the ledger, which holds no personal data", tables=("ledger_",), kept=FOR_GOOD),
        Kind(
            what="people, their factors, tokens, roles and what was proposed for them",
            tables=(
                *("access_user", "access_apitoken", "access_enrolment", "access_rolechange"),
                *(
                    "access_breakglass",
                    "access_ledgerreview",
                    "mfa_authenticator",
                    "auth_",
                    "guardian_",
                    "account_",
                ),
                *("django_admin_log", "django_content_type"),
            ),
            kept=f"{FOR_GOOD}; what was disabled, revoked or used opens nothing",
        ),
        Kind(what="agencies, officers, keys, destinations", tables=("partners_",), kept=FOR_GOOD),
        Kind(what="law and practice", tables=("policy_",), kept=FOR_GOOD),
        Kind(what="nothing: a library has the table, our handler replaces it", tables=("axes_",), kept="–"),  # noqa: RUF001
    ]


def kinds_of(table: str) -> list[Kind]:
    """Return the kinds that claim a table: one, or the list is wrong."""
    return [each for each in kinds() if any(_claims(name, table) for name in each.tables)]


def as_markdown() -> str:
    """Return the table that docs/security.md shows."""
    lines = ["| What | Kept | Ended by | Tables |", "|---|---|---|---|"]
    for each in kinds():
        tables = ", ".join(f"`{name}…`" if name.endswith("_") else f"`{name}`" for name in each.tables)
        lines.append(f"| {each.what} | {each.kept} | {each.ended_by} | {tables} |")
    return "\n".join(lines)


def _claims(name: str, table: str) -> bool:
    """A name that ends with _ stands for all tables that begin so, any other for its links to many too."""
    return table.startswith(name) if name.endswith("_") else table == name or table.startswith(f"{name}_")


def _words(span: timedelta) -> str:
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    if hours and hours % 24 == 0:
        return f"{hours // 24} day" + ("s" if hours > 24 else "")  # noqa: PLR2004 - hours of a day
    return f"{hours} hour" + ("s" if hours > 1 else "") if hours else f"{minutes} minutes"
