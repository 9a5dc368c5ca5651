"""Letting an agency send unsigned: one administrator proposes it with the reason, another decides in time."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as tasks
from coordination.cases.models import Task
from coordination.core import clock
from coordination.core.errors import NotPermitted, Refused
from coordination.partners import services
from coordination.partners.models import Agency
from tests.doors import SignIn
from tests.people import Cast

AGENCIES = "/admin/partners/agency/"
HOW = "Read back by the watch commander on the number in our directory."
DOWN = "Their system is down."


@pytest.fixture
def second_administrator(cast: Cast) -> User:
    return cast(Role.ADMINISTRATOR, username="second")


@pytest.fixture
def signing(agency: Agency) -> Agency:
    """An agency that has to sign."""
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key = services.register_key(agency, by=None, public_key=pem, how_known=HOW)
    services.confirm_key(key, by=None, how_confirmed=HOW)
    return services.require_signatures(agency, by=None, reason="Agreed in writing.")


def _do(client: Client, agency: Agency, act: str, **data: Any) -> Any:
    return client.post(f"{AGENCIES}{agency.pk}/do/{act}/", data, follow=True)


def _page(client: Client, agency: Agency) -> str:
    return str(client.get(f"{AGENCIES}{agency.pk}/change/").content.decode())


def test_two_administrators_let_an_agency_send_unsigned(
    signing: Agency, administrator: User, second_administrator: User
) -> None:
    for alone in (administrator, second_administrator):
        with pytest.raises(Refused, match="propose it first"):
            services.allow_unsigned(signing, by=alone, reason=DOWN)
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    with pytest.raises(Refused, match="Whoever proposed it"):
        services.allow_unsigned(signing, by=administrator, reason=DOWN)
    assert Agency.objects.get(pk=signing.pk).must_sign
    services.allow_unsigned(signing, by=second_administrator, reason="I called them too.")
    assert not Agency.objects.get(pk=signing.pk).must_sign
    services.require_signatures(signing, by=administrator, reason="It is up again.")
    with pytest.raises(Refused, match="propose it first"):
        services.allow_unsigned(signing, by=second_administrator, reason="Once more.")


def test_a_proposal_to_send_unsigned_lasts_three_days(
    signing: Agency, administrator: User, second_administrator: User
) -> None:
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    with clock.frozen(clock.now() + timedelta(days=3)), pytest.raises(Refused, match="propose it first"):
        services.allow_unsigned(signing, by=second_administrator, reason=DOWN)
    assert Agency.objects.get(pk=signing.pk).must_sign


def test_a_proposal_to_send_unsigned_ends_with_the_role_of_its_author(
    signing: Agency, administrator: User, second_administrator: User
) -> None:
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    administrator.groups.clear()
    with pytest.raises(Refused, match="no administrator any more"):
        services.allow_unsigned(signing, by=second_administrator, reason=DOWN)


def _task(agency: Agency) -> Task | None:
    return cases.open_task("decide_unsigned", f"partners.agency:{agency.pk}")


def test_the_other_administrators_have_a_task_that_ends_with_the_decision(
    signing: Agency, administrator: User, second_administrator: User, liaison: User
) -> None:
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    task = _task(signing)
    assert task is not None
    assert DOWN in task.instructions
    assert task in cases.waiting_for(second_administrator)
    assert task not in cases.waiting_for(liaison)
    with pytest.raises(Refused, match="on its own page"):
        tasks.complete_task(task, by=second_administrator, outcome="Done.")
    services.allow_unsigned(signing, by=second_administrator, reason="I called them too.")
    task.refresh_from_db()
    assert (_task(signing), task.outcome, task.ended_by) == (None, "Allowed.", second_administrator)
    assert Agency.objects.get(pk=signing.pk).unsigned_reason is None


def test_a_proposal_to_send_unsigned_is_dropped_by_one(
    signing: Agency, administrator: User, second_administrator: User, liaison: User
) -> None:
    with pytest.raises(Refused, match="Nothing is proposed"):
        services.drop_unsigned(signing, by=administrator, reason="Not needed.")
    for by in (administrator, second_administrator):
        services.propose_unsigned(signing, by=administrator, reason=DOWN)
        with pytest.raises(NotPermitted):
            services.drop_unsigned(signing, by=liaison, reason="I say so.")
        services.drop_unsigned(signing, by=by, reason="They are up again.")
        assert _task(signing) is None
        with pytest.raises(Refused, match="propose it first"):
            services.allow_unsigned(signing, by=second_administrator, reason=DOWN)
    assert Agency.objects.get(pk=signing.pk).must_sign


def test_a_proposal_that_nobody_decides_ends_with_its_task(signing: Agency, administrator: User) -> None:
    services.propose_unsigned(signing, by=administrator, reason="First.")
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    assert Task.objects.filter(kind="decide_unsigned").count() == 2
    assert services.expire_unsigned(clock.now()) == 0
    assert services.expire_unsigned(clock.now() + timedelta(days=3)) == 1
    assert _task(signing) is None
    kept = Agency.objects.get(pk=signing.pk)
    assert (kept.must_sign, kept.unsigned_proposed_at, kept.unsigned_reason) == (True, None, None)


def test_why_somebody_proposed_it_is_shown_to_who_may_decide(
    signing: Agency, administrator: User, second_administrator: User, liaison: User, sign_in: SignIn
) -> None:
    services.propose_unsigned(signing, by=administrator, reason=DOWN)
    pages = {each: _page(sign_in(each), signing) for each in (administrator, second_administrator, liaison)}
    assert [DOWN in page for page in pages.values()] == [True, True, False]
    assert ["do/allow_unsigned/" in page for page in pages.values()] == [False, True, False]
    assert ["do/drop_unsigned/" in page for page in pages.values()] == [True, True, False]
    _do(sign_in(second_administrator), signing, "drop_unsigned", reason="They are up again.")
    assert DOWN not in _page(sign_in(second_administrator), signing)
