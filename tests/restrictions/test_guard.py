"""A shell session of the application's role lifts nothing either: each forbidden statement, tried."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.restrictions import services
from coordination.restrictions.models import (
    AssessmentSignature,
    ProtectiveOrder,
    Restriction,
    RiskAssessment,
)
from coordination.restrictions.services import sending
from tests.restrictions.conftest import WORDS, Impose
from tests.world import ACCOUNT

# Everything as it stands, so that the effect of a statement is seen, and not its error.
LOOKED_AT = (Restriction, RiskAssessment, AssessmentSignature, ProtectiveOrder, services.Command)
Shell = Callable[..., None]


def _all() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in LOOKED_AT]


@pytest.fixture
def shell(db: None) -> Shell:
    """Run SQL as the application's role; it must have no effect."""

    def run(*statements: str) -> None:
        before = _all()
        for statement in statements:
            # One of several may be let through; together they must change nothing that counts.
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)
            except DatabaseError:
                continue
        assert _all() == before

    return run


OTHERWISE = """
    CREATE OR REPLACE FUNCTION public.restrictions_may_sign(person bigint) RETURNS boolean
    LANGUAGE sql AS 'SELECT true'
"""
READY_MADE = """
    INSERT INTO restrictions_restriction (
        case_id, account, account_index, step, level, state, imposed_at, reported_step, drifted, in_review)
    SELECT case_id, account, '\\x00', step, level, '{}', imposed_at, '', false, false
    FROM restrictions_restriction
"""
LIFTS = [
    "UPDATE restrictions_restriction SET state = 'lifting'",
    "UPDATE restrictions_restriction SET state = 'lifted', lifted_at = now()",
    "UPDATE restrictions_restriction SET level = 1, step = 'warn'",
    "DELETE FROM restrictions_restriction",
    "TRUNCATE restrictions_restriction CASCADE",
]


@pytest.mark.parametrize("statement", LIFTS)
def test_nothing_is_lifted_without_an_assessment(
    automatic: Restriction, shell: Shell, statement: str
) -> None:
    shell(statement)


@pytest.mark.parametrize("statement", LIFTS)
def test_nothing_is_lifted_with_one_that_nobody_or_one_person_signed(
    assessed: RiskAssessment, signers: list[User], shell: Shell, statement: str
) -> None:
    shell(statement)
    services.sign(assessed, by=signers[0], digest=assessed.digest)
    shell(statement)


def test_what_begins_as_ordered_is_inserted(automatic: Restriction) -> None:
    """So that the test of ready-made rows is about their state and about nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(READY_MADE.format("ordered"))
    assert Restriction.objects.count() == 2


def test_two_signatures_let_the_same_statement_through(signed: RiskAssessment) -> None:
    """So that the tests above are about the signatures and about nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE restrictions_restriction SET state = 'lifting'")
    assert Restriction.objects.get().state == "lifting"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE restrictions_restriction DISABLE TRIGGER ALL",
        "DROP TRIGGER restrictions_guard ON restrictions_restriction",
        "DROP FUNCTION restrictions_check_lift(bigint, bigint, bytea, int) CASCADE",
        "SET session_replication_role = replica",
        OTHERWISE,
        "CREATE TEMP TABLE restrictions_assessmentsignature (id int)",
        "SET search_path = pg_temp, public",
    ],
)
def test_the_guard_is_neither_dropped_nor_passed_by(
    assessed: RiskAssessment, shell: Shell, statement: str
) -> None:
    shell(statement, "UPDATE restrictions_restriction SET state = 'lifting'")


@pytest.mark.parametrize(
    "statement",
    [
        READY_MADE.format("lifted"),
        READY_MADE.format("lifting"),
        READY_MADE.format("in_force"),
        "UPDATE restrictions_imposition SET by_id = NULL",
        "DELETE FROM restrictions_imposition",
        "UPDATE restrictions_restriction SET case_id = case_id + 1",
        "UPDATE restrictions_restriction SET imposed_at = now()",
        "UPDATE restrictions_assessmentsignature SET signed_by_id = signed_by_id + 1",
        "UPDATE restrictions_assessmentsignature SET digest = 'sha256:x'",
        "DELETE FROM restrictions_assessmentsignature",
        "TRUNCATE restrictions_assessmentsignature CASCADE",
        "UPDATE restrictions_riskassessment SET digest = 'sha256:x'",
        "UPDATE restrictions_riskassessment SET asked_by_id = asked_by_id + 1",
        "UPDATE restrictions_riskassessment SET to_level = 1, to_step = 'warn'",
        "UPDATE restrictions_riskassessment SET state = 'asked'",
        "DELETE FROM restrictions_riskassessment",
    ],
)
def test_what_was_done_and_signed_never_changes(
    signed: RiskAssessment, impose: Impose, shell: Shell, statement: str
) -> None:
    shell(statement)


def test_ins_a_signature_is_forged_for_nobody_who_may_not_sign(  # noqa: PLR0917 - fixtures
    automatic: Restriction,
    impose: Impose,
    senior_reviewer: User,
    liaison: User,
    auditor: User,
    signers: list[User],
) -> None:
    impose(senior_reviewer, "read_only")
    asked = services.ask_lift(automatic, by=liaison, reason="They wrote.")
    assessed = services.assess(asked, by=signers[0], **WORDS)
    for person in (senior_reviewer, liaison, auditor):
        with pytest.raises(DatabaseError), transaction.atomic():
            AssessmentSignature.objects.create(
                assessment=assessed, signed_by=person, digest=assessed.digest, signed_at=clock.now()
            )
    with pytest.raises(DatabaseError), transaction.atomic():
        AssessmentSignature.objects.create(
            assessment=assessed, signed_by=signers[0], digest="sha256:x", signed_at=clock.now()
        )
    assert not AssessmentSignature.objects.exists()


@pytest.mark.parametrize("how", ["role", "account"])
def test_who_may_not_sign_any_more_does_not_count_at_the_database_either(
    signed: RiskAssessment, signers: list[User], shell: Shell, administrator: User, how: str
) -> None:
    if how == "role":
        access.set_roles(signers[1], [], by=None)
    else:
        access.change_person(signers[1], by=administrator, is_active=False)
    shell("UPDATE restrictions_restriction SET state = 'lifting'")


def test_a_step_up_makes_the_signatures_worthless_at_the_database_too(
    signed: RiskAssessment, impose: Impose, liaison: User, shell: Shell
) -> None:
    impose(liaison, "ban_with_watch")
    shell("UPDATE restrictions_restriction SET state = 'lifting'")


@pytest.mark.parametrize("account", [ACCOUNT, ""])
def test_a_protective_order_holds_at_the_database_and_is_not_changed_there(
    signed: RiskAssessment, case: Case, counsel: User, shell: Shell, account: str
) -> None:
    services.record_order(
        case,
        by=counsel,
        court="Harrow County Court",
        number="26-PO-118",
        valid_from=clock.now() - timedelta(days=1),
        account=account,
    )
    for statement in (
        "UPDATE restrictions_protectiveorder SET valid_until = valid_from + interval '1 second'",
        "UPDATE restrictions_protectiveorder SET valid_from = now() + interval '1 day'",
        "UPDATE restrictions_protectiveorder SET case_id = case_id + 1",
        "UPDATE restrictions_protectiveorder SET ended_at = now()",
        "DELETE FROM restrictions_protectiveorder",
        "UPDATE restrictions_restriction SET state = 'lifting'",
    ):
        shell(statement)


def test_an_order_on_a_whole_case_guards_its_account_elsewhere_at_the_database_too(
    signed: RiskAssessment, counsel: User, shell: Shell
) -> None:
    services.record_order(
        cases.open_case("Another", by=None, accounts=[ACCOUNT]),
        by=counsel,
        court="Harrow County Court",
        number="26-PO-118",
        valid_from=clock.now() - timedelta(days=1),
    )
    shell("UPDATE restrictions_restriction SET state = 'lifting'")


def test_no_command_is_made_to_lift_or_to_delete_what_stands(
    automatic: Restriction, case: Case, shell: Shell
) -> None:
    services.preserve(case, account=ACCOUNT, reason="A flag.")
    again = (
        "INSERT INTO restrictions_command (reference, case_id, restriction_id, preservation_id, action, step,"
        " reason_code, authority, lane, state, created_at, due_at) SELECT 'K-AGAIN', case_id, restriction_id,"
        " preservation_id, '{}', '', reason_code, authority, lane, 'queued', created_at, due_at"
        " FROM restrictions_command WHERE action = '{}'"
    )
    for statement in (
        "UPDATE restrictions_command SET action = 'lift' WHERE action = 'impose'",
        "UPDATE restrictions_command SET action = 'lift' WHERE action = 'preserve'",
        "UPDATE restrictions_command SET action = 'release' WHERE action = 'preserve'",
        "UPDATE restrictions_command SET step = 'warn' WHERE action = 'impose'",
        "UPDATE restrictions_command SET restriction_id = NULL",
        again.format("lift", "impose"),
        again.format("lift", "preserve"),
        again.format("release", "preserve"),
        again.format("impose", "preserve"),
        "DELETE FROM restrictions_command",
    ):
        shell(statement)


def test_a_command_that_was_confirmed_is_not_sent_again_from_a_shell(
    automatic: Restriction, shell: Shell
) -> None:
    services.follow_delivery(services.Command.objects.get(), state="acknowledged")
    shell("UPDATE restrictions_command SET state = 'queued'")


def test_what_stands_is_told_whatever_its_index_says(automatic: Restriction, case: Case) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE restrictions_restriction SET account_index = '\\x00'")
    told = sending._body(services.Command.objects.get())
    assert (told.action, told.step) == ("impose", automatic.step)


def test_what_was_lifted_stays_so(signed: RiskAssessment, senior_reviewer: User, shell: Shell) -> None:
    services.lift(signed, by=senior_reviewer)
    command = services.Command.objects.latest("pk")
    services.follow_delivery(command, state="acknowledged")
    shell("UPDATE restrictions_restriction SET state = 'ordered'")
