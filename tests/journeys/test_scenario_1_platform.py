"""Scenario 1 at the platform: limited at once, confirmed in a signed callback, lifted by nobody alone."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core.errors import IllegalTransition, NotPermitted, Refused
from coordination.desk.demo.platform import Platform, server
from coordination.ledger.selectors import entries_about
from coordination.outbox import dispatch, polling
from coordination.outbox.halt import Halt
from coordination.partners import selectors as known
from coordination.partners import services as partners
from coordination.partners.services import Destination
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Restriction
from coordination.restrictions.services import LANES
from coordination.triage import services as triage
from tests.bus import SECRET
from tests.journeys.scenario_1 import FLAG
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = str(FLAG["account"])
OWN = "whsec_cGxhdGZvcm0ncyBvd24ga2V5LCBmb3IgY2FsbGJhY2tz"
WITHIN = 10.0


@pytest.fixture
def systems() -> Iterator[tuple[Platform, ThreadingHTTPServer]]:
    """The platform's account systems: a real HTTP server that knows where to call back once told."""
    platform = Platform({"callbacks": "", "secret": SECRET, "callback_secret": OWN, "in_force": {}})
    listening = server(platform, 0)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield platform, listening
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def platform(systems: tuple[Platform, ThreadingHTTPServer]) -> Platform:
    """What they hold."""
    return systems[0]


@pytest.fixture
def destination(
    systems: tuple[Platform, ThreadingHTTPServer],
    cast: Cast,
    live_server: Any,
    signing_secret: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Destination:
    """The way to them, as one administrator wrote it; nobody has confirmed it."""
    monkeypatch.setenv("SECRET_TEST_CALLBACKS", OWN)
    platform, listening = systems
    first, second = cast("administrator", username="first"), cast("administrator", username="second")
    agency = partners.register_agency(
        by=first,
        name="Lanternchat, account systems",
        identifier="LANTERNCHAT",
        kind="platform",
        recipient_class="other_private",
        country="US",
        phone="+1 415 555 0100",
    )
    partners.verify_agency(agency, by=second, how_verified="It is us.")
    destination = partners.add_destination(
        agency,
        by=first,
        title="Account systems",
        channel="platform_actions",
        config={
            "endpoint": f"http://127.0.0.1:{listening.server_port}/commands",
            "status_endpoint": f"http://127.0.0.1:{listening.server_port}/status",
            "signing_secret": "secret:TEST_SIGNING",
            "callback_secret": "secret:TEST_CALLBACKS",
        },
        how_known="Given by the head of the account systems.",
    )
    platform.callbacks = f"{live_server.url}/inbound/{destination.inbound_id}/"
    return destination


@pytest.fixture
def restriction(packs: None, platform_system: User) -> Restriction:
    """What the flag brought by itself."""
    return _restricted(platform_system)


@pytest.fixture
def open_way(destination: Destination, cast: Cast) -> Destination:
    """The way once a second administrator confirmed it."""
    seen = known.destination_fingerprint(destination)
    told = {"fingerprint": seen, "how_confirmed": "Asked the engineer on duty."}
    return partners.confirm_destination(destination, by=cast("administrator", username="third"), **told)


@pytest.fixture
def confirmed(restriction: Restriction, open_way: Destination) -> Restriction:
    """The restriction once the platform confirmed it."""
    _carry_out(open_way)
    _await(lambda: _state(restriction) == "in_force")
    return restriction


def test_the_platform_confirms_what_the_flag_ordered(
    confirmed: Restriction, platform: Platform, administrator: User
) -> None:
    assert platform.in_force == {ACCOUNT: "limit_features"}
    [preservation] = selectors.preservations_of(confirmed.case)
    _await(lambda: selectors.preservations_of(confirmed.case).get().confirmed_at is not None)
    assert platform.kept == {preservation.account}
    kinds = [event.kind for event in cases.timeline(confirmed.case)]
    assert kinds.index("restrictions.imposed") < kinds.index("restrictions.in_force")
    actions = [entry.action for entry in entries_about(confirmed.case.reference)]
    assert actions.count("restrictions.command_confirmed") == 2
    [command] = selectors.commands_of(confirmed)
    about_message = [entry.action for entry in entries_about(f"message:{command.message_id}")]
    assert about_message[-3:] == [
        "outbox.delivery_accepted",
        "inbox.accepted",
        "outbox.delivery_acknowledged",
    ]
    assert not [each for each in cases.waiting_for(administrator) if each.kind == services.CONNECT]


def test_who_is_in_the_union_reads_why_where_they_are_restricted(
    packs: None, open_way: Destination, platform: Platform, platform_system: User
) -> None:
    lyon = {"kind": "country", "value": "FR", "provenance": "observed"}
    restriction = _restricted(platform_system, identifiers=[lyon])
    _carry_out(open_way)
    _await(lambda: _state(restriction) == "in_force")
    (statement,) = selectors.statements_of(restriction)
    assert platform.told == {ACCOUNT: statement.text}
    assert "automated means" in statement.text
    assert "six months" in statement.text


def test_who_is_nobody_knows_where_reads_nothing_before_a_person_said_so(
    confirmed: Restriction, destination: Destination, platform: Platform, liaison: User
) -> None:
    assert platform.told == {}
    services.ask_about_links()
    notice = services.Notice(facts="You announced violence.", ground="Terms of use, 4.2.")
    services.say_link(confirmed, by=liaison, linked=True, reason="Billed in Lyon.", notice=notice)
    _carry_out(destination)
    _await(lambda: ACCOUNT in platform.told)
    _await(lambda: selectors.commands_of(confirmed).filter(state="confirmed").count() == 2)
    assert (_state(confirmed), platform.in_force) == ("in_force", {ACCOUNT: "limit_features"})


def test_nothing_leaves_before_a_second_administrator_confirmed_the_way(
    restriction: Restriction, destination: Destination, platform: Platform, administrator: User
) -> None:
    _carry_out(destination)
    assert (platform.seen, _state(restriction)) == (set(), "ordered")
    waiting = {each.kind for each in cases.waiting_for(administrator)}
    assert {"confirm_destination", services.CONNECT} <= waiting


def test_where_the_callback_is_lost_the_platform_is_asked(
    restriction: Restriction, open_way: Destination, platform: Platform
) -> None:
    platform.calls_back = False
    _carry_out(open_way)
    _await(lambda: len(platform.done) == 2)
    assert _state(restriction) == "ordered"
    assert polling.poll(Halt()) == 2
    assert _state(restriction) == "in_force"
    assert restriction.reported_step == "limit_features"


def test_a_command_that_the_platform_did_not_get_from_us_changes_nothing_there(
    confirmed: Restriction, platform: Platform
) -> None:
    now, body = datetime.now(UTC), json.dumps({"action": "lift", "account": ACCOUNT, "sequence": 10**6})
    forged = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(OWN).sign("msg_1", now, body),
    }
    assert platform.take(forged, body.encode())[0] == 401
    assert platform.in_force == {ACCOUNT: "limit_features"}


def test_nobody_lifts_it_alone(
    *,
    confirmed: Restriction,
    destination: Destination,
    platform: Platform,
    reviewer: User,
    senior_reviewer: User,
    counsel: User,
    cast: Cast,
) -> None:
    with pytest.raises(NotPermitted):
        services.ask_lift(confirmed, by=reviewer, reason="A false alarm, I think.")
    asked = services.ask_lift(confirmed, by=senior_reviewer, reason="A false alarm, I think.")
    with pytest.raises(Refused):
        services.assess(asked, by=senior_reviewer, **ASSESSED)
    with pytest.raises(IllegalTransition):
        services.lift(asked, by=senior_reviewer)
    assessed = services.assess(asked, by=counsel, **ASSESSED)
    services.sign(assessed, by=counsel, digest=assessed.digest)
    with pytest.raises(Refused):
        services.sign(assessed, by=senior_reviewer, digest=assessed.digest)
    with pytest.raises(Refused):
        services.lift(assessed, by=senior_reviewer)
    _carry_out(destination)
    assert (_state(confirmed), platform.in_force) == ("in_force", {ACCOUNT: "limit_features"})

    services.sign(assessed, by=cast("senior_reviewer", username="another"), digest=assessed.digest)
    services.lift(assessed, by=senior_reviewer)
    assert _state(confirmed) == "lifting"
    _carry_out(destination)
    _await(lambda: _state(confirmed) == "lifted")
    assert platform.in_force == {ACCOUNT: None}


def test_what_somebody_changed_there_is_found(
    confirmed: Restriction, destination: Destination, platform: Platform, liaison: User
) -> None:
    platform.in_force[ACCOUNT] = None
    services.ask(confirmed, by=liaison)
    _carry_out(destination)
    _await(lambda: bool(_drift(confirmed)))
    [task] = _drift(confirmed)
    assert (task.priority, task.title) == (
        "P0",
        "The platform has nothing in force; here stands limit features",
    )
    assert _state(confirmed) == "in_force"

    platform.in_force[ACCOUNT] = "limit_features"
    services.ask(confirmed, by=liaison)
    _carry_out(destination)
    _await(lambda: not _drift(confirmed))
    actions = [entry.action for entry in entries_about(confirmed.case.reference)]
    assert [each for each in actions if "drift" in each] == [
        "restrictions.drift_found",
        "restrictions.drift_ended",
    ]


ASSESSED = {
    "findings": "No further signs in four weeks.",
    "protective_factors": "A family that knows.",
    "reasons": "What was feared did not come about.",
    "reopens_when": "Any new flag.",
}


def _restricted(platform_system: User, **changes: Any) -> Restriction:
    at = datetime.fromisoformat(str(FLAG["content_at"]))
    flag, _ = triage.receive(by=platform_system, **{**FLAG, "content_at": at, **changes})
    assert flag.case is not None
    return selectors.of_case(flag.case).get()


def _carry_out(destination: Destination) -> None:
    for lane in LANES:
        services.send_due(lane)
        dispatch.drain(destination.pk, lane)


def _await(happened: Callable[[], bool]) -> None:
    """Wait for what follows from a callback: it comes over HTTP, when it comes."""
    limit = time.monotonic() + WITHIN
    while not happened():
        assert time.monotonic() < limit, "no callback came that did it"
        time.sleep(0.05)


def _state(restriction: Restriction) -> str:
    restriction.refresh_from_db()
    return restriction.state


def _drift(restriction: Restriction) -> list[Any]:
    tasks = cases.tasks_of(restriction.case)
    return [each for each in tasks if each.kind == services.DRIFT and each.state == "open"]
