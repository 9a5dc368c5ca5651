"""What benchmarks.intake measures with: a desk of many subjects and flags, and the new flags of a morning."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

CATEGORIES: Final = ("other", "stalking")
HIGH: Final = "mass_casualty"
# One in so many of the flags that there are waits for a person; the others were decided.
ONE_WAITS_OF: Final = 50
_BATCH: Final = 500
_CONTENT: Final = "They will all know my name, and soon. " * 20
_WHEN: Final = datetime(2026, 1, 5, 23, 12, tzinfo=UTC)

# A case, its subject, by what that is known again, and who sees it; sealed columns hold what opens nowhere.
_SUBJECTS: Final = (
    (
        "INSERT INTO cases_case (id, reference, title, state, priority, opened_at)"
        " SELECT {id}, 'B-' || n, 'Benchmark', 'open', 'normal', now() - n * interval '1 second'"
        " FROM generate_series(1, %(number)s) n"
    ),
    (
        "INSERT INTO cases_subject (case_id, account, account_index, note, added_at)"
        " SELECT {id}, {sealed}, {mark}, ''::bytea, now() FROM generate_series(1, %(number)s) n"
    ),
    (
        "INSERT INTO cases_identifier"
        " (case_id, kind, value, index, alike, strong, provenance, verified, about, added_at)"
        " SELECT {id}, 'account', {sealed}, {mark}, {mark}, true, 'observed', true, '', now()"
        " FROM generate_series(1, %(number)s) n"
    ),
    (
        "INSERT INTO cases_caseaccess (principal, created, case_id)"
        " SELECT 'g' || g.id, now() - n * interval '1 second', {id}"
        " FROM generate_series(1, %(number)s) n CROSS JOIN auth_group g WHERE g.name = ANY(%(teams)s)"
    ),
)
# A flag, and where it waits the task that asks for a person: one in twelve is of high severity, on a case.
_FLAGS: Final = (
    (
        "INSERT INTO triage_flag (id, external_id, source, category, classifier, classifier_version, content,"
        " content_at, content_zone, context, account, account_index, identifiers, apparent_target, files,"
        " provenance, minor, marks, unknown_classifier, high_severity, state, case_id, received_at)"
        " SELECT {uuid}, 'old-' || n, 'classifier', 'other', 'harm', '3.2', {sealed}, now(), 'UTC', {sealed},"
        " {sealed}, {mark}, {sealed}, {sealed}, {sealed}, 'observed', false, ARRAY[{mark}], false, {high},"
        " {state}, {case}, now() - n * interval '1 second' FROM generate_series(1, %(number)s) n"
    ),
    (
        "INSERT INTO cases_task (case_id, kind, title, instructions, about, state, priority, role, opened_at,"
        " due_at, outcome)"
        " SELECT {case}, CASE WHEN {high} THEN 'triage_senior' ELSE 'triage_tier_1' END, 'A flag', {sealed},"
        " 'triage.flag:' || {uuid}, CASE WHEN {waits} THEN 'open' ELSE 'done' END,"
        " CASE WHEN {high} THEN 'P0' ELSE 'normal' END,"
        " CASE WHEN {high} THEN 'senior_reviewer' ELSE 'reviewer' END, now() - n * interval '1 second',"
        " CASE WHEN {high} THEN now() + interval '1 hour' - n * interval '1 second' END, {sealed}"
        " FROM generate_series(1, %(number)s) n"
    ),
)
_WORDS: Final = {
    # Far from the numbers that the sequence gives out.
    "id": "1000000000 + n",
    "mark": "sha256(convert_to('mark ' || n, 'UTF8'))",
    "sealed": "sha256(convert_to('sealed ' || n, 'UTF8'))",
    "uuid": "md5('flag ' || n)::uuid",
    "high": "(n %% 12 = 0)",
    "waits": f"(n / 12 %% {ONE_WAITS_OF} = 0)",
    "state": f"CASE WHEN n / 12 %% {ONE_WAITS_OF} = 0 THEN 'received' ELSE 'decided' END",
    "case": "CASE WHEN n %% 12 = 0 THEN 1000000000 + 1 + n %% %(cases)s END",
}


def accounts(number: int) -> list[str]:
    """Return accounts of which each has a case by and by."""
    return [f"known-{each}" for each in range(number)]


def fill(*, subjects: int, flags: int, matching: Sequence[str]) -> None:
    """Make a desk with this many subjects and flags; `matching` are subjects that new flags will name."""
    from django.db import connections

    from coordination.cases import services as cases
    from coordination.cases.services.access import DEFAULT_TEAMS

    for first in range(0, len(matching), _BATCH):
        part = matching[first : first + _BATCH]
        cases.open_cases([cases.NewCase(title="Known", accounts=(each,)) for each in part], by=None)
    teams = [role.value for role in DEFAULT_TEAMS]
    rest = subjects - len(matching)
    with connections["owner"].cursor() as cursor:
        for statements, number in ((_SUBJECTS, rest), (_FLAGS, flags)):
            for each in statements:
                cursor.execute(each.format(**_WORDS), {"number": number, "teams": teams, "cases": rest})
        cursor.execute("VACUUM ANALYZE")


def batches(number: int, *, matching: Sequence[str], high: float, known: float) -> Iterator[list[Any]]:
    """Yield what comes in, in batches: each flag as the API hands it to `receive_many`."""
    flags = [
        flag(
            each,
            account=matching[each] if each < number * known else f"new-{each}",
            # Spread over those with a case and those without alike.
            high=each * high % 1 < high,
        )
        for each in range(number)
    ]
    # Old and new subjects in turn, by a step that meets every flag once.
    mixed = [flags[place * 7919 % number] for place in range(number)]
    for first in range(0, number, _BATCH):
        yield mixed[first : first + _BATCH]


def flag(each: int, *, account: str, high: bool) -> dict[str, Any]:
    """Return one flag as the platform posts it."""
    return {
        "external_id": f"new-{each}",
        "source": "classifier",
        "category": HIGH if high else CATEGORIES[each % len(CATEGORIES)],
        "content": f"{each} {_CONTENT}",
        "content_at": _WHEN,
        "content_zone": "America/Denver",
        "account": account,
        "provenance": "observed",
        "score": 0.94,
        "classifier": "harm",
        "classifier_version": "3.2",
        "context": f"Asked before: {_CONTENT}",
        "identifiers": [{"kind": "payment_token", "value": f"tok-{each}", "provenance": "observed"}],
    }
