"""While the key of the blind indexes is replaced, and afterwards, what stands is found in every case."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.restrictions import selectors, services
from coordination.restrictions.models import Command, RiskAssessment
from coordination.restrictions.services import drift, sending
from tests.restrictions.conftest import WORDS, Impose
from tests.world import ACCOUNT

ONE, TWO = (base64.b64encode(name * 32).decode() for name in (b"1", b"2"))


@pytest.fixture(autouse=True)
def _first(settings: Any, _ready: None) -> None:
    settings.BLIND_INDEX_KEY = ONE


def test_a_protective_order_forbids_a_lift_after_the_rotation_too(
    settings: Any, signed: RiskAssessment, counsel: User, senior_reviewer: User
) -> None:
    services.record_order(
        cases.open_case("Another", by=None, accounts=[ACCOUNT]),
        by=counsel,
        court="Harrow County Court",
        number="26-PO-118",
        valid_from=clock.now() - timedelta(days=1),
        account=ACCOUNT,
    )
    settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEY = TWO, ONE
    call_command("rotate_index_key")
    settings.BLIND_INDEX_OLD_KEY = ""
    signed.restriction.refresh_from_db()
    with pytest.raises(Refused, match="protective order"):
        services.lift(signed, by=senior_reviewer)


def test_what_another_case_bans_stays_banned_while_the_keys_change(
    settings: Any, impose: Impose, signers: list[User], senior_reviewer: User, liaison: User
) -> None:
    impose(senior_reviewer, "ban_with_watch")
    Command.objects.update(state="confirmed")
    settings.BLIND_INDEX_KEY, settings.BLIND_INDEX_OLD_KEY = TWO, ONE
    found = selectors.on_intake()
    assert found is not None
    lighter = services.impose(
        cases.open_case("Another", by=None, accounts=[ACCOUNT]),
        account=ACCOUNT,
        step=found.step,
        reason="A flag of high severity.",
        authority=found.authority,
    )
    told = sending._body(Command.objects.get(restriction=lighter))
    assert (told.action, told.step) == ("impose", "ban_with_watch")
    drift.note_in_force(lighter, step="ban_with_watch", at=clock.now())
    assert not lighter.drifted
    asked = services.ask_lift(lighter, by=liaison, reason="The user wrote to us.")
    assessed = services.assess(asked, by=signers[0], **WORDS)
    for each in signers:
        services.sign(assessed, by=each, digest=assessed.digest)
    services.lift(assessed, by=senior_reviewer)
    told = sending._body(Command.objects.get(action="lift"))
    assert (told.action, told.step) == ("impose", "ban_with_watch")
