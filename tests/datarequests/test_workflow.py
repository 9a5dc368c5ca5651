"""The product of states and verbs, through the services: each pair is in the table, or nothing happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pytest
from django.db import transaction

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import IllegalTransition, Refused
from coordination.datarequests import services
from coordination.datarequests.models import DataRequest, Production
from coordination.datarequests.workflow import CLOSURES, PATHS, REQUEST, Path, RequestState, RequestVerb
from coordination.policy.workflow import Process
from tests.datarequests.conftest import File, Keep, first_account, fresh, production, put

S, V = RequestState, RequestVerb
WHY = "By telephone."


@dataclass
class Desk:
    """Who acts in these tests."""

    liaison: User
    counsel: User
    custodian: User
    second: User
    keep: Keep


@pytest.fixture
def desk(liaison: User, counsel: User, custodian: User, second_custodian: User, keep_for: Keep) -> Desk:
    """Everybody whom a request needs."""
    return Desk(liaison, counsel, custodian, second_custodian, keep_for)


@pytest.fixture
def stages(collecting: File, handed_in: File, to_sign: File, signed: File) -> dict[RequestVerb, File]:
    """How far a request has come for the verbs that need it less far than signed."""
    early = {V.ADD_ITEM: collecting, V.HAND_IN: collecting, V.PASS_QUALITY: handed_in}
    return {**dict.fromkeys(V, signed), **early, V.SEND_BACK: handed_in, V.SIGN_OFF: to_sign}


def _digest(request: DataRequest) -> str:
    return production(request).digest


def _add(desk: Desk, request: DataRequest) -> object:
    exhibit = desk.keep(request, b"Robin Vale")
    return services.add_item(
        request,
        by=desk.custodian,
        account=first_account(request),
        category="subscriber",
        exhibit=exhibit,
    )


ACTS: dict[RequestVerb, Callable[[Desk, DataRequest], object]] = {
    V.VERIFY_REQUESTER: lambda desk, it: services.verify_requester(it, by=desk.liaison, how=WHY),
    V.DOCKET: lambda desk, it: services.docket(it, by=desk.liaison),
    V.CHECK_VALIDITY: lambda desk, it: services.check_validity(it, by=desk.liaison),
    V.RETURN: lambda desk, it: services.return_deficient(it, by=desk.counsel),
    V.AMEND: lambda desk, it: services.amend(it, by=desk.liaison, authority="18 USC 2703(c)(2)"),
    V.REJECT: lambda desk, it: services.reject(it, by=desk.counsel, rejection="overbroad", reason=WHY),
    V.NARROW: lambda desk, it: services.narrow(it, by=desk.counsel, reason=WHY, categories=["subscriber"]),
    V.ACCEPT: lambda desk, it: services.accept(it, by=desk.counsel),
    V.GIVE_NOTICE: lambda desk, it: services.give_notice(it, by=desk.counsel),
    V.KEEP_SILENT: lambda desk, it: services.keep_silent(it, by=desk.counsel, because=WHY),
    V.COLLECT: lambda desk, it: services.collect(it, by=desk.custodian),
    V.ADD_ITEM: _add,
    V.HAND_IN: lambda desk, it: services.hand_in(it, by=desk.custodian),
    V.SEND_BACK: lambda desk, it: services.send_back(it, by=desk.counsel, reason=WHY),
    V.PASS_QUALITY: lambda desk, it: services.quality_check(it, by=desk.second, digest=_digest(it)),
    V.SIGN_OFF: lambda desk, it: services.sign_off(it, by=desk.counsel, digest=_digest(it)),
    V.PRODUCE: lambda desk, it: services.produce(it, by=desk.custodian),
    V.DELIVER: lambda desk, it: services.deliver(it, by=desk.custodian),
    V.ACKNOWLEDGE: lambda desk, it: services.acknowledge(it, by=desk.custodian),
    V.EXTEND: lambda desk, it: services.extend(it, by=desk.liaison, return_on=date(2030, 1, 1), because=WHY),
    V.WITHDRAW: lambda desk, it: services.withdraw(it, by=desk.liaison, reason=WHY),
    V.OBJECT: lambda desk, it: services.object_(it, by=desk.liaison, reason=WHY),
    V.RESUME: lambda desk, it: services.resume(it, by=desk.counsel, reason=WHY),
    V.QUASH: lambda desk, it: services.quash(it, by=desk.liaison, reason=WHY),
    V.CLOSE: lambda desk, it: services.close(
        it, by=desk.liaison, closure=next(iter(sorted(CLOSURES.get(S(it.state), {"withdrawn"}))))
    ),
}


@pytest.fixture
def prepared(
    accepted: File, stages: dict[RequestVerb, File], desk: Desk
) -> Callable[[RequestVerb], DataRequest]:
    """Make a request that has what the verb works on; its state is put afterwards."""

    def make(verb: RequestVerb) -> DataRequest:
        if verb == V.CLOSE:
            return accepted(process="preservation")
        request = stages[verb]()
        rows = DataRequest.objects.filter(pk=request.pk)
        if verb == V.HAND_IN:
            _add(desk, request)
        if verb == V.RETURN:
            rows.update(authority="")
        if verb == V.COLLECT:
            Production.objects.filter(request=request).update(voided_at=clock.now())
            rows.update(notice_until=clock.now())
        return fresh(request)

    return make


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("verb", list(V))
def test_verb_leads_where_the_table_says_and_nowhere_else(
    verb: RequestVerb, prepared: Callable[[RequestVerb], DataRequest], file: File, desk: Desk
) -> None:
    made = prepared(verb)
    for state in S:
        with _undone():
            reverse = verb == V.CLOSE and state == S.RECEIVED
            request = file(process="reverse_geofence", accounts=[]) if reverse else put(made, state)
            if verb in REQUEST.allowed(state):
                ACTS[verb](desk, request)
                expected = REQUEST.after(state, verb)
            else:
                with pytest.raises(IllegalTransition):
                    ACTS[verb](desk, request)
                expected = state
            assert fresh(request).state == expected, f"{verb} while {state}"


def test_closed_is_the_only_end() -> None:
    assert REQUEST.terminal == {S.CLOSED}


def test_every_verb_is_tried() -> None:
    assert set(ACTS) == set(V)


def test_every_state_that_can_be_closed_says_with_which_word() -> None:
    assert set(CLOSURES) == {state for state in S if V.CLOSE in REQUEST.allowed(state)}


def test_every_process_has_its_path() -> None:
    assert set(PATHS) == set(Process)


@pytest.mark.parametrize("process", [each for each, path in PATHS.items() if path is Path.OUTSIDE_COUNSEL])
def test_a_reverse_demand_is_never_docketed(
    file: File, liaison: User, counsel: User, process: Process
) -> None:
    request = file(process=process, accounts=[])
    services.verify_requester(request, by=liaison, how=WHY)
    for person in (liaison, counsel):
        with pytest.raises(Refused, match="outside counsel"):
            services.docket(request, by=person)


BY_COUNSEL = [each for each, path in PATHS.items() if path is Path.COUNSEL]
# Whose gate ships: what the order of a US court for it reaches.
WITH_A_GATE = {Process.MLAT}


@pytest.mark.parametrize("process", BY_COUNSEL)
def test_counsel_alone_dockets_what_is_no_plain_process_here(
    file: File, liaison: User, counsel: User, process: Process
) -> None:
    request = file(process=process)
    services.verify_requester(request, by=liaison, how=WHY)
    with pytest.raises(Refused, match="Counsel dockets"):
        services.docket(request, by=liaison)
    assert services.docket(request, by=counsel).state == "docketed"


@pytest.mark.parametrize("process", [each for each in BY_COUNSEL if each not in WITH_A_GATE])
def test_nothing_is_accepted_for_which_no_pack_has_a_gate(
    file: File, liaison: User, counsel: User, process: Process
) -> None:
    request = file(process=process)
    services.verify_requester(request, by=liaison, how=WHY)
    services.docket(request, by=counsel)
    services.check_validity(request, by=counsel)
    with pytest.raises(Refused, match="No pack in force says"):
        services.accept(request, by=counsel)


def test_national_security_process_is_never_entered(file: File) -> None:
    with pytest.raises(Refused, match="cleared custodian"):
        file(process="national_security")
    assert not DataRequest.objects.exists()


def test_a_preservation_request_lets_nothing_out(accepted: File, desk: Desk) -> None:
    request = accepted(process="preservation")
    with pytest.raises(Refused, match="Nothing leaves"):
        services.keep_silent(request, by=desk.counsel, because=WHY)
    # What no act does, a hand in the database did.
    request = put(request, S.NON_DISCLOSURE)
    services.collect(request, by=desk.custodian)
    services.offer_candidates(first_account(request), by=desk.custodian, candidates=["acct-7731"])
    with pytest.raises(Refused, match="it reaches nothing"):
        _add(desk, request)
