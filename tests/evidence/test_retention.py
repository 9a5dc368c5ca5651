"""Retention: expiry really deletes, a hold blocks it, and only who may know of a hold sees it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core import clock
from coordination.core.errors import NotFound, NotPermitted, Refused
from coordination.evidence import selectors, services
from coordination.evidence.models import Exhibit, Keeping
from coordination.ledger import selectors as ledger
from coordination.ledger.entries import leaf_hash
from tests.exhibits import WHY, Keep, objects

REASON = "Litigation is anticipated: the school district's counsel wrote."
Capture = Any


def later(settings: Any) -> Any:
    return clock.frozen(clock.now() + timedelta(days=settings.EVIDENCE_KEEP_DAYS + 1))


def expire(capture: Capture) -> int:
    with capture(execute=True):
        return services.expire()


@pytest.fixture
def capture(django_capture_on_commit_callbacks: Capture) -> Capture:
    return django_capture_on_commit_callbacks


def test_what_is_past_its_time_is_really_gone(
    exhibit: Exhibit, store: Path, settings: Any, counsel: User, capture: Capture
) -> None:
    assert expire(capture) == 0
    with later(settings):
        assert expire(capture) == 1
        assert expire(capture) == 0
        with pytest.raises(Refused) as refused:
            services.view(exhibit, by=counsel, why=WHY)
    assert refused.value.rule == "evidence.expired"
    assert (objects(store), Keeping.objects.count()) == ([], 0)
    assert services.words(exhibit)["filename"] == ""
    assert [each.act for each in selectors.custody_of(exhibit)] == ["taken_in", "expired"]


def test_evd_07_the_content_is_shredded_and_the_proof_still_verifies(
    exhibit: Exhibit, store: Path, counsel: User, capture: Capture
) -> None:
    kept_in_a_backup = objects(store)[0].read_bytes()
    before = [bytes(each.entry) for each in ledger.entries_about(exhibit.reference)]
    with capture(execute=True):
        services.erase(exhibit, by=counsel, why="Erasure under Art. 17 GDPR.")
    assert objects(store) == []
    objects_back = store / exhibit.blob.hex[-2:] / str(exhibit.blob)
    objects_back.write_bytes(kept_in_a_backup)
    with pytest.raises(Refused):
        services.view(exhibit, by=counsel, why=WHY)
    after = list(ledger.entries_about(exhibit.reference))
    assert [bytes(each.entry) for each in after[: len(before)]] == before
    assert all(leaf_hash(bytes(each.entry)) == bytes(each.leaf_hash) for each in after)
    assert Exhibit.objects.get(pk=exhibit.pk).sha256 == exhibit.sha256


def test_the_same_content_can_come_in_again_after_it_expired(
    exhibit: Exhibit, keep: Keep, settings: Any, capture: Capture
) -> None:
    with later(settings):
        expire(capture)
        assert keep() != exhibit


@pytest.mark.parametrize("of_exhibit", [False, True])
def test_a_hold_blocks_expiry_until_it_is_lifted(
    exhibit: Exhibit, counsel: User, settings: Any, capture: Capture, of_exhibit: bool
) -> None:
    only = exhibit if of_exhibit else None
    hold = services.place_hold(exhibit.case_reference, by=counsel, reason=REASON, exhibit=only)
    with later(settings):
        assert expire(capture) == 0
        with pytest.raises(Refused):
            services.erase(exhibit, by=counsel, why="Asked for.")
        services.lift_hold(hold, by=counsel, reason="Settled.")
        assert expire(capture) == 1


def test_a_hold_on_a_case_holds_what_comes_in_after_it(
    case: Case, counsel: User, keep: Keep, settings: Any, capture: Capture
) -> None:
    services.place_hold(case.reference, by=counsel, reason=REASON)
    keep()
    with later(settings):
        assert expire(capture) == 0


def test_a_hold_on_one_exhibit_leaves_the_others(
    keep: Keep, case: Case, counsel: User, settings: Any, capture: Capture
) -> None:
    held, other = keep(b"held"), keep(b"other")
    services.place_hold(case.reference, by=counsel, reason=REASON, exhibit=held)
    with later(settings):
        assert expire(capture) == 1
    assert list(Keeping.objects.values_list("exhibit__reference", flat=True)) == [held.reference]
    assert other.reference != held.reference


def test_who_works_on_the_case_learns_of_no_hold(
    case: Case, counsel: User, liaison: User, exhibit: Exhibit
) -> None:
    services.place_hold(case.reference, by=counsel, reason=REASON)
    assert [each.reason for each in selectors.holds_for(counsel, case.reference)] == [REASON]
    assert not selectors.holds_for(liaison, case.reference)
    with pytest.raises(NotPermitted):
        services.place_hold(case.reference, by=liaison, reason=REASON)


def test_a_hold_and_its_reason_are_seen_inside_the_compartment_alone(
    case: Case, counsel: User, duty_counsel: User, exhibit: Exhibit
) -> None:
    hold = services.place_hold(case.reference, by=counsel, reason=REASON)
    until = clock.now() + timedelta(days=9)
    cases.mark(case, compartment="non_disclosure", by=counsel, reason="A gag order.", until=until)
    assert list(selectors.holds_for(counsel, case.reference)) == [hold]
    assert not selectors.holds_for(duty_counsel, case.reference)
    with pytest.raises(NotFound):
        services.lift_hold(hold, by=duty_counsel, reason="Over.")
    with pytest.raises(NotFound):
        services.place_hold(case.reference, by=duty_counsel, reason=REASON)


def test_the_ledger_names_the_hold_and_not_the_case(case: Case, counsel: User) -> None:
    hold = services.place_hold(case.reference, by=counsel, reason=REASON)
    (entry,) = ledger.entries_about(f"hold:{hold.pk}")
    assert case.reference not in bytes(entry.entry).decode()
