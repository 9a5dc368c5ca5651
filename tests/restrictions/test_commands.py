"""Commands out: rendered after commit, under a standing order, to the platform and nowhere else."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases_of
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.channels.testing import Answer, FakePartner, Situation
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger.selectors import entries_about
from coordination.outbox import hosts
from coordination.outbox import selectors as outbox_of
from coordination.outbox import services as outbox
from coordination.outbox.models import Approval, Delivery
from coordination.partners import services as partners
from coordination.partners.services import Agency
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, Restriction
from coordination.restrictions.signals import preservation_done, restriction_confirmed
from tests.outbox.factories import a_case
from tests.restrictions.conftest import Impose
from tests.restrictions.platform import carry_out, connect
from tests.world import ACCOUNT, DestinationOf

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("signing_secret", "shared_host"),
]
CONFIRMED = Answer(body=b'{"confirmed": true, "reference": "T-1"}')
TAKEN = Answer(status=202, body=b"{}")


@pytest.fixture
def platform() -> Iterator[FakePartner]:
    """The platform's own endpoint: a real HTTP server that confirms at once."""
    with FakePartner() as server:
        server.always = CONFIRMED
        yield server
    hosts.pool().close()
    hosts.pool.cache_clear()


def _sent(platform: FakePartner) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in platform.requests]


def test_a_restriction_is_in_force_once_the_platform_confirms(
    platform: FakePartner, automatic: Restriction, case: Case
) -> None:
    carry_out(connect(platform.url))
    automatic.refresh_from_db()
    assert (automatic.state, automatic.confirmed_at is not None) == ("in_force", True)
    (said,) = _sent(platform)
    assert (said["action"], said["account"], said["step"]) == ("impose", ACCOUNT, "limit_features")
    (command,) = selectors.commands_of(automatic)
    assert (command.state, said["reference"], said["sequence"]) == (
        "confirmed",
        command.reference,
        command.pk,
    )
    assert selectors.timings([case.pk])[case.pk].confirmed_at == automatic.confirmed_at
    actions = {each.action for each in entries_about(case.reference)}
    assert {"restrictions.command_sent", "restrictions.command_confirmed"} <= actions


def test_what_only_took_the_command_leaves_it_ordered(platform: FakePartner, automatic: Restriction) -> None:
    platform.always = TAKEN
    carry_out(connect(platform.url))
    automatic.refresh_from_db()
    assert (automatic.state, Command.objects.get().state) == ("ordered", "sent")


def test_the_approval_names_the_standing_order_and_no_person(
    platform: FakePartner, automatic: Restriction
) -> None:
    connect(platform.url)
    services.send_due("normal")
    approval = Approval.objects.get()
    assert (approval.approved_by, approval.authority) == (None, "platform 2026.3 platform.ladder-limit")


def test_no_other_message_and_no_other_recipient_has_a_standing_order(
    automatic: Restriction, agency: Agency, destination_of: DestinationOf, platform: FakePartner
) -> None:
    own, police = connect(platform.url), destination_of(agency)
    from coordination.channels import TestBody

    for destination in (own, police):
        message = outbox.prepare(
            a_case(),
            kind="test",
            reference="T-1",
            origin="tests.record:1",
            destination=destination,
            body=TestBody(note="A test."),
            by=None,
        )
        with pytest.raises(Refused) as refused:
            outbox.approve_by_order(message, digest=message.digest, authority="platform 2026.3 x")
        assert refused.value.rule == "standing-order"
        for values in (
            {"kind": "test", "to_platform": False},
            {"kind": "platform_action", "to_platform": False},
            {"kind": "platform_action", "to_platform": True},
            {"kind": "platform_action", "to_platform": True, "authority": ""},
        ):
            row = {"authority": "platform 2026.3 x", **values}
            with pytest.raises(DatabaseError), transaction.atomic():
                Approval.objects.create(
                    message=message,
                    digest=message.digest,
                    destination=destination,
                    channel=message.channel,
                    fingerprint=message.fingerprint,
                    approved_at=clock.now(),
                    **row,
                )
    assert not Approval.objects.exists()
    assert not Delivery.objects.exists()


def test_a_command_goes_to_no_agency_and_a_letter_not_to_the_platform(
    agency: Agency, destination_of: DestinationOf, platform: FakePartner
) -> None:
    from coordination.channels import LetterBody
    from coordination.channels.testing.samples import BODIES

    letter = LetterBody(subject_line="x", salutation="", paragraphs=(), signed_by="")
    tried = [("platform_action", destination_of(agency)), ("letter", connect(platform.url))]
    for kind, destination in tried:
        with pytest.raises(Refused) as refused:
            outbox.prepare(
                a_case(),
                kind=kind,
                reference="T-1",
                origin="tests.record:1",
                destination=destination,
                body=letter if kind == "letter" else BODIES["platform_action"],
                by=None,
            )
        assert refused.value.rule == "platform-only"


def test_a_platform_is_verified_by_a_second_person_and_before_that_nothing_goes_to_it(
    administrator: User, automatic: Restriction
) -> None:
    agency = partners.register_agency(
        by=administrator,
        name="Lanternchat, operations",
        identifier="LANTERNCHAT",
        kind="platform",
        recipient_class="other_private",
        country="US",
        phone="+1 555 0100 001",
    )
    partners.add_destination(
        agency,
        by=administrator,
        title="Actions",
        channel="platform_actions",
        config={"endpoint": "http://127.0.0.1:9/", "signing_secret": "secret:TEST_SIGNING"},
        how_known="It is ours.",
    )
    with pytest.raises(Refused):
        partners.verify_agency(agency, by=administrator, how_verified="It is us.")
    assert selectors.platform_destination() is None
    with pytest.raises(InvalidInput):
        partners.register_agency(
            by=None,
            name="x",
            identifier="x",
            kind="platform",
            recipient_class="us_government",
            country="US",
            phone="+1 555 0100 001",
        )


def test_without_a_destination_the_command_waits_and_an_administrator_is_told_once(
    automatic: Restriction, administrator: User, platform: FakePartner
) -> None:
    assert services.send_due("normal") == 0
    assert services.send_due("normal") == 0
    command = Command.objects.get()
    assert (command.state, command.due_at > clock.now()) == ("queued", True)
    (task,) = [each for each in cases_of.waiting_for(administrator) if each.kind == "connect_platform"]
    assert "none is lost" in task.instructions
    with pytest.raises(Refused):
        cases.complete_task(task, by=administrator, outcome="I think so.")
    own = connect(platform.url)
    Command.objects.update(due_at=clock.now())
    carry_out(own)
    task.refresh_from_db()
    assert (task.state, Command.objects.get().state) == ("done", "confirmed")


@pytest.mark.faults
@pytest.mark.parametrize("situation", [Situation.FAILS, Situation.HANGS, Situation.RESETS, Situation.DOWN])
def test_a_platform_that_breaks_leaves_it_ordered_and_a_person_does_it_by_hand(
    platform: FakePartner,
    automatic: Restriction,
    liaison: User,
    situation: Situation,
    settings: Any,
) -> None:
    settings.CHANNELS_HTTP_SECONDS = 0.5
    own = connect(platform.url)
    platform.be(situation)
    carry_out(own)
    automatic.refresh_from_db()
    delivery = Delivery.objects.get()
    assert (automatic.state, delivery.state) == ("ordered", "queued")
    assert services.chase() == 0  # not yet
    Command.objects.update(created_at=clock.now() - timedelta(minutes=11))
    assert services.chase() == 1
    assert services.chase() == 0  # once
    (task,) = [each for each in cases_of.waiting_for(liaison) if each.kind == "restrict_by_hand"]
    assert task.priority == "P0"
    with pytest.raises(Refused):
        cases.complete_task(task, by=liaison, outcome="Never mind.")
    command = Command.objects.get()
    services.confirm_by_hand(command, by=liaison, how="Limited in the console, ticket 7.")
    task.refresh_from_db()
    automatic.refresh_from_db()
    assert (task.state, automatic.state) == ("done", "in_force")
    with pytest.raises(IllegalTransition):
        services.confirm_by_hand(command, by=liaison, how="Again.")


def test_only_who_may_impose_confirms_by_hand(automatic: Restriction, reviewer: User) -> None:
    with pytest.raises(NotPermitted):
        services.confirm_by_hand(Command.objects.get(), by=reviewer, how="Done.")


def test_a_platform_that_refuses_leaves_it_ordered_with_a_task(
    platform: FakePartner, automatic: Restriction, case: Case
) -> None:
    platform.be(Situation.REFUSES)
    carry_out(connect(platform.url))
    automatic.refresh_from_db()
    assert (automatic.state, Command.objects.get().state) == ("ordered", "failed")
    assert "delivery_failed" in [each.kind for each in cases_of.tasks_of(case)]


def test_a_step_up_stops_what_has_not_left(
    platform: FakePartner, automatic: Restriction, impose: Impose, liaison: User
) -> None:
    own = connect(platform.url)
    services.send_due("normal")
    impose(liaison, "ban_with_watch")
    carry_out(own)
    assert [each["step"] for each in _sent(platform)] == ["ban_with_watch"]
    assert [each.state for each in Command.objects.all()] == ["superseded", "confirmed"]
    automatic.refresh_from_db()
    assert (automatic.state, automatic.step) == ("in_force", "ban_with_watch")


def test_late_news_of_a_superseded_command_confirms_nothing(
    platform: FakePartner, automatic: Restriction, impose: Impose, liaison: User
) -> None:
    first = Command.objects.get()
    impose(liaison, "ban_with_watch")
    services.follow_delivery(first, state="acknowledged", in_force="limit_features")
    automatic.refresh_from_db()
    assert automatic.state == "ordered"


def test_the_heaviest_step_of_all_cases_is_what_the_platform_is_told(
    platform: FakePartner, impose: Impose, liaison: User
) -> None:
    impose(liaison, "ban_with_watch")
    other = cases.open_case("Another", by=None, accounts=[ACCOUNT])
    services.impose(
        other, account=ACCOUNT, step="limit_features", reason="A flag.", authority="platform.ladder-limit"
    )
    carry_out(connect(platform.url))
    assert {each["step"] for each in _sent(platform)} == {"ban_with_watch"}


def test_a_preservation_is_done_once_the_platform_confirms(platform: FakePartner, case: Case) -> None:
    heard: list[object] = []

    def hear(sender: object, *, preservation: object, **_: object) -> None:
        heard.append(preservation)

    preservation_done.connect(hear)
    try:
        kept = services.preserve(case, account=ACCOUNT, reason="A flag.")
        carry_out(connect(platform.url))
    finally:
        preservation_done.disconnect(hear)
    kept.refresh_from_db()
    assert (kept.confirmed_at is not None, heard) == (True, [kept])
    assert _sent(platform)[0]["action"] == "preserve"


def test_news_of_a_confirmation_is_sent(platform: FakePartner, automatic: Restriction) -> None:
    heard: list[bool] = []

    def hear(sender: object, **_: object) -> None:
        heard.append(connection.in_atomic_block)

    restriction_confirmed.connect(hear)
    try:
        carry_out(connect(platform.url))
    finally:
        restriction_confirmed.disconnect(hear)
    assert heard == [True]


def test_a_wake_up_is_queued_after_the_commit_and_a_sweep_finds_a_lost_one(automatic: Restriction) -> None:
    from coordination.restrictions.services import commands

    def jobs() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [commands.TASK])
            return int(cursor.fetchone()[0])

    assert jobs() == 1
    services.wake_all()
    assert jobs() == 1  # it is queued


def test_p0_does_not_wait_for_the_others(
    platform: FakePartner, case: Case, automatic: Restriction, liaison: User
) -> None:
    urgent = cases.open_case("Urgent", by=None, priority="P0", accounts=["acct-2"])
    services.impose(urgent, account="acct-2", step="warn", reason="Now.", authority="Terms", by=liaison)
    connect(platform.url)
    assert services.send_due("P0") == 1
    assert [each.lane for each in outbox_of.deliveries()] == ["P0"]
