"""Deliveries through claim, send and record: what partners and channels do, and what becomes of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.channels.testing import Answer, FakePartner, Situation
from coordination.core import clock
from coordination.ledger import selectors as ledger
from coordination.outbox import claims, selectors, services
from coordination.outbox.models import Delivery
from coordination.outbox.signals import delivery_changed
from tests.outbox.factories import a_case, a_delivery, a_destination, drain

pytestmark = pytest.mark.django_db(transaction=True)


def _state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


def _task(delivery: Delivery) -> str:
    kinds = [each.kind for each in cases.tasks_of(delivery.case) if each.state == "open"]
    assert len(kinds) <= 1
    return kinds[0] if kinds else ""


# What DESIGN.md names, for a receiver that drops ids it has seen, and for one that does not.
SITUATIONS = [
    (Situation.ACCEPTS, "accepted", "accepted"),
    (Situation.FAILS, "queued", "queued"),
    (Situation.BUSY, "queued", "queued"),
    (Situation.REFUSES, "failed", "failed"),
    (Situation.REDIRECTS, "failed", "failed"),
    (Situation.RESETS, "queued", "unknown"),
    (Situation.HANGS, "queued", "unknown"),
    (Situation.DOWN, "queued", "queued"),
]
TASKS = {"failed": "delivery_failed", "unknown": "delivery_unknown"}


@pytest.mark.parametrize("case", SITUATIONS, ids=lambda case: case[0].value)
@pytest.mark.parametrize("channel", ["scripted", "scripted_once"])
def test_a_partner_that_misbehaves_leads_to_the_state_that_is_true(
    case: tuple[Situation, str, str], channel: str, partner: FakePartner, senior_reviewer: User
) -> None:
    situation, deduplicating, other = case
    partner.be(situation)
    destination = a_destination(partner.url, channel=channel)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    expected = deduplicating if channel == "scripted" else other
    assert _state(delivery) == expected
    assert _task(delivery) == TASKS.get(expected, "")
    assert delivery.attempts.count() == delivery.attempts_made == 1


@pytest.mark.parametrize(
    ("note", "state"),
    [
        ("raise", "held"),
        ("exit", "held"),
        ("lie", "held"),
        ("nonsense", "held"),
        ("crash", "held"),
        ("permanent", "failed"),
        ("temporary 1", "queued"),
        ("unknown", "queued"),
        ("odd", "accepted"),
        ("print", "accepted"),
        ("level rejected", "rejected"),
        ("level acknowledged", "acknowledged"),
    ],
)
def test_what_a_channel_does_to_one_message_parks_that_one_and_the_others_leave(
    note: str, state: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    others = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    odd = a_delivery(destination, note, by=senior_reviewer)
    others += [a_delivery(destination, by=senior_reviewer) for _ in range(3)]
    drain(destination)
    assert _state(odd) == state
    assert {_state(each) for each in others} == {"accepted"}
    assert {each for other in others for each in [_task(other)]} == {""}
    assert _task(odd) == (f"delivery_{state}" if state in ("held", "failed", "rejected") else "")


def test_the_text_of_an_unforeseen_error_is_recorded_nowhere(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "raise", by=senior_reviewer)
    drain(destination)
    assert _state(delivery) == "held"
    assert delivery.last_error == "The channel broke: ValueError"


def test_a_secret_in_an_error_is_struck_out(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TESTKEY", "hunter2hunter2")
    destination = a_destination(partner.url, secret="secret:TESTKEY")
    delivery = a_delivery(destination, "leak", by=senior_reviewer)
    drain(destination)
    assert _state(delivery) == "failed"
    assert delivery.last_error == "the key is …"


def test_a_missing_secret_holds_with_a_task(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TESTKEY", "x")
    destination = a_destination(partner.url, secret="secret:TESTKEY")
    delivery = a_delivery(destination, by=senior_reviewer)
    monkeypatch.delenv("SECRET_TESTKEY")
    drain(destination)
    assert _state(delivery) == "held"
    assert _task(delivery) == "delivery_held"


def test_after_a_crash_what_was_under_way_is_tried_alone_and_leaves(
    partner: FakePartner, senior_reviewer: User, tmp_path: Path
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, f"crashonce {tmp_path}/crashed", by=senior_reviewer)
    drain(destination)
    assert _state(delivery) == "accepted"
    assert [each.outcome for each in delivery.attempts.all()] == ["crashed", "accepted"]
    assert delivery.attempts_made == 2


def test_after_a_crash_without_deduplication_nobody_knows_and_a_human_asks(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    crashed = a_delivery(destination, "crash", by=senior_reviewer)
    drain(destination)
    assert _state(crashed) == "unknown"
    assert _task(crashed) == "delivery_unknown"
    drain(destination)
    assert crashed.attempts.count() == 1


def test_a_host_that_hangs_is_ended_and_only_the_hanging_message_suffers(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    hanging = a_delivery(destination, "sleep 60", by=senior_reviewer)
    others = [a_delivery(destination, by=senior_reviewer) for _ in range(8)]
    drain(destination)
    assert _state(hanging) == "unknown"
    assert {_state(each) for each in others} == {"accepted"}


def test_unknown_is_never_tried_again_by_itself_without_deduplication(
    partner: FakePartner, senior_reviewer: User
) -> None:
    partner.be(Situation.RESETS)
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, by=senior_reviewer)
    for _ in range(3):
        drain(destination)
        with clock.frozen(clock.now() + timedelta(hours=2)):
            drain(destination)
    assert _state(delivery) == "unknown"
    assert partner.contacts == 1


def test_retry_after_is_honoured(partner: FakePartner, senior_reviewer: User) -> None:
    partner.will(Answer(status=503, body=b"", headers={"Retry-After": "600"}, takes=False))
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    assert _state(delivery) == "queued"
    assert delivery.due_at >= clock.now() + timedelta(seconds=590)
    with clock.frozen(clock.now() + timedelta(seconds=650)):
        drain(destination)
    assert _state(delivery) == "accepted"


@pytest.mark.parametrize("asked", ["3000", "7200"])
def test_a_danger_to_life_does_not_wait_as_long_as_a_busy_machine_asks(
    asked: str, partner: FakePartner, senior_reviewer: User
) -> None:
    """Whoever floods the recipient's endpoint makes it say so: that holds no P0 for an hour, nor ends it."""
    partner.will(Answer(status=429, body=b"", headers={"Retry-After": asked}, takes=False))
    destination = a_destination(partner.url)
    urgent = a_delivery(destination, by=senior_reviewer, lane="P0")
    drain(destination, "P0")
    assert _state(urgent) == "queued"
    assert urgent.due_at <= clock.now() + timedelta(seconds=75)
    with clock.frozen(clock.now() + timedelta(seconds=80)):
        drain(destination, "P0")
    assert _state(urgent) == "accepted"


def test_giving_up_fails_with_a_task_and_p0_gives_up_sooner(
    partner: FakePartner, senior_reviewer: User
) -> None:
    partner.be(Situation.FAILS)
    destination = a_destination(partner.url)
    normal = a_delivery(destination, by=senior_reviewer)
    urgent = a_delivery(destination, by=senior_reviewer, lane="P0")
    with clock.frozen(clock.now() + timedelta(hours=2)):
        drain(destination)
        drain(destination, "P0")
    assert (_state(normal), _state(urgent)) == ("queued", "failed")
    assert cases.tasks_of(urgent.case).get().priority == "P0"
    with clock.frozen(clock.now() + timedelta(hours=30)):
        drain(destination)
    assert _state(normal) == "failed"
    assert _task(normal) == "delivery_failed"


def test_messages_of_one_case_leave_in_order(partner: FakePartner, senior_reviewer: User) -> None:
    destination, case = a_destination(partner.url), a_case()
    sent = [a_delivery(destination, f"post {n}", by=senior_reviewer, case=case) for n in range(4)]
    drain(destination)
    assert [each.headers["webhook-id"] for each in partner.requests] == [
        str(each.message_id) for each in sent
    ]


def test_a_delivery_in_back_off_blocks_its_case_and_no_other(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination, case = a_destination(partner.url), a_case()
    first = a_delivery(destination, "temporary 100", by=senior_reviewer, case=case)
    second = a_delivery(destination, by=senior_reviewer, case=case)
    elsewhere = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    assert [_state(each) for each in (first, second, elsewhere)] == ["queued", "queued", "accepted"]
    assert second.attempts_made == 0


def test_p0_does_not_wait_for_normal(partner: FakePartner, senior_reviewer: User) -> None:
    destination, case = a_destination(partner.url), a_case()
    blocked = a_delivery(destination, "temporary 100", by=senior_reviewer, case=case)
    drain(destination)
    urgent = a_delivery(destination, by=senior_reviewer, case=case, lane="P0")
    drain(destination, "P0")
    assert (_state(blocked), _state(urgent)) == ("queued", "accepted")


def test_a_drain_sends_more_than_one_batch(
    partner: FakePartner, senior_reviewer: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(claims, "CLAIM", claims.CLAIM.replace(f"LIMIT {claims.BATCH}", "LIMIT 2"))
    destination = a_destination(partner.url)
    sent = [a_delivery(destination, by=senior_reviewer) for _ in range(5)]
    done = drain(destination)
    assert (done.deliveries, done.batches) == (5, 3)
    assert {_state(each) for each in sent} == {"accepted"}


def test_each_change_is_in_the_ledger_and_the_news_is_sent(
    partner: FakePartner, senior_reviewer: User
) -> None:
    heard: list[tuple[str, str]] = []

    def hear(sender: Any, *, delivery: Delivery, state: str, receipt: Any, **_: Any) -> None:
        heard.append((str(delivery.message_id), str(state)))

    delivery_changed.connect(hear)
    try:
        destination = a_destination(partner.url)
        delivery = a_delivery(destination, by=senior_reviewer)
        drain(destination)
    finally:
        delivery_changed.disconnect(hear)
    assert heard == [(str(delivery.message_id), "accepted")]
    actions = [each.action for each in ledger.entries_about(f"message:{delivery.message_id}").order_by("pk")]
    assert actions == ["outbox.message_prepared", "outbox.message_approved", "outbox.delivery_accepted"]
    assert "post" not in str([each.data for each in ledger.entries_about(f"message:{delivery.message_id}")])


def test_a_receiver_that_raises_undoes_its_own_delivery_only(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url)
    poisoned = a_delivery(destination, by=senior_reviewer)
    others = [a_delivery(destination, by=senior_reviewer) for _ in range(3)]

    def stumble(sender: Any, *, delivery: Delivery, **_: Any) -> None:
        if delivery.pk == poisoned.pk:
            raise RuntimeError("a receiver broke")

    delivery_changed.connect(stumble)
    try:
        drain(destination)
    finally:
        delivery_changed.disconnect(stumble)
    assert {_state(each) for each in others} == {"accepted"}
    assert _state(poisoned) == "sending"  # until its lease runs out


def test_a_host_knows_nothing_of_our_environment(
    partner: FakePartner, senior_reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OTHER", "not yours")
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, "environment", by=senior_reviewer)
    drain(destination)
    receipt = delivery.receipts.get()
    assert set(receipt.detail.split(",")) <= {"LC_CTYPE"}


def test_one_warm_host_serves_a_destination(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    sent = [a_delivery(destination, "environment", by=senior_reviewer) for _ in range(2)]
    drain(destination)
    sent.append(a_delivery(destination, "environment", by=senior_reviewer))
    drain(destination)
    assert len({each.receipts.get().reference for each in sent}) == 1


def test_the_log_reads_as_sentences(partner: FakePartner, senior_reviewer: User) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    log = selectors.delivery_log(selectors.delivery(delivery.pk))
    assert [each.what for each in log] == ["Attempt 1: accepted", "Their system took it."]


def test_what_a_human_finds_out_about_an_unknown_delivery_is_recorded(
    partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel="scripted_once")
    delivery = a_delivery(destination, "unknown", by=senior_reviewer)
    drain(destination)
    services.resolve(
        delivery, by=senior_reviewer, level="acknowledged", reference="H-7", reason="Called them."
    )
    assert _state(delivery) == "acknowledged"
    assert _task(delivery) == ""
    assert delivery.receipts.get().source == "human"


def test_what_goes_to_a_destination_whose_settings_do_not_open_waits_for_a_human(
    partner: FakePartner, senior_reviewer: User, owner: psycopg.Connection
) -> None:
    destination = a_destination(partner.url)
    delivery = a_delivery(destination, by=senior_reviewer)
    owner.execute("UPDATE partners_destination SET config = 'not what was sealed'")
    drain(destination)
    assert _state(delivery) == "held"
    assert "does not open" in delivery.last_error
    assert partner.requests == []


@pytest.mark.parametrize("channel", ["scripted", "scripted_once"])
def test_they_took_it_after_the_attempt_began_and_not_before(
    channel: str, partner: FakePartner, senior_reviewer: User
) -> None:
    destination = a_destination(partner.url, channel=channel)
    delivery = a_delivery(destination, by=senior_reviewer)
    drain(destination)
    attempt, receipt = delivery.attempts.get(), delivery.receipts.get()
    assert attempt.started_at < receipt.occurred_at <= attempt.finished_at
    assert receipt.occurred_at <= receipt.recorded_at
