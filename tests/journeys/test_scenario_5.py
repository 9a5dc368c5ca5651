"""Scenario 5: a grand-jury subpoena asks for messages. Subscriber data only; the undated gag stands.

Later slices add: the package fetched by the officer's own credential, and the letters to the court.
"""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases import services as case_services
from coordination.core import clock
from coordination.core.errors import NotFound, Refused
from coordination.datarequests import selectors, services
from coordination.evidence import services as evidence
from coordination.partners import selectors as partner_selectors
from coordination.partners.services import Agency
from tests.datarequests.conftest import DAY, FACE, SUBSCRIBER, ZONE, fresh, transcript
from tests.people import Cast
from tests.world import OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES = transcript(
    ("u-7731", DAY, "I know where you park."), ("ember", DAY + timedelta(minutes=1), "Stop.")
)


def test_a_subpoena_for_messages_gets_subscriber_data_and_the_gag_stands(
    *,
    packs: None,
    store: Any,
    agency: Agency,
    police_officer_of: OfficerOf,
    liaison: User,
    counsel: User,
    cast: Cast,
) -> None:
    officer = partner_selectors.officer_of(police_officer_of(agency))
    custodian, second = cast(Role.CUSTODIAN), cast(Role.CUSTODIAN, username="second_custodian")
    request = services.file(
        by=liaison,
        process="grand_jury_subpoena",
        agency=agency,
        officer=officer,
        requester="Assistant US Attorney, by the clerk",
        way="post",
        zone=ZONE,
        accounts=[("user_id", "u-7731")],
        **{**FACE, "categories": ["subscriber", "content"], "non_disclosure": True},
    )
    scan = io.BytesIO(b"%PDF-1.7\nGrand jury subpoena\n")
    services.attach_scan(request, by=liaison, content=scan, filename="subpoena.pdf")
    services.verify_requester(request, by=liaison, how="The clerk, on the number of our directory.")
    services.docket(request, by=liaison)
    request, looks = services.check_validity(request, by=liaison, addressed_right=True)

    # It asks beyond what it can compel, which is said with its source; a gag without an end is no deficiency.
    assert [each.code for each in looks if each.stops] == ["us.within-gate"]
    assert cases.open_task("seek_end_of_silence", request.origin) is not None
    with pytest.raises(Refused, match="does not hold on its face"):
        services.accept(request, by=counsel)
    services.narrow(request, by=counsel, categories=["subscriber"], reason="Content needs a warrant.")
    request, looks = services.check_validity(request, by=liaison)
    assert not [each for each in looks if each.stops]
    services.accept(request, by=counsel)

    # Silence is ordered: the user is not told, whatever anybody decides.
    with pytest.raises(Refused, match="not told"):
        services.give_notice(request, by=counsel)
    services.keep_silent(request, by=counsel)
    # The order hides the case: counsel lets in who collects and who checks, and nobody else.
    with pytest.raises(NotFound):
        services.collect(request, by=custodian)
    (compartment,) = cases.compartments_of(request.case)
    until = clock.now() + timedelta(days=30)
    for person in (custodian, second):
        case_services.admit(
            compartment, person=person, by=counsel, reason="Collects, or checks.", until=until
        )
    services.collect(request, by=custodian)
    (named,) = selectors.accounts_of(request)
    services.offer_candidates(named, by=custodian, candidates=["acct-7731"])
    named.refresh_from_db()

    def keep(content: bytes, *, messages: bool = False) -> Any:
        deed = evidence.import_transcript if messages else evidence.take_in
        kept, _ = deed(
            request.case.reference,
            by=custodian,
            content=io.BytesIO(content),
            filename="export.jsonl",
            why="Exported.",
        )
        return kept

    with pytest.raises(Refused) as refused:
        services.add_extract(
            fresh(request),
            by=custodian,
            account=named,
            category="content",
            exhibit=keep(MESSAGES, messages=True),
            speakers=["u-7731"],
        )
    assert refused.value.rule == "us.gate-grand-jury"
    assert "2703(c)(2)" in refused.value.citation
    services.add_item(request, by=custodian, account=named, category="subscriber", exhibit=keep(SUBSCRIBER))
    package = services.hand_in(request, by=custodian)
    services.quality_check(request, by=second, digest=package.digest)
    services.sign_off(request, by=counsel, digest=package.digest)
    produced = services.produce(request, by=custodian)

    assert produced.package is not None
    content = b"".join(evidence.content(produced.package))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        about = json.loads(archive.read("data/production.json"))
        held = b"".join(archive.read(name) for name in archive.namelist())
    assert [each["category"] for each in about["items"]] == ["subscriber"]
    assert b"Robin Vale" in held
    assert b"park" not in held
    # The order has no end, and outlasts the answer.
    with clock.frozen(clock.now() + timedelta(days=400)):
        assert services.silence_is_ordered(fresh(request))
