"""LEK: what people wrote, and what opens doors, stands in no dump, log, error page, header, job or entry."""

import contextlib
import logging
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import RequestFactory

from coordination.access.services import User
from coordination.channels.testing import Answer, FakePartner
from coordination.core import embedded
from coordination.core.embedded import binaries
from coordination.core.embedded.errors import EmbeddedDatabaseError
from coordination.ledger.models import Leaf
from coordination.outbox import dispatch, hosts
from coordination.partners.services import Agency
from coordination.referrals import selectors, services
from coordination.rest.views import server_error
from coordination.triage import services as triage
from tests.journeys import planting
from tests.journeys.canaries import Canaries
from tests.people import Cast
from tests.triage.conftest import FLAG
from tests.world import DestinationOf, OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)

SIGNING = "whsec_" + "Y2FuYXJ5IGluIHRoZSBzaWduaW5nIHNlY3JldCE="


@dataclass
class Told:
    """A journey of several cases, and what was left behind on the way."""

    canaries: Canaries
    references: list[str] = field(default_factory=list)
    log: str = ""
    headers: str = ""
    answers: list[bytes] = field(default_factory=list)


@pytest.fixture
def told(
    *,
    packs: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    sheriffs_system: FakePartner,
    cast: Cast,
    platform_system: User,
    liaison: User,
    senior_reviewer: User,
    duty_officer: User,
    administrator: User,
    agency: Agency,
    police_officer_of: OfficerOf,
    destination_of: DestinationOf,
) -> Told:
    """Tell the whole story at DEBUG: flags, cases, referrals, letters, partners' answers, sign-ins."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(
        logging.WARNING, logger="mail.log"
    )  # what the mail server outside writes down is its own
    monkeypatch.setenv("SECRET_TEST_SIGNING", SIGNING)
    canaries = Canaries()
    canaries.told("signing secret", SIGNING.removeprefix("whsec_"))
    told = Told(canaries)
    plant = canaries.plant
    destination = destination_of(agency, endpoint=sheriffs_system.url)
    officer = planting.officer(canaries, agency, cast)
    api = planting.client_of(canaries, officer, "read", "respond")

    for number in range(4):
        flag = planting.flag(canaries, platform_system, number)
        planting.decide(canaries, flag, senior_reviewer)
        assert flag.case is not None
        planting.work(canaries, flag.case, liaison, senior_reviewer)
        referral = planting.referral(canaries, flag.case, liaison, destination)
        if number == 0:
            services.return_(referral, by=duty_officer, reason=plant("reason of a return"))
            referral = services.submit(referral, by=liaison)
        digests = {e.pk: e.message.digest for e in selectors.addressees_of(referral) if e.message}
        services.approve(referral, by=duty_officer, digests=digests, reason=plant("reason of an approval"))
        status = 400 if number == 3 else 200
        sheriffs_system.will(
            Answer(status=status, body=plant("partner's answer").encode(), takes=status == 200)
        )
        dispatch.drain(destination.pk, "P0")
        told.references.append(referral.reference)
        if status == 200:
            told.answers += planting.partner_answers(canaries, api, referral, liaison, senior_reviewer)
    planting.sign_ins(canaries, administrator, cast)
    told.headers = planting.letters(canaries, settings, case=flag.case, agency=agency, by=duty_officer)
    hosts.pool().close()
    hosts.pool.cache_clear()
    spoken = capfd.readouterr()
    told.log = caplog.text + spoken.out + spoken.err
    caplog.clear()
    return told


def test_lek_two_hundred_canaries_stand_nowhere_in_the_clear(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    canaries = told.canaries
    assert len(canaries.planted) >= 200
    assert canaries.found_in(next(iter(canaries.planted)).encode().hex()), "the search finds what is there"
    assert told.log, "at DEBUG something was said"
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(args::text, ' '), '') FROM procrastinate_jobs")
        (jobs,) = cursor.fetchone()
    assert jobs
    entries = b"\n".join(bytes(entry) for entry in Leaf.objects.values_list("entry", flat=True))
    assert told.references[0].encode() in entries
    found = {
        "log at DEBUG": canaries.found_in(told.log),
        "headers of e-mails": canaries.found_in(told.headers),
        "arguments of jobs": canaries.found_in(jobs),
        "entries of the ledger": canaries.found_in(entries),
        "answers to partners": canaries.found_in(b"\n".join(told.answers)),
    }
    assert {place: sorted(set(where)) for place, where in found.items() if where} == {}
    dump = _dump()  # the last: where there is no pg_dump, this skips
    assert planting.CONTROL in dump
    assert all(reference in dump for reference in told.references)
    assert sorted(set(canaries.found_in(dump))) == []


def test_lek_an_error_says_nothing_of_what_was_sent(
    *,
    told: Told,
    platform_system: User,
    owner: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    settings.DEBUG, settings.PRODUCTION = False, True
    canaries = told.canaries
    client = planting.client_of(canaries, platform_system, "flag")
    client.raise_request_exception = False
    monkeypatch.setattr(triage, "receive", lambda **_: 1 / 0)
    body = {
        **FLAG,
        "content": canaries.plant("body of a request that fails"),
        "content_at": "2026-03-06T22:12:00Z",
    }
    answer = client.post("/api/v1/flags", body, HTTP_IDEMPOTENCY_KEY="k")
    assert answer.status_code == 500
    # A value that somebody changed in the database does not open: an error too.
    owner.execute("UPDATE outbox_message SET content = content || '\\x00'::bytea")
    reader = planting.client_of(canaries, User.objects.get(username="officer-0"), "read")
    reader.raise_request_exception = False
    listed = reader.get("/api/v1/messages").json()["results"]
    broken = reader.get(f"/api/v1/messages/{listed[0]['id']}")
    assert broken.status_code == 500
    page = server_error(
        RequestFactory().post("/admin/", {"text": canaries.plant("form of a page that fails")})
    )
    assert page.status_code == 500
    for each in (answer.content, broken.content, page.content, caplog.text):
        assert canaries.found_in(each) == []
    assert "ZeroDivisionError" in caplog.text, "the log says what went wrong"
    assert b"ZeroDivisionError" not in answer.content


def _dump() -> str:
    """Return a dump by the first pg_dump here that can read this server."""
    candidates = [shutil.which("pg_dump")]
    with contextlib.suppress(EmbeddedDatabaseError):
        candidates.append(str(binaries.installed() / "pg_dump"))
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    said = []
    for program in filter(None, candidates):
        if not Path(program).exists():
            continue
        url = embedded.url_of(connections["owner"].settings_dict)
        done = subprocess.run(
            [program, "--dbname", url.replace("postgres://", "postgresql://", 1)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
        said.append(done.stderr.strip())
    pytest.skip(
        f"No pg_dump here can read this server: install PostgreSQL's client programs. {' '.join(said)}"
    )
