"""Packages from the desk: asked for, made by the worker, handed out with a reason, gone after some hours."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from coordination.access.services import User
from coordination.cases import jobs, services
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.core.errors import IllegalTransition, InvalidInput, NotFound, Refused
from coordination.evidence import selectors as evidence_selectors
from coordination.evidence import services as evidence
from coordination.evidence.models import Package
from coordination.evidence.services import Exhibit
from coordination.evidence.workflow import PACKAGE, PackageState, PackageVerb
from coordination.ledger import selectors as ledger
from tests.cases.conftest import COURT_ASKS
from tests.cases.package import check, flip, trusting
from tests.doors import SignIn, signed_in
from tests.exhibits import objects
from tests.full import no_file_longer_than
from tests.threads import at_once

Order = Callable[..., Package]
WHY = "The clerk of the court waits for it."


@pytest.fixture(autouse=True)
def workshop(tmp_path: Path, settings: Any) -> Path:
    """Where the worker puts packages together."""
    settings.PACKAGES_DIR = tmp_path / "workshop"
    return tmp_path / "workshop"


@pytest.fixture
def order(case: Case, counsel: User, exhibits: list[Exhibit], trusted: None) -> Order:
    def ordered(**more: Any) -> Package:
        items = [each.reference for each in exhibits]
        said = {"by": counsel, "recipient": "Harrow County Court", "why": COURT_ASKS, "items": items, **more}
        return services.order_package(case, **said)

    return ordered


def _made(package: Package) -> Package:
    jobs.pack(timestamp=0)
    package.refresh_from_db()
    return package


def _page(browser: Client, package: Package) -> Any:
    return browser.get(f"/admin/evidence/package/{package.reference}/change/")


def _do(browser: Client, package: Package, act: str, **values: str) -> Any:
    address = f"/admin/evidence/package/{package.reference}/do/{act}/"
    return browser.post(address, values, follow=False)


def _downloaded(browser: Client, package: Package) -> bytes:
    answer = _do(browser, package, "download", why=WHY)
    assert answer.status_code == 302
    content = browser.get(answer["Location"])
    assert content.status_code == 200
    return b"".join(content.streaming_content)  # type: ignore[attr-defined]


def test_from_the_page_of_the_case_to_a_package_that_holds(
    counsel: User, case: Case, exhibits: list[Exhibit], trusted: None, tmp_path: Path
) -> None:
    browser = signed_in(counsel)
    assert "No package yet" in browser.get("/admin/evidence/package/").content.decode()
    asked = browser.get(f"/admin/cases/case/{case.reference}/change/").content.decode()
    for each in exhibits:
        assert f"{each.reference} · {evidence.words(each)['filename']}, original" in asked
    said = {"recipient": "Harrow County Court", "why": COURT_ASKS, "items": exhibits[0].reference}
    answer = browser.post(f"/admin/cases/case/{case.reference}/do/make_package/", said)
    package = Package.objects.get()
    assert answer["Location"] == f"/admin/evidence/package/{package.reference}/change/"
    waits = _page(browser, package).content.decode()
    assert "It waits for a worker" in waits
    assert "do/download/" not in waits
    _made(package)
    assert "It is ready" in _page(browser, package).content.decode()
    assert package.reference in browser.get("/admin/evidence/package/").content.decode()
    assert package.reference in browser.get(f"/admin/cases/case/{case.reference}/change/").content.decode()
    folder = _unpacked(_downloaded(browser, package), tmp_path / "theirs")
    status, words = check(folder, *trusting(tmp_path / "theirs"))
    assert status == 0, words
    assert f"ok   exhibit {exhibits[0].reference}" in words
    assert ".tsr says" in words


def _unpacked(content: bytes, place: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
    for name in ("key", "ca.pem"):
        shutil.copy(place.parent / name, place / name)
    return next(each for each in place.iterdir() if each.is_dir())


def test_nothing_of_it_lies_open_on_a_disk(order: Order, store: Path, workshop: Path) -> None:
    before = objects(store)
    package = _made(order())
    assert list(workshop.iterdir()) == []
    (sealed,) = set(objects(store)) - set(before)
    assert sealed.read_bytes()[:4] == b"CEX1"
    assert b"verify.py" not in sealed.read_bytes()
    assert evidence.sweep() == 0
    assert package.state == PackageState.READY


def test_a_download_says_why_in_the_custody_and_the_ledger(
    order: Order, sign_in: SignIn, counsel: User, exhibits: list[Exhibit], case: Case
) -> None:
    package = _made(order())
    _downloaded(sign_in(counsel), package)
    for exhibit in exhibits:
        last = evidence_selectors.custody_of(exhibit).last()
        assert last is not None
        assert (last.act, last.by, last.why) == ("copied", counsel, WHY)
        assert last.entry.data["details"]["package"] == package.reference
    (entry,) = ledger.entries_about(package.reference).filter(action="evidence.package_downloaded")
    assert entry.data["details"] == {"case": case.reference, "package_sha256": package.digest}
    assert f"Package {package.reference} was downloaded" in [each.title for each in case.timeline.all()]


def test_who_did_not_say_why_gets_nothing(
    order: Order, sign_in: SignIn, counsel: User, duty_counsel: User
) -> None:
    package = _made(order())
    address = f"/admin/evidence/package/{package.reference}/content/"
    assert sign_in(counsel).get(address).status_code == 302
    evidence.open_package(package, by=counsel, why=WHY)
    assert sign_in(duty_counsel).get(address).status_code == 302
    assert sign_in(counsel).get(address).status_code == 200
    with clock.frozen(clock.now() + timedelta(minutes=11)), pytest.raises(Refused):
        evidence.package_content(package, by=counsel)


def test_making_and_handing_out_ask_for_the_second_factor_again(
    order: Order, sign_in: SignIn, counsel: User, case: Case, exhibits: list[Exhibit]
) -> None:
    package = _made(order())
    browser = sign_in(counsel)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        asked = _do(browser, package, "download", why=WHY)
        assert asked.status_code == 403
        assert "Confirm that it is you" in asked.content.decode()
        said = {"recipient": "Harrow", "why": COURT_ASKS, "items": exhibits[0].reference}
        asked = browser.post(f"/admin/cases/case/{case.reference}/do/make_package/", said)
        assert asked.status_code == 403
        assert "Confirm that it is you" in asked.content.decode()
    assert Package.objects.count() == 1
    package.refresh_from_db()
    assert package.opened_at is None


def test_a_foreign_case_and_a_missing_package_answer_alike(
    order: Order, sign_in: SignIn, counsel: User, case: Case
) -> None:
    package = _made(order())
    other = services.open_case("Another matter", by=None)
    foreign = Package.objects.get(pk=package.pk)
    browser = sign_in(counsel)
    _hide(case, counsel)
    missing = "P-0000-0000"
    for path in ("change/", "content/", "do/download/"):
        answers = [
            browser.get(f"/admin/evidence/package/{reference}/{path}").content.replace(
                reference.encode(), missing.encode()
            )
            for reference in (foreign.reference, missing)
        ]
        statuses = {
            browser.get(f"/admin/evidence/package/{reference}/{path}").status_code
            for reference in (foreign.reference, missing)
        }
        assert answers[0] == answers[1], path
        assert statuses == {404}, path
    assert foreign.reference not in browser.get("/admin/evidence/package/").content.decode()
    for deed in (
        lambda: evidence.open_package(foreign, by=counsel, why=WHY),
        lambda: evidence.package_content(foreign, by=counsel),
        lambda: services.order_package(case, items=foreign.items, recipient="Harrow", why=WHY, by=counsel),
    ):
        with pytest.raises(NotFound):
            deed()
    with pytest.raises(InvalidInput):
        services.order_package(other, items=foreign.items, recipient="Harrow", why=WHY, by=counsel)


def _hide(case: Case, from_: User) -> None:
    for team in from_.groups.all():
        services.revoke(case, principal=team, by=None)


def test_who_may_not_release_sees_no_package(order: Order, sign_in: SignIn, liaison: User) -> None:
    package = _made(order())
    assert _page(sign_in(liaison), package).status_code == 404


def test_what_fails_says_why_and_is_made_again(
    order: Order, sign_in: SignIn, counsel: User, store: Path, workshop: Path
) -> None:
    package = order()
    first, bit = objects(store)[0], 900
    flip(first, bit)
    _made(package)
    assert package.state == PackageState.FAILED
    browser = sign_in(counsel)
    page = _page(browser, package).content.decode()
    assert "It was not made." in page
    assert "is not what was taken in" in page
    assert list(workshop.iterdir()) == []
    flip(first, bit)
    assert _do(browser, package, "again").status_code == 302
    assert _made(package).state == PackageState.READY
    assert package.failure == ""


def test_rel_06_a_worker_without_room_fails_it_and_tells_the_administrators(order: Order) -> None:
    package = order()
    with no_file_longer_than(2_000):
        _made(package)
    assert package.state == PackageState.FAILED
    assert "no room" in package.failure or "could not be written" in package.failure
    assert Task.objects.filter(kind="no_room", state="open").exists()


def test_a_worker_that_was_stopped_leaves_it_failed_after_a_while(order: Order, workshop: Path) -> None:
    package = order()
    assert evidence.begin_package() == package
    (workshop / package.reference).mkdir(parents=True)
    (workshop / package.reference / "half").write_text("of an exhibit")
    _made(package)
    assert package.state == PackageState.MAKING
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        _made(package)
    assert package.state == PackageState.FAILED
    assert "stopped" in package.failure
    assert not (workshop / package.reference).exists()


def test_what_was_failed_meanwhile_is_not_kept(order: Order, store: Path) -> None:
    package = order()
    assert evidence.begin_package() == package
    evidence.fail_package(package, why="Too long.")
    before = objects(store)
    with pytest.raises(IllegalTransition):
        evidence.finish_package(package, content=io.BytesIO(b"zip"), digest="sha256:0")
    assert objects(store) == before


def test_a_slow_worker_whose_package_was_given_up_keeps_nothing_and_goes_on(
    order: Order, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, next_one = order(), order()
    before = objects(store)

    def give_up(package: Package, **_: Any) -> None:
        if package == slow and Package.objects.get(pk=slow.pk).state == PackageState.MAKING:
            evidence.fail_package(package, why="It took too long.")

    monkeypatch.setattr(evidence, "tell_package", give_up)
    _made(slow)
    next_one.refresh_from_db()
    assert (slow.state, slow.failure) == (PackageState.FAILED, "It took too long.")
    assert next_one.state == PackageState.READY
    assert len(objects(store)) == len(before) + 1


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_takes_it(order: Order) -> None:
    package = order()
    taken = at_once(evidence.begin_package, evidence.begin_package)
    assert sorted(map(str, taken)) == sorted([str(package), "None"])


def test_an_error_that_nobody_foresaw_fails_it_and_is_raised(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = order()
    monkeypatch.setattr("coordination.cases.services.packages.VERIFY", None)
    with pytest.raises(AttributeError):
        jobs.pack(timestamp=0)
    package.refresh_from_db()
    assert package.state == PackageState.FAILED
    assert "worker's log" in package.failure


def test_after_its_hours_it_is_gone_for_good(
    order: Order, counsel: User, store: Path, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    before = objects(store)
    package = _made(order())
    evidence.open_package(package, by=counsel, why=WHY)
    with clock.frozen(clock.now() + timedelta(hours=settings.PACKAGES_KEEP_HOURS, seconds=1)):
        with pytest.raises(Refused):
            evidence.open_package(package, by=counsel, why=WHY)
        with django_capture_on_commit_callbacks(execute=True):
            assert evidence.forget_packages() == 1
        assert evidence.forget_packages() == 0
    package.refresh_from_db()
    assert (package.state, package.blob, package.key) == (PackageState.GONE, None, None)
    assert objects(store) == before
    assert "It is gone" in _page(signed_in(counsel), package).content.decode()
    with pytest.raises(Refused):
        evidence.package_content(package, by=counsel)


def test_evd_07_an_erased_exhibit_is_gone_from_the_packages_that_hold_it(
    order: Order, counsel: User, exhibits: list[Exhibit]
) -> None:
    with_it, without = order(), order(items=[exhibits[1].reference])
    jobs.pack(timestamp=0)
    evidence.erase(exhibits[0], by=counsel, why="Erasure under Art. 17 GDPR.")
    with_it.refresh_from_db()
    without.refresh_from_db()
    assert with_it.state == PackageState.GONE
    assert without.state == PackageState.READY
    with pytest.raises(IllegalTransition):
        evidence.open_package(with_it, by=counsel, why=WHY)


def test_progress_is_told_step_by_step(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    plain = evidence.tell_package

    def tell(package: Package, *, step: str, done: int, total: int) -> None:
        plain(package, step=step, done=done, total=total)
        fresh = Package.objects.get(pk=package.pk)
        told.append((fresh.step, fresh.done, fresh.total))

    monkeypatch.setattr(evidence, "tell_package", tell)
    _made(order())
    assert ("exhibits", 2, 2) in told
    assert {step for step, _, _ in told} == {"exhibits", "custody", "proofs"}


@pytest.mark.parametrize("state", PackageState)
@pytest.mark.parametrize("verb", PackageVerb)
def test_each_state_and_verb_is_in_the_table_or_refused(state: PackageState, verb: PackageVerb) -> None:
    if verb in PACKAGE.allowed(state):
        assert PACKAGE.after(state, verb) in PackageState
    else:
        with pytest.raises(IllegalTransition):
            PACKAGE.after(state, verb)


def test_reasons_and_recipients_stand_sealed_in_its_row(order: Order, owner: Any) -> None:
    package = order()
    values = [str(each) for each in Package.objects.values("items", "state", "case_reference").get().values()]
    assert COURT_ASKS not in json.dumps(values)
    assert Package.objects.get(pk=package.pk).why == COURT_ASKS
