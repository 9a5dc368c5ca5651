"""At the same moment: writers of the same bytes, and expiry against a hold, a view and a package."""

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.core.errors import Refused
from coordination.evidence import selectors, services
from coordination.evidence.models import CustodyEvent, Exhibit, Hold, Keeping
from coordination.evidence.services import store as objects_of
from coordination.ledger import selectors as ledger
from tests.exhibits import PHOTO_TEXT, WHY, Keep, objects
from tests.threads import Beside, at_once

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 4


class Together(io.BytesIO):
    """Content whose end is reached by all of its readers at the same moment."""

    def __init__(self, content: bytes, end: threading.Barrier) -> None:
        super().__init__(content)
        self.end = end

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self.end.wait(20)
        return piece


class Broken(io.BytesIO):
    """Content that ends with an error of the disk or the network it comes from."""

    def read(self, size: int | None = -1, /) -> bytes:
        if not (piece := super().read(size)):
            raise ConnectionResetError
        return piece


@pytest.fixture
def due(keep: Keep, settings: Any) -> Callable[..., Exhibit]:
    """Take something in whose time is over at once."""

    def taken_in(content: bytes = PHOTO_TEXT) -> Exhibit:
        settings.EVIDENCE_KEEP_DAYS = 0
        return keep(content)

    return taken_in


def taking(case: Case, by: User, content: io.BytesIO) -> Callable[[], tuple[Exhibit, bool]]:
    return lambda: services.take_in(case.reference, by=by, content=content, filename="chat.txt", why=WHY)


def acts(exhibit: Exhibit) -> list[str]:
    return [each.act for each in selectors.custody_of(exhibit)]


def test_writers_of_the_same_bytes_make_one_exhibit_of_a_case(case: Case, liaison: User, store: Path) -> None:
    end = threading.Barrier(WRITERS)
    done = at_once(*[taking(case, liaison, Together(PHOTO_TEXT, end)) for _ in range(WRITERS)])
    assert sorted(is_new for _, is_new in done) == [False] * (WRITERS - 1) + [True]
    assert {exhibit.pk for exhibit, _ in done} == {Exhibit.objects.get().pk}
    assert [path.name for path in objects(store)] == [str(Exhibit.objects.get().blob)]
    assert (Keeping.objects.count(), CustodyEvent.objects.count()) == (1, 1)
    assert ledger.entries_about(Exhibit.objects.get().reference).count() == 1
    assert b"".join(services.view(done[0][0], by=liaison, why=WHY)) == PHOTO_TEXT


def test_the_same_bytes_in_different_cases_are_an_exhibit_of_each(
    case: Case, liaison: User, store: Path
) -> None:
    other = cases.open_case("Another matter", by=None)
    end = threading.Barrier(2)
    done = at_once(*[taking(each, liaison, Together(PHOTO_TEXT, end)) for each in (case, other)])
    assert [is_new for _, is_new in done] == [True, True]
    assert {each.case_reference for each, _ in done} == {case.reference, other.reference}
    assert len(objects(store)) == 2
    for exhibit, _ in done:
        assert b"".join(services.view(exhibit, by=liaison, why=WHY)) == PHOTO_TEXT


def test_a_writer_that_breaks_off_takes_nothing_from_the_oneBeside_it(
    case: Case, liaison: User, store: Path
) -> None:
    broken, whole = at_once(
        taking(case, liaison, Broken(PHOTO_TEXT)), taking(case, liaison, io.BytesIO(PHOTO_TEXT))
    )
    assert isinstance(broken, Exception)
    assert whole[1]
    assert [path.name for path in objects(store)] == [str(whole[0].blob)]
    assert Exhibit.objects.get() == whole[0]


def test_who_waits_for_a_writer_that_is_undone_takes_it_in_instead(
    case: Case, liaison: User, store: Path, keep: Keep
) -> None:
    """The second waits for the first's transaction; where that is undone, the bytes are the second's."""
    with transaction.atomic():
        first = keep()
        second = Beside(taking(case, liaison, io.BytesIO(PHOTO_TEXT)))
        second.thread.join(0.5)
        assert second.thread.is_alive()
        transaction.set_rollback(True)
    exhibit, is_new = second.result()
    assert is_new
    assert Exhibit.objects.get() == exhibit != first


def test_an_expiry_that_waits_for_a_hold_deletes_nothing(
    due: Callable[..., Exhibit], case: Case, counsel: User, store: Path
) -> None:
    exhibit = due()
    with transaction.atomic():
        services.place_hold(case.reference, by=counsel, reason="Litigation.")
        run = Beside(services.expire)
        run.thread.join(0.5)
        assert run.thread.is_alive()
    assert run.result() == 0
    assert acts(exhibit) == ["taken_in"]
    assert len(objects(store)) == 1


def test_a_hold_that_waits_for_an_expiry_finds_it_over(
    due: Callable[..., Exhibit], case: Case, counsel: User, store: Path
) -> None:
    exhibit = due()
    with transaction.atomic():
        assert services.expire() == 1
        run = Beside(lambda: services.place_hold(case.reference, by=counsel, reason="Litigation."))
        run.thread.join(0.5)
        assert run.thread.is_alive()
    hold = run.result()
    expired = selectors.custody_of(exhibit).get(act="expired")
    placed = ledger.entries_about(f"hold:{hold.pk}").get()
    assert expired.entry_id < placed.pk
    assert objects(store) == []


@pytest.mark.parametrize("turn", range(5))
def test_a_hold_and_an_expiry_at_once_never_both_win(
    due: Callable[..., Exhibit], case: Case, counsel: User, store: Path, turn: int
) -> None:
    exhibits = [due(bytes([turn, number])) for number in range(6)]
    hold, gone = at_once(
        lambda: services.place_hold(case.reference, by=counsel, reason="Litigation."), services.expire
    )
    assert isinstance(hold, Hold)
    placed = ledger.entries_about(f"hold:{hold.pk}").get()
    expired = [each for each in exhibits if "expired" in acts(each)]
    assert len(expired) == gone == len(exhibits) - len(objects(store))
    for each in expired:
        assert selectors.custody_of(each).get(act="expired").entry_id < placed.pk
    assert services.expire() == 0


@pytest.mark.parametrize("turn", range(5))
def test_a_view_and_an_expiry_at_once_show_all_of_it_or_nothing(
    due: Callable[..., Exhibit], counsel: User, store: Path, turn: int
) -> None:
    exhibit = due(bytes([turn]) * 600_000)
    seen, gone = at_once(lambda: b"".join(services.view(exhibit, by=counsel, why=WHY)), services.expire)
    assert gone == 1
    if isinstance(seen, Exception):
        assert isinstance(seen, Refused)
        assert seen.rule == "evidence.expired"
    else:
        assert seen == bytes([turn]) * 600_000
    assert acts(exhibit) in (["taken_in", "viewed", "expired"], ["taken_in", "expired"])
    assert (objects(store), Keeping.objects.count()) == ([], 0)


def test_what_expires_while_it_is_verified_is_not_called_broken(
    due: Callable[..., Exhibit], counsel: User
) -> None:
    """The key was read before it went, and the object is gone: an expiry, and no broken exhibit."""
    exhibit = due()
    keep_key = objects_of.key_of

    def then_expire(each: Exhibit) -> bytes:
        key = keep_key(each)
        Beside(services.expire).result()
        return key

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects_of, "key_of", then_expire)
        with pytest.raises(Refused):
            services.reverify(exhibit, by=counsel, why=WHY)
    assert not ledger.entries_about(exhibit.reference).filter(action="evidence.found_broken").exists()


def test_an_expiry_in_the_middle_of_a_package_leaves_no_package(
    due: Callable[..., Exhibit], case: Case, counsel: User, tmp_path: Path
) -> None:
    exhibits = [due(b"one"), due(b"two")]

    def tell(what: str, done: int, total: int) -> None:
        if (what, done) == ("exhibits", 2):
            assert Beside(services.expire).result() == 2

    with pytest.raises(Refused) as refused:
        cases.make_package(
            case, folder=tmp_path / "package", by=counsel, recipient="Harrow", why=WHY, tell=tell
        )
    assert refused.value.rule == "evidence.expired"
    assert [path.name for path in tmp_path.iterdir() if "package" in path.name] == []
    assert [acts(each) for each in exhibits] == [["taken_in", "released", "expired"]] * 2
    assert not ledger.entries_about(case.reference).filter(action="cases.package_made").exists()


def test_a_hold_in_the_middle_of_a_package_keeps_it_whole(
    due: Callable[..., Exhibit], case: Case, counsel: User, tmp_path: Path
) -> None:
    due()

    def tell(what: str, done: int, total: int) -> None:
        if what == "exhibits":
            Beside(lambda: services.place_hold(case.reference, by=counsel, reason="Litigation.")).result()
            assert Beside(services.expire).result() == 0

    cases.make_package(case, folder=tmp_path / "package", by=counsel, recipient="Harrow", why=WHY, tell=tell)
    assert (tmp_path / "package/manifest-sha256.txt").exists()
