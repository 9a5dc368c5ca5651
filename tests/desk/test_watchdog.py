"""The watchdog tells people by itself, and needs neither workers nor bus nor database (REL-10)."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.channels.testing import FakeMailbox, FakePartner
from coordination.channels.testing.situations import Situation
from coordination.core import clock
from coordination.desk.management.commands.watchdog import TROUBLE, UNTOLD, WELL, Command
from coordination.desk.watching import alive, standstill
from coordination.desk.watching.looking import WATCHDOG, Looker, Trouble, look
from coordination.desk.watching.telling import Memory, tell
from coordination.ledger.models import AnchorFailure, Checkpoint
from coordination.ledger.sequencing import sequence_all
from coordination.oncall import services as oncall
from coordination.oncall.models import Page
from coordination.outbox.models import Delivery
from coordination.restrictions import services as restrictions
from tests.bus import SECRET
from tests.doors import SignIn

T0 = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
EVERY = 20


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    standstill.forget()
    yield
    standstill.forget()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[FakeMailbox]:
    with FakeMailbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def watched(settings: Any, tmp_path: Path) -> None:
    """The watchdog tells one address, and a monitor outside has a token."""
    settings.WATCHDOG = {
        **settings.WATCHDOG,
        "email": ["manager@lanternchat.example"],
        "token": "t" * 40,
        "state": str(tmp_path / "watchdog.json"),
    }


def _alive(at: datetime) -> None:
    """Let workers, climbing and the watchdog give a sign."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [at])
    with clock.frozen(at):
        oncall.beat(oncall.CLIMBING)
        oncall.beat(WATCHDOG)


def _rounds(seconds: range, memory: Memory, looker: Looker) -> list[tuple[int, int]]:
    """Run the watchdog's rounds; return when each was and what it said."""
    done = []
    for second in seconds:
        with clock.frozen(T0 + timedelta(seconds=second)):
            done.append((second, Command().round(looker, memory)))
    return done


@pytest.mark.django_db(transaction=True)
def test_REL_10_all_workers_dead_and_a_p1_pending_alarms_within_120_seconds(
    mailbox: FakeMailbox, watched: None, things: Any
) -> None:
    """Ten minutes of silence: told within two, again each five, and once when it is over."""
    Delivery.objects.update(due_at=T0)
    Page.objects.all().update(state="ended")
    _alive(T0)
    looker, memory = Looker(), Memory(Path(django_settings.WATCHDOG["state"]))
    told = []
    for second in range(0, 601, EVERY):
        before = len(mailbox.messages)
        _rounds(range(second, second + 1), memory, looker)
        if len(mailbox.messages) > before:
            told.append((second, str(mailbox.messages[-1]["Subject"])))
    assert told[0][0] <= 120
    assert "The bus stands still" in told[0][1]
    times = [second for second, _ in told]
    # Something new is told at once; the same, each five minutes.
    assert all(later - earlier <= 300 + EVERY for earlier, later in pairwise(times))
    assert times[-1] > 300
    text = mailbox.messages[0].get_content()
    assert "no worker gives a sign" in text
    assert things.case.reference not in text
    mailbox.messages.clear()
    Delivery.objects.update(state="void")
    _alive(T0 + timedelta(seconds=620))
    assert _rounds(range(620, 661, EVERY), memory, looker) == [(620, WELL), (640, WELL), (660, WELL)]
    assert [str(each["Subject"]) for each in mailbox.messages] == ["All clear"]


@pytest.mark.django_db(transaction=True)
def test_REL_10_the_watchdog_tells_of_a_database_that_is_not_there(
    mailbox: FakeMailbox, tmp_path: Path
) -> None:
    """As a process of its own, with nothing but the mail server."""
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://coordination_app:x@127.0.0.1:9/nowhere",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mailbox.port),
        "WATCHDOG_EMAIL": "manager@lanternchat.example",
        "WATCHDOG_STATE": str(tmp_path / "watchdog.json"),
    }
    command = [sys.executable, "manage.py", "watchdog", "--once"]
    for _ in range(2):
        ended = subprocess.run(
            command,
            cwd=django_settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == TROUBLE, ended.stderr
    # The second look, as of cron, says nothing new.
    assert [str(each["Subject"]) for each in mailbox.messages] == [
        "Desk alarm: The database does not answer (OperationalError): nothing is known"
    ]


def test_a_database_that_hangs_is_told_of_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("coordination.desk.watching.looking.look", lambda _: release.wait(20) and [])
    looker = Looker(within=0.1)
    for _ in range(2):  # the second look waits for no other thread
        assert [each.code for each in looker.look()] == ["database"]
    release.set()


@pytest.mark.django_db
class TestLooking:
    """Each thing that can be wrong, and nothing where nothing is."""

    def codes(self, seconds: float = 1) -> list[str]:
        return [each.code for each in look(T0 + timedelta(seconds=seconds))]

    def test_all_is_well(self, things: Any) -> None:
        Delivery.objects.update(state="accepted")
        Page.objects.all().update(state="ended")
        _alive(T0)
        assert self.codes() == []

    def test_a_fresh_desk_without_a_worker_is_no_good_desk(self, db: None) -> None:
        assert self.codes() == ["workers", "climbing"]

    def test_silence_has_to_last(self, db: None) -> None:
        _alive(T0)
        assert self.codes(44) == []
        assert self.codes(46) == ["workers", "climbing"]

    def test_a_p0_delivery_waits_for_a_minute_and_a_half_and_a_normal_one_for_half_an_hour(
        self, things: Any
    ) -> None:
        Page.objects.all().update(state="ended")
        Delivery.objects.update(state="queued", due_at=T0, lane="P0")
        _alive(T0 + timedelta(seconds=80))
        assert self.codes(89) == []
        assert self.codes(91) == ["waits-p0"]
        Delivery.objects.update(lane="normal")
        _alive(T0 + timedelta(minutes=29))
        assert self.codes(29 * 60) == []
        _alive(T0 + timedelta(minutes=31))
        assert self.codes(31 * 60) == ["waits-normal"]

    def test_pages_that_nobody_answers_and_pages_that_do_not_climb(self, packs: None, case: Any) -> None:
        _alive(T0)
        with clock.frozen(T0):
            cases.open_task(case, kind="triage_senior", title="Decide", role="senior_reviewer", priority="P0")
        assert self.codes(30) == []
        _alive(T0 + timedelta(seconds=70))
        assert self.codes(70) == ["overdue"]
        with clock.frozen(T0 + timedelta(seconds=70)):
            for _ in range(4):
                oncall.climb()
        (told,) = self.codes(71)
        assert told.startswith("unanswered:")
        # A second one is no repetition of the first.
        _alive(T0 + timedelta(seconds=80))
        with clock.frozen(T0 + timedelta(seconds=80)):
            cases.open_task(
                case,
                kind="triage_senior",
                title="Another",
                role="senior_reviewer",
                about="x:2",
                priority="P0",
            )
            for _ in range(4):
                oncall.climb()
        assert self.codes(81) != [told]

    def test_a_sign_from_before_the_clock_was_set_back_is_none(self, db: None) -> None:
        _alive(T0 + timedelta(hours=1))
        assert self.codes() == ["workers", "climbing"]

    def test_a_p0_command_that_is_not_sent(self, packs: None, case: Any) -> None:
        _alive(T0 + timedelta(seconds=95))
        cases.raise_priority(case, by=None)
        with clock.frozen(T0):
            restrictions.preserve(case, account="acct-1", reason="It may be deleted.")
        Page.objects.all().update(state="ended")
        assert self.codes(80 + 5) == []
        assert self.codes(95) == ["commands"]

    def test_a_ledger_that_is_not_stamped(self, settings: Any, things: Any) -> None:
        Delivery.objects.update(state="accepted")
        Page.objects.all().update(state="ended")
        _alive(T0)
        assert self.codes() == []
        settings.LEDGER_AUTHORITY_URL = "https://stamps.example"
        sequence_all()
        AnchorFailure.objects.create(
            checkpoint=Checkpoint.objects.latest("size"), failed_at=T0, why="The authority did not answer."
        )
        assert self.codes() == ["stamps"]


class TestTelling:
    """What is said, how often, and to whom."""

    def trouble(self, code: str = "workers") -> Trouble:
        return Trouble(code=code, words="The bus stands still")

    def test_who_cannot_be_told_is_tried_again_at_the_next_look(
        self, mailbox: FakeMailbox, watched: None, tmp_path: Path
    ) -> None:
        memory = Memory(tmp_path / "told.json")
        mailbox.be(Situation.FAILS)
        assert not tell([self.trouble()], memory)
        mailbox.be(Situation.ACCEPTS)
        assert tell([self.trouble()], memory)
        assert len(mailbox.messages) == 1

    def test_a_gateway_is_told_too_and_one_that_fails_silences_no_other(
        self, settings: Any, mailbox: FakeMailbox, watched: None, tmp_path: Path
    ) -> None:
        settings.WATCHDOG = {**settings.WATCHDOG, "sms": ["+19705550199"], "webhook": ["manager"]}
        with FakePartner() as gateway:
            settings.ONCALL_SMS_URL, settings.ONCALL_SMS_SECRET = gateway.url, SECRET
            assert tell([self.trouble()], Memory(tmp_path / "told.json"))
            assert len(gateway.requests) == 1
        assert len(mailbox.messages) == 1

    def test_a_memory_that_cannot_be_written_is_kept_by_the_process(
        self, mailbox: FakeMailbox, watched: None
    ) -> None:
        memory = Memory(Path("/proc/nowhere/told.json"))
        for _ in range(2):
            assert tell([self.trouble()], memory)
        assert len(mailbox.messages) == 1

    def test_REL_08_a_clock_that_was_set_back_silences_nothing(
        self, mailbox: FakeMailbox, watched: None, tmp_path: Path
    ) -> None:
        memory = Memory(tmp_path / "told.json")
        for hours in (0, -1, -25, 1, 25):
            with clock.frozen(T0 + timedelta(hours=hours)):
                assert tell([self.trouble()], memory)
        assert len(mailbox.messages) == 5

    def test_nobody_to_tell_is_said_by_the_exit_code(self, settings: Any, tmp_path: Path) -> None:
        settings.WATCHDOG = {**settings.WATCHDOG, "email": [], "sms": [], "webhook": []}
        assert not tell([self.trouble()], Memory(tmp_path / "told.json"))
        assert UNTOLD != TROUBLE

    def test_the_monitor_outside_is_pinged_only_while_all_is_well(
        self,
        settings: Any,
        watched: None,
        mailbox: FakeMailbox,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        looker, memory = Looker(), Memory(tmp_path / "told.json")
        found: list[Trouble] = [self.trouble()]
        monkeypatch.setattr(looker, "look", lambda *_, **__: list(found))
        with FakePartner() as monitor:
            settings.WATCHDOG = {**settings.WATCHDOG, "ping_url": monitor.url}
            assert Command().round(looker, memory) == TROUBLE
            assert monitor.requests == []
            found.clear()
            assert Command().round(looker, memory) == WELL
            assert [each.method for each in monitor.requests] == ["GET"]
            monitor.be(Situation.FAILS)
            assert Command().round(looker, memory) == WELL


@pytest.mark.django_db
class TestAlive:
    """A monitor outside learns one bit, and others nothing."""

    def ask(self, seconds: float, token: str = "t" * 40) -> Any:
        with clock.frozen(T0 + timedelta(seconds=seconds)):
            return Client().get("/health/alive", headers={"Authorization": f"Bearer {token}"})

    def test_it_answers_while_all_give_signs(self, watched: None) -> None:
        assert self.ask(0).status_code == 503
        _alive(T0)
        answer = self.ask(30)
        assert (answer.status_code, answer.content) == (200, b"alive\n")
        assert "no-store" in answer["Cache-Control"]
        assert self.ask(60).status_code == 503
        assert self.ask(60).content == b"not alive\n"

    def test_without_a_watchdog_it_is_not_alive(self, watched: None) -> None:
        _alive(T0)
        with clock.frozen(T0 - timedelta(minutes=10)):
            oncall.beat(WATCHDOG)
        assert self.ask(1).status_code == 503

    def test_without_the_token_it_is_not_there(self, watched: None, settings: Any) -> None:
        _alive(T0)
        missing = Client().get("/health/dead")
        assert self.ask(1, token="x").status_code == missing.status_code == 404
        assert Client().get("/health/alive").status_code == 404
        settings.WATCHDOG = {**settings.WATCHDOG, "token": ""}
        assert self.ask(1, token="").status_code == 404

    def test_REL_08_signs_from_the_future_are_none(self, watched: None) -> None:
        _alive(T0 + timedelta(hours=1))
        assert self.ask(0).status_code == 503

    def test_a_database_that_does_not_answer_is_not_alive(
        self, watched: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone() -> None:
            raise OperationalError

        monkeypatch.setattr(alive.oncall, "beats", gone)
        assert self.ask(0).status_code == 503


@pytest.mark.django_db
def test_REL_10_every_page_of_the_desk_says_since_when_the_bus_stands_still(
    sign_in: SignIn, reviewer: User, outsider: User
) -> None:
    assert "stands still" not in sign_in(reviewer).get("/admin/").text  # no worker ever ran here
    _alive(clock.now() - timedelta(minutes=2))
    for person in (reviewer, outsider):
        standstill.forget()
        assert "The bus stands still" in sign_in(person).get("/admin/").text
    _alive(clock.now())
    standstill.forget()
    assert "stands still" not in sign_in(reviewer).get("/admin/").text


@pytest.mark.django_db
def test_the_banner_costs_two_small_queries_in_five_seconds(django_assert_num_queries: Any) -> None:
    _alive(T0)
    standstill.forget()
    with django_assert_num_queries(2):
        for _ in range(5):
            standstill.since()
