"""The ledger's page is for reading, by few."""

import html
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from coordination.access.models import User
from coordination.cases.services import Case
from coordination.ledger import services
from coordination.ledger.admin import LeafAdmin
from coordination.ledger.models import WHO, Leaf
from coordination.partners.services import Agency
from tests.doors import signed_in

PAGE = "/admin/ledger/leaf/"


@pytest.fixture
def leaf(db: None) -> Leaf:
    return services.record("cases.opened", subject="C-1", by=None, details={"severity": "high"})


@pytest.mark.parametrize(("role", "reads"), [("auditor", True), ("counsel", True), ("reviewer", False)])
def test_only_some_roles_read_the_ledger(request: pytest.FixtureRequest, role: str, reads: bool) -> None:
    asked = RequestFactory().get(PAGE)
    asked.user = request.getfixturevalue(role)
    page = LeafAdmin(Leaf, admin.site)
    assert page.has_view_permission(asked) is reads
    assert page.has_module_permission(asked) is reads


def test_nobody_adds_changes_or_deletes(auditor: User, leaf: Leaf) -> None:
    asked = RequestFactory().get(PAGE)
    asked.user = auditor
    page = LeafAdmin(Leaf, admin.site)
    assert not page.has_add_permission(asked)
    assert not page.has_change_permission(asked, leaf)
    assert not page.has_delete_permission(asked, leaf)
    assert page.get_actions(asked) == {}


def test_an_auditor_finds_an_entry_by_its_record(client: Client, auditor: User, leaf: Leaf) -> None:
    signed_in(auditor, client)
    services.record("cases.opened", subject="C-10", by=None)
    found = client.get(PAGE, {"q": "C-1"})
    assert found.status_code == 200
    assert list(found.context["cl"].queryset) == [leaf]
    shown = client.get(f"{PAGE}{leaf.pk}/change/")
    assert shown.status_code == 200
    assert bytes(leaf.leaf_hash).hex() in shown.content.decode()


def _listed(client: Client, **asked: str) -> list[Leaf]:
    answer = client.get(PAGE, asked)
    assert answer.status_code == 200, answer.get("Location")
    return list(answer.context["cl"].result_list)


def test_the_list_names_people_and_utc_and_links_to_what_the_reader_may_see(
    client: Client, auditor: User, reviewer: User, agency: Agency
) -> None:
    signed_in(auditor, client)
    at = datetime(2026, 3, 6, 23, 12, 7, tzinfo=timezone(timedelta(hours=-7)))
    services.record("partners.looked_at", subject=f"agency:{agency.pk}", by=reviewer, at=at)
    services.record("cases.opened", subject="C-0000-0000", by=None)
    page = client.get(PAGE).content.decode()
    assert "2026-03-07 06:12:07 UTC" in page
    assert reviewer.get_full_name() in page
    assert "the system" in page
    assert f'<a href="/admin/partners/agency/{agency.pk}/change/">agency:{agency.pk}</a>' in page
    assert "C-0000-0000</a>" not in page
    assert agency.name in page
    services.record("access.looked_at", subject=f"user:{reviewer.pk}", by=None)
    named = f'user:{reviewer.pk}</a> <span class="quiet">{reviewer.get_full_name()}</span>'
    assert named.replace("</a>", "") in client.get(PAGE).content.decode().replace("</a>", "")


def test_no_link_leads_to_a_case_that_the_reader_is_not_let_into(
    client: Client, administrator: User, auditor: User, case: Case
) -> None:
    address = f"/admin/cases/case/{case.reference}/change/"
    signed_in(administrator, client)
    assert address not in client.get(PAGE).content.decode()
    signed_in(auditor, client)
    assert (address in client.get(PAGE).content.decode()) is (client.get(address).status_code == 200)


def test_the_list_is_filtered_by_action_person_and_date(
    client: Client, auditor: User, reviewer: User, counsel: User
) -> None:
    signed_in(auditor, client)
    details = {"by": 7, "kind": f'"by":{counsel.pk},'}
    mine = services.record("tests.done", subject="T-1", by=reviewer, details=details)
    long_ago = services.record(
        "tests.done_before", subject="T-2", by=None, at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert _listed(client, action="tests.done") == [mine]
    assert _listed(client, by=str(reviewer.pk)) == [mine]
    assert _listed(client, by=str(counsel.pk)) == []
    assert long_ago in _listed(client, by="system")
    assert mine not in _listed(client, by="system")
    assert _listed(client, recorded_at__lt="2021-01-01T00:00:00Z") == [long_ago]
    assert _listed(client, action="tests.done", by="system") == []
    assert _listed(client, by="²") == _listed(client, action="x'y") == []


@pytest.mark.parametrize("name", ["recorded_at__gte", "recorded_at__lt"])
@pytest.mark.parametrize(
    "value",
    [
        *("0001-01-01", "9999-12-31", "1989-12-31", "10000-01-01", "²"),
        *("0001-01-01 00:00:00+23:59", "9999-12-31 23:59:59-23:59"),
    ],
)
def test_a_time_that_no_entry_can_have_is_an_unknown_value_of_the_filter(
    client: Client, auditor: User, name: str, value: str
) -> None:
    signed_in(auditor, client)
    answer = client.get(PAGE, {name: value})
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?e=1")


def test_a_day_without_a_zone_and_the_links_of_the_filter_are_understood(
    client: Client, auditor: User, leaf: Leaf
) -> None:
    signed_in(auditor, client)
    assert leaf in _listed(client, recorded_at__gte="1990-01-01")
    page = client.get(PAGE)
    (when,) = [each for each in page.context["cl"].filter_specs if each.title == "recorded at"]
    for link in when.choices(page.context["cl"]):
        answer = client.get(PAGE + link["query_string"])
        assert leaf in answer.context["cl"].result_list, link


def test_each_filter_is_answered_from_an_index(db: None) -> None:
    # So many that the order costs more than the condition, whatever the statistics of the table say.
    services.record_many(services.entry("tests.done", subject=f"T-{n}", by=None) for n in range(2_000))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = Leaf.objects.alias(who=WHO).filter(who="7").order_by("-id")
    assert "ledger_leaf_who" in rows.explain()


def test_a_page_asks_no_more_for_many_entries_than_for_few(
    client: Client, auditor: User, reviewer: User, agency: Agency
) -> None:
    signed_in(auditor, client).get(PAGE)  # what a process asks once, it has asked
    counts = []
    for _ in range(2):
        for _ in range(10):
            services.record("tests.done", subject=f"agency:{agency.pk}", by=reviewer)
        with CaptureQueriesContext(connection) as asked:
            client.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_page_of_an_entry_shows_its_canonical_json(client: Client, auditor: User, leaf: Leaf) -> None:
    signed_in(auditor, client)
    shown = client.get(f"{PAGE}{leaf.pk}/change/").content.decode()
    assert bytes(leaf.entry).decode() in html.unescape(shown)
    assert "the system" in shown
    assert client.get(f"{PAGE}{leaf.pk + 999}/change/").status_code in {302, 404}
