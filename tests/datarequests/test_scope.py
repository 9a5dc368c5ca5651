"""What goes out cannot exceed its legal basis: SCP-01, -02, -03, -04, -07, -10."""

import json
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotPermitted, Refused
from coordination.datarequests import services
from coordination.datarequests.models import NamedAccount, ProductionItem
from coordination.evidence import services as evidence
from coordination.ledger.models import Leaf
from tests.datarequests.conftest import DAY, MINE, File, Keep, first_account, production, transcript

WARRANT = {"process": "search_warrant", "categories": ["subscriber", "sessions", "content"]}
APRIL = datetime(2026, 4, 1, 12, tzinfo=UTC)
END_OF_MAY = datetime(2026, 5, 31, 12, tzinfo=UTC)
THEIRS = "Please do not come to my house again."


def test_scp_01_a_subpoena_does_not_let_content_out(
    collecting: File, keep_for: Keep, custodian: User, senior_reviewer: User
) -> None:
    request = collecting()
    exhibit = keep_for(request, b"On Monday they will all know my name.")
    with pytest.raises(Refused, match="not content") as refused:
        services.add_item(
            request,
            by=custodian,
            account=first_account(request),
            category="content",
            exhibit=exhibit,
            earliest=DAY,
            latest=DAY,
            nobody_elses=True,
        )
    assert refused.value.citation == "18 USC 2703(c)(2)"
    with pytest.raises(NotPermitted):
        services.add_item(
            request, by=senior_reviewer, account=first_account(request), category="content", exhibit=exhibit
        )
    assert not ProductionItem.objects.exists()


def test_scp_01_nor_does_the_database_in_a_shell(collecting: File, keep_for: Keep, custodian: User) -> None:
    request = collecting()
    with pytest.raises(IntegrityError, match="does not reach this category"), transaction.atomic():
        ProductionItem.objects.create(
            production=production(request),
            account=first_account(request),
            category="content",
            exhibit=keep_for(request),
            earliest=DAY,
            latest=DAY,
            nobody_elses_by=custodian,
            added_by=custodian,
            added_at=clock.now(),
        )


def test_scp_02_an_export_is_cut_to_the_range_in_the_zone_of_the_request(
    collecting: File, keep_for: Keep, custodian: User
) -> None:
    request = collecting()
    # Denver is six hours behind UTC in May: 1 May begins at 06:00, and 7 May ends with 8 May, 06:00.
    times = [
        *(APRIL, datetime(2026, 5, 1, 5, 59, 59, tzinfo=UTC), datetime(2026, 5, 1, 6, tzinfo=UTC)),
        *(datetime(2026, 5, 8, 5, 59, 59, tzinfo=UTC), datetime(2026, 5, 8, 6, tzinfo=UTC), END_OF_MAY),
    ]
    export = "".join(f"{json.dumps({'at': each.isoformat(), 'ip': '203.0.113.9'})}\n" for each in times)
    item, extract = services.add_extract(
        request,
        by=custodian,
        account=first_account(request),
        category="sessions",
        exhibit=keep_for(request, export.encode()),
    )
    copied = b"".join(evidence.content(item.exhibit)).splitlines()
    assert [json.loads(each)["at"] for each in copied] == [times[2].isoformat(), times[3].isoformat()]
    assert extract.left_out == 4
    assert (item.earliest, item.latest) == (times[2], times[3])


@pytest.mark.parametrize(
    ("earliest", "latest"),
    [
        (APRIL, END_OF_MAY),
        (datetime(2026, 5, 1, 5, 59, tzinfo=UTC), DAY),
        (DAY, datetime(2026, 5, 8, 6, tzinfo=UTC)),
    ],
)
def test_scp_02_what_reaches_beyond_the_range_is_refused_by_both(
    collecting: File, keep_for: Keep, custodian: User, earliest: datetime, latest: datetime
) -> None:
    request = collecting()
    exhibit, account = keep_for(request), first_account(request)
    with pytest.raises(Refused, match="outside its range"):
        services.add_item(
            request,
            by=custodian,
            account=account,
            category="sessions",
            exhibit=exhibit,
            earliest=earliest,
            latest=latest,
        )
    with pytest.raises(IntegrityError, match="outside the date range"), transaction.atomic():
        ProductionItem.objects.create(
            production=production(request),
            account=account,
            category="sessions",
            exhibit=exhibit,
            earliest=earliest,
            latest=latest,
            added_by=custodian,
            added_at=clock.now(),
        )


def test_scp_03_of_two_accounts_with_one_address_a_person_chooses_the_named_one(
    accepted: File, keep_for: Keep, custodian: User, counsel: User
) -> None:
    request = accepted(accounts=[("email", "robin@example.net")])
    services.keep_silent(request, by=counsel, because="He would flee.")
    services.collect(request, by=custodian)
    account = first_account(request)
    services.offer_candidates(account, by=custodian, candidates=["acct-1", "acct-2"])
    about = f"{request.origin}@{account.pk}"
    assert cases.open_task("choose_account", about) is not None
    with pytest.raises(Refused, match="which account"):
        services.add_item(
            request, by=custodian, account=account, category="subscriber", exhibit=keep_for(request)
        )
    with pytest.raises(IntegrityError, match="no account that the process names"), transaction.atomic():
        ProductionItem.objects.create(
            production=production(request),
            account=account,
            category="subscriber",
            exhibit=keep_for(request),
            added_by=custodian,
            added_at=clock.now(),
        )
    with pytest.raises(InvalidInput):
        services.choose_account(account, by=custodian, choice="acct-3", because="A guess.")
    chosen = services.choose_account(account, by=custodian, choice="acct-2", because="The user id on page 2.")
    assert (chosen.account, chosen.resolved_by) == ("acct-2", custodian)
    assert cases.open_task("choose_account", about) is None


def test_scp_03_an_account_of_another_request_is_no_account_of_this_one(
    collecting: File, keep_for: Keep, custodian: User
) -> None:
    other, request = collecting(accounts=[("user_id", "u-2")]), collecting()
    with pytest.raises(Refused, match="names no such account"):
        services.add_item(
            request,
            by=custodian,
            account=first_account(other),
            category="subscriber",
            exhibit=keep_for(request),
        )


def test_scp_04_what_others_wrote_is_redacted_and_nothing_of_it_is_in_what_goes_out(
    collecting: File, keep_for: Keep, custodian: User
) -> None:
    request = collecting(**WARRANT)
    said = transcript(
        ("robin", DAY, "I will be there on Monday."),
        ("Jamie Lowe", DAY, THEIRS),
        ("robin", DAY, f"You wrote: {THEIRS.upper()} Too late, Jamie Lowe."),
        ("robin", APRIL, "An earlier month."),
    )
    original = keep_for(request, said, transcript=True)
    with pytest.raises(Refused, match="redacted first"):
        services.add_item(
            request,
            by=custodian,
            account=first_account(request),
            category="content",
            exhibit=original,
            earliest=DAY,
            latest=DAY,
        )
    item, extract = services.add_extract(
        request,
        by=custodian,
        account=first_account(request),
        category="content",
        exhibit=original,
        speakers=["robin"],
    )
    services.hand_in(request, by=custodian)
    package = production(request).package
    assert package is not None
    with zipfile.ZipFile(BytesIO(b"".join(evidence.content(package)))) as produced:
        everything = b"\n".join(produced.read(name) for name in produced.namelist())
        manifest = json.loads(produced.read("data/production.json"))
    assert b"I will be there on Monday." in everything
    for struck in (THEIRS, "Jamie Lowe", "An earlier month."):
        assert struck.casefold().encode() not in everything.lower()
    assert (item.redactions, extract.redactions, extract.left_out) == (3, 3, 1)
    assert manifest["items"][0]["redactions"] == 3
    assert (item.exhibit.kind, item.exhibit.made_from) == ("redacted", original)
    assert b"".join(evidence.content(original)) == said


def test_scp_04_nor_does_the_database_take_content_that_nobody_redacted(
    collecting: File, keep_for: Keep, custodian: User
) -> None:
    request = collecting(**WARRANT)
    with pytest.raises(IntegrityError, match="redacted first"), transaction.atomic():
        ProductionItem.objects.create(
            production=production(request),
            account=first_account(request),
            category="content",
            exhibit=keep_for(request),
            earliest=DAY,
            latest=DAY,
            added_by=custodian,
            added_at=clock.now(),
        )


# In Brussels the clocks went back on 25 October 2026 at 03:00: the day had 25 hours and ended at 23:00 UTC.
@pytest.mark.parametrize(
    ("moment", "expired"),
    [
        (datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 23, 0, 1, tzinfo=UTC), True),
    ],
)
def test_scp_07_an_order_is_over_when_its_last_day_is_in_its_own_zone(
    looked_at: File, counsel: User, moment: datetime, expired: bool
) -> None:
    with clock.frozen(datetime(2026, 10, 20, tzinfo=UTC)):
        request = looked_at(zone="Europe/Brussels", expires_on=date(2026, 10, 25))
    with clock.frozen(moment):
        if expired:
            with pytest.raises(Refused, match="expired"):
                services.accept(request, by=counsel)
        else:
            assert services.accept(request, by=counsel).state == "accepted"


def test_scp_07_what_was_signed_in_time_does_not_go_out_late(signed: File, custodian: User) -> None:
    with clock.frozen(datetime(2026, 10, 20, tzinfo=UTC)):
        request = signed(expires_on=date(2026, 10, 25))
    with clock.frozen(datetime(2026, 10, 26, 12, tzinfo=UTC)), pytest.raises(Refused, match="expired"):
        services.produce(request, by=custodian)


@pytest.mark.parametrize("protected", ["privileged", "journalist", "medical"])
def test_scp_10_a_protected_account_waits_for_counsel_in_an_emergency_too(
    looked_at: File, liaison: User, counsel: User, duty_officer: User, protected: str
) -> None:
    request = looked_at(process="emergency")
    account = services.protect_account(first_account(request), by=liaison, protected=protected)
    assert cases.open_task("clear_account", request.origin) is not None
    for person in (duty_officer, counsel):
        with pytest.raises(Refused, match="counsel has not cleared"):
            services.accept(request, by=person)
    with pytest.raises(NotPermitted):
        services.clear_account(account, by=duty_officer, because="It is urgent.")
    cleared = services.clear_account(account, by=counsel, because="The messages are not with a client.")
    assert cleared.cleared_by == counsel
    assert services.accept(request, by=duty_officer).state == "accepted"


def test_scp_10_what_is_marked_later_holds_what_is_being_collected(
    collecting: File, keep_for: Keep, liaison: User, custodian: User
) -> None:
    request = collecting()
    services.protect_account(first_account(request), by=liaison, protected="journalist")
    with pytest.raises(Refused, match="counsel has not cleared"):
        services.add_item(
            request,
            by=custodian,
            account=first_account(request),
            category="subscriber",
            exhibit=keep_for(request),
        )
    with pytest.raises(IntegrityError, match="not cleared"), transaction.atomic():
        ProductionItem.objects.create(
            production=production(request),
            account=first_account(request),
            category="subscriber",
            exhibit=keep_for(request),
            added_by=custodian,
            added_at=clock.now(),
        )


def test_the_ledger_has_no_word_of_whom_it_is_about(collecting: File) -> None:
    request = collecting()
    everything = b"\n".join(bytes(each.entry) for each in Leaf.objects.all())
    assert request.reference.encode() in everything
    assert MINE[1].encode() not in everything
    assert b"acct-7731" not in everything


def test_a_named_account_is_sealed_and_found_by_its_index(file: File) -> None:
    one, two = file(), file()
    first, second = first_account(one), first_account(two)
    assert bytes(first.index) == bytes(second.index)
    assert NamedAccount.objects.filter(index=first.index).count() == 2
