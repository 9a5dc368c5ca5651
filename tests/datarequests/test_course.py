"""The course of a data request: what it lacks, notice, two people and counsel, and what voids it."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.datarequests import selectors, services
from coordination.datarequests.models import DataRequest, NamedAccount, Production
from coordination.evidence import selectors as exhibits
from coordination.evidence import services as evidence
from coordination.partners.services import Agency, Officer
from tests.datarequests.conftest import FACE, MINE, ZONE, File, Keep, Tell, first_account, fresh, production


def _deadline(request: DataRequest) -> list[tuple[str, str]]:
    rows = cases.deadlines_of(request.case).filter(about=request.origin)
    rows = rows.exclude(code="us.delayed-notice")
    return [(each.state, each.citation) for each in rows]


def test_an_officer_files_by_their_own_credential_and_for_nobody_else(
    agency: Agency, officer: Officer, police_officer: User
) -> None:
    said = {"process": "grand_jury_subpoena", "agency": agency, "officer": officer, "zone": ZONE}
    said |= {"requester": "Sergeant Reyes", "way": "api", "accounts": [MINE], **FACE}
    request = services.file(by=officer.user, **said)  # type: ignore[arg-type]
    assert (request.state, request.filed_by) == ("received", officer.user)
    with pytest.raises(NotPermitted):
        services.file(by=police_officer, **said)  # type: ignore[arg-type]


def test_the_return_date_is_the_deadline_and_a_default_runs_only_without_one(file: File) -> None:
    with_date, without = file(), file(return_on=None)
    assert with_date.due_at == datetime(2027, 6, 2, 5, 59, 59, tzinfo=UTC)
    assert _deadline(with_date) == [("running", "The process: its return date")]
    assert _deadline(without)[0][1].startswith("Platform default")


def test_what_was_served_after_its_return_date_is_missed_at_once(file: File) -> None:
    request = file(return_on=date(2026, 5, 1))
    assert request.due_at is not None
    assert request.due_at < clock.now()
    assert _deadline(request)[0][0] == "running"


@pytest.mark.parametrize(
    ("kind", "value"),
    [("display_name", "Robin"), ("ip", "203.0.113.9"), ("phone", "970 555 0177"), ("email", "robin")],
)
def test_what_names_no_account_is_not_taken_for_one(file: File, kind: str, value: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        file(accounts=[(kind, value)])
    assert wrong.value.field.startswith("accounts.0.")
    assert value not in str(wrong.value)


def test_a_deficiency_letter_names_each_point_its_source_and_what_to_supply(
    looked_at: File, counsel: User
) -> None:
    request = looked_at(offence="", categories=["subscriber", "content"])
    returned, letter = services.return_deficient(request, by=counsel)
    words = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(letter)).pages).split())
    assert returned.state == "returned"
    assert [each.code for each in selectors.deficiencies_of(request)] == ["us.nexus", "us.within-gate"]
    for said in (request.reference, "Offence and nexus", "Beyond this process: content", "18 USC 2703"):
        assert said in words
    assert MINE[1] not in words
    kept = selectors.deficiencies_of(request)[0].letter
    assert kept is not None
    assert b"".join(evidence.content(kept)) == letter


def test_what_was_supplied_mends_it_and_it_is_looked_at_anew(
    looked_at: File, counsel: User, liaison: User
) -> None:
    request, _ = services.return_deficient(looked_at(offence=""), by=counsel)
    services.amend(request, by=liaison, offence="Stalking")
    services.check_validity(request, by=liaison)
    assert [each.mended_at is not None for each in selectors.deficiencies_of(request)] == [True]
    assert services.accept(request, by=counsel).state == "accepted"


def test_a_gag_without_an_end_binds_and_counsel_is_asked_to_seek_one(looked_at: File, counsel: User) -> None:
    request = looked_at(non_disclosure=True)
    assert cases.open_task("seek_end_of_silence", request.origin) is not None
    assert services.accept(request, by=counsel).state == "accepted"
    with pytest.raises(Refused, match="not told"):
        services.give_notice(request, by=counsel)


def test_without_an_order_silence_needs_a_reason(accepted: File, counsel: User) -> None:
    request = accepted()
    with pytest.raises(InvalidInput):
        services.keep_silent(request, by=counsel)


def test_nothing_is_collected_before_the_user_s_window_is_over(
    accepted: File, counsel: User, custodian: User, tell: Tell
) -> None:
    request = services.give_notice(accepted(), by=counsel)
    with clock.frozen(clock.now() + timedelta(days=9)), pytest.raises(Refused, match="window"):
        services.collect(request, by=custodian)
    tell(request)
    with pytest.raises(Refused, match="window"):
        services.collect(request, by=custodian)
    with clock.frozen(clock.now() + timedelta(days=9)):
        services.collect(request, by=custodian)
    assert fresh(request).state == "collection"


def test_a_document_that_came_before_with_other_accounts_is_seen(file: File, liaison: User) -> None:
    for account in ("u-1", "u-2"):
        request = file(accounts=[("user_id", account)])
        services.attach_scan(request, by=liaison, content=io.BytesIO(b"One order"), filename="order.pdf")
    found = {each.code: each for each in services.look(fresh(request))}
    assert found["us.not-reused"].holds is False


def test_who_collected_neither_checks_nor_signs(handed_in: File, custodian: User) -> None:
    request = handed_in()
    with pytest.raises(Refused, match="neither checks nor signs"):
        services.quality_check(request, by=custodian, digest=production(request).digest)
    with pytest.raises(IntegrityError, match=r"checked_by_another|neither checks"), transaction.atomic():
        Production.objects.filter(request=request).update(checked_by=custodian, checked_at=clock.now())


def test_counsel_alone_signs_and_exactly_the_digest_of_the_package(
    to_sign: File, counsel: User, senior_reviewer: User, second_custodian: User
) -> None:
    request = to_sign()
    made = production(request)
    assert made.package is not None
    assert made.digest == made.package.sha256
    for person in (senior_reviewer, second_custodian):
        with pytest.raises(NotPermitted):
            services.sign_off(request, by=person, digest=made.digest)
    with pytest.raises(Conflict):
        services.sign_off(request, by=counsel, digest="0" * 64)
    services.sign_off(request, by=counsel, digest=made.digest)
    with pytest.raises(IntegrityError, match="signed_as_it_is"), transaction.atomic():
        Production.objects.filter(pk=made.pk).update(digest="0" * 64)


def test_nothing_goes_out_that_counsel_did_not_sign(to_sign: File, custodian: User) -> None:
    with pytest.raises(Refused, match="not signed"):
        services.produce(to_sign(), by=custodian)


def test_what_goes_out_is_one_package_with_its_listing_and_custody(signed: File, custodian: User) -> None:
    request = signed()
    made = services.produce(request, by=custodian)
    assert made.package is not None
    assert fresh(request).state == "produced"
    with zipfile.ZipFile(io.BytesIO(b"".join(evidence.content(made.package)))) as package:
        manifest = package.read("manifest-sha256.txt").decode()
        said = json.loads(package.read("data/production.json"))
        item = said["items"][0]
    assert item["sha256"] in manifest
    assert (said["citation"], item["category"]) == ("18 USC 2703(c)(2)", "subscriber")
    acts = [each.act for each in exhibits.custody_of(made.package)]
    assert acts == ["taken_in", "released"]
    assert _deadline(request)[0][0] == "met"


def test_an_item_never_changes_and_does_not_leave_once_it_was_handed_in(handed_in: File) -> None:
    item = production(handed_in()).items.get()
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        type(item).objects.filter(pk=item.pk).update(category="sessions")
    with pytest.raises(IntegrityError, match="not being collected"), transaction.atomic():
        item.delete()


@pytest.mark.parametrize("verb", ["narrow", "withdraw", "object_"])
def test_what_counsel_signed_is_void_once_the_request_changes(
    signed: File, counsel: User, custodian: User, verb: str
) -> None:
    request = signed()
    more = {"categories": ["subscriber"]} if verb == "narrow" else {}
    getattr(services, verb)(request, by=counsel, reason="By telephone.", **more)
    assert selectors.production_of(request) is None
    assert selectors.productions_of(request).get().voided_at is not None
    with pytest.raises(IllegalTransition):
        services.produce(request, by=custodian)


def test_send_back_takes_the_signature_and_another_package_has_another_digest(
    signed: File, counsel: User, custodian: User, keep_for: Keep
) -> None:
    request = signed()
    before = production(request).digest
    services.send_back(request, by=counsel, reason="The payment data is missing.")
    services.add_item(
        request,
        by=custodian,
        account=first_account(request),
        category="payment",
        exhibit=keep_for(request, b'{"card": "ends 4242"}'),
    )
    services.hand_in(request, by=custodian)
    assert production(request).signed_by is None
    assert production(request).digest not in ("", before)


def test_a_request_does_not_grow_once_it_was_looked_at(accepted: File, counsel: User) -> None:
    request = accepted(categories=["subscriber"])
    with pytest.raises(InvalidInput):
        services.narrow(request, by=counsel, reason="-", categories=["subscriber", "payment"])
    for more in (
        {"categories": ["subscriber", "content"]},
        {"range_from": date(2026, 1, 1)},
        {"range_until": None, "range_from": None},
        {"process": "search_warrant"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DataRequest.objects.filter(pk=request.pk).update(**more)
    with pytest.raises(IntegrityError, match="No account is named"), transaction.atomic():
        NamedAccount.objects.create(request=request, kind="user_id", value="u-9", index=b"9" * 32)


def test_a_struck_account_is_out_and_one_at_least_stays(
    collecting: File, counsel: User, keep_for: Keep
) -> None:
    request = collecting(accounts=[MINE, ("user_id", "u-2")])
    account = first_account(request)
    with pytest.raises(InvalidInput):
        services.narrow(request, by=counsel, reason="-", strike=list(selectors.accounts_of(request)))
    services.narrow(request, by=counsel, reason="Agreed by telephone.", strike=[account])
    account.refresh_from_db()
    assert account.struck_at is not None
    assert fresh(request).gate is None


def test_who_was_not_let_into_the_case_sees_no_request(file: File, auditor: User, outsider: User) -> None:
    request = file()
    assert list(selectors.visible_to(auditor)) == [request]
    assert not selectors.visible_to(outsider).exists()


def test_everything_that_is_done_stands_on_the_timeline_and_every_task_is_somebody_s(
    signed: File, custodian: User
) -> None:
    request = signed()
    services.produce(request, by=custodian)
    services.deliver(request, by=custodian)
    services.acknowledge(request, by=custodian, reference="HC-1")
    services.close(request, by=request.filed_by, closure="produced_in_full")
    kinds = [
        each.kind.partition(".")[2] for each in cases.timeline(request.case) if each.about == request.origin
    ]
    for deed in ("filed", "requester_verified", "docketed", "validity_checked", "accepted", "signed_off"):
        assert deed in kinds
    assert kinds[-1] == "closed"
    left = cases.tasks_of(request.case).filter(state="open", about=request.origin)
    # The user is owed a notice, whatever the request came to.
    assert [each.kind for each in left] == ["prepare_notice"]
