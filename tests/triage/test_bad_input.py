"""Whatever comes in: taken whole or refused by name, and never half."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.core.errors import CoordinationError, InvalidInput
from coordination.ledger.models import Leaf
from coordination.restrictions import selectors as restrictions
from coordination.triage import services
from coordination.triage.models import Flag
from coordination.triage.services.intake import FIELDS
from tests.triage.conftest import FLAG, FOUND, Receive

TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60
).filter(lambda text: text.strip())
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=5)),
    st.datetimes(),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(field=st.sampled_from(sorted(FIELDS)), value=ANYTHING)
def test_any_value_anywhere_is_taken_or_refused_by_the_name_of_its_field(
    platform_system: User, field: str, value: Any
) -> None:
    before = Flag.objects.count(), Leaf.objects.count(), Task.objects.count()
    values = {**FLAG, "external_id": f"x-{before[0]}-{before[1]}", field: value}
    (taken,) = services.receive_many([values], by=platform_system)
    if taken.refused is None:
        assert taken.flag is not None
        return
    assert isinstance(taken.refused, CoordinationError)
    if isinstance(taken.refused, InvalidInput):
        assert taken.refused.field.partition(".")[0] == field
    assert (Flag.objects.count(), Leaf.objects.count(), Task.objects.count()) == before


@SLOW
@given(content=TEXT, account=TEXT, target=TEXT)
def test_text_of_any_script_and_direction_is_kept_letter_by_letter(
    platform_system: User, content: str, account: str, target: str
) -> None:
    values = {
        **FLAG,
        "external_id": f"t-{Leaf.objects.count()}",
        "content": content,
        "apparent_target": target,
    }
    values |= {"account": account, "identifiers": []}
    (taken,) = services.receive_many([values], by=platform_system)
    if taken.flag is None:
        assert isinstance(taken.refused, InvalidInput)
        assert taken.refused.field in ("content", "account")  # nothing in it that anybody sees
        return
    kept = Flag.objects.get(pk=taken.flag.pk)
    assert (kept.content, kept.account, kept.apparent_target) == (content, account, target)


def test_an_unknown_field_is_named(platform_system: User) -> None:
    (taken,) = services.receive_many([{**FLAG, "high_severity": False}], by=platform_system)
    assert isinstance(taken.refused, InvalidInput)
    assert taken.refused.field == "high_severity"


@pytest.mark.parametrize("value", ["no", "2026-13-45", "9999-01-01", "yesterday"])
def test_an_address_is_not_verified_by_what_is_no_day(value: str, receive: Receive) -> None:
    mail = {"kind": "email", "value": "d@example.com", "provenance": "observed", "verified_at": value}
    with pytest.raises(InvalidInput) as wrong:
        receive(identifiers=[mail])
    assert wrong.value.field == "identifiers.0.verified_at"


def test_an_unknown_classifier_is_taken_and_the_reviewer_knows(receive: Receive) -> None:
    flag = receive(classifier="somebody's new model")
    assert flag.unknown_classifier
    task = cases.open_task("triage_senior", flag.origin)
    assert task is not None
    assert "nothing is known of how often it is wrong" in task.instructions
    assert not receive(external_id="lc-2").unknown_classifier
    assert not receive(external_id="lc-3", classifier="", source="user_report").unknown_classifier


def test_a_clock_that_is_a_little_ahead_is_believed_and_one_that_is_far_is_not(receive: Receive) -> None:
    with clock.frozen(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)):
        receive(content_at=clock.now() + timedelta(minutes=5))
        for ahead in (timedelta(minutes=5, seconds=1), timedelta(hours=1), timedelta(days=1)):
            with pytest.raises(InvalidInput) as wrong:
                receive(external_id=f"lc-{ahead}", content_at=clock.now() + ahead)
            assert wrong.value.field == "content_at"
    assert Flag.objects.count() == 1


def test_of_high_severity_an_account_is_limited_and_preserved_at_once(receive: Receive) -> None:
    flag = receive(category="targeted_harassment")
    assert flag.high_severity
    assert flag.case is not None
    (restriction,) = restrictions.in_force(flag.case)
    assert (restriction.account, restriction.step) == (flag.account, restrictions.step_on_intake())
    assert restrictions.preservations_of(flag.case).count() == 1
    receive(external_id="lc-2")
    assert restrictions.in_force(flag.case).count() == 1
    assert not receive(
        external_id="lc-3", category="stalking", account="acct-2", identifiers=[]
    ).high_severity
    assert Case.objects.count() == 1


def test_swt_04_a_flag_that_comes_again_after_its_end_has_no_second_effect(
    receive: Receive, senior_reviewer: User
) -> None:
    flag = receive()
    services.decide(
        flag,
        by=senior_reviewer,
        outcomes=["refer_police"],
        reasons="Direct.",
        reopens_when="Again.",
        assessment=FOUND,
    )
    before = Leaf.objects.count(), Task.objects.count(), Flag.objects.count()
    again = receive()
    assert again.pk == flag.pk
    assert again.state == "decided"
    assert (Leaf.objects.count(), Task.objects.count(), Flag.objects.count()) == before
