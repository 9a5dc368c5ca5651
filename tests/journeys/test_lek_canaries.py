"""LEK: what people wrote, and what opens doors, stands in no dump, log, error page, header, job or entry."""

import contextlib
import logging
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.channels import LetterBody, MessageKind, kit
from coordination.channels.testing import Answer, FakeMailbox, FakePartner
from coordination.core import embedded
from coordination.core.embedded import binaries
from coordination.core.embedded.errors import EmbeddedDatabaseError
from coordination.ledger.models import Leaf
from coordination.outbox import dispatch, hosts
from coordination.outbox import services as outbox
from coordination.outbox.models import Delivery
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Question, Referral
from coordination.rest.views import server_error
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.journeys.canaries import Canaries
from tests.people import Cast
from tests.triage.conftest import FLAG
from tests.world import DestinationOf, OfficerOf

pytestmark = pytest.mark.django_db(transaction=True)

SIGNING = "whsec_" + "Y2FuYXJ5IGluIHRoZSBzaWduaW5nIHNlY3JldCE="
# It stands in the clear by design, so it shows that the search finds what is there.
CONTROL = "Threat against a school"


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
    officer = _officer(canaries, agency, cast)
    api = _client(canaries, officer, "read", "respond")

    for number in range(4):
        flag = _flag(canaries, platform_system, number)
        _decide(canaries, flag, senior_reviewer)
        assert flag.case is not None
        _work(canaries, flag.case, liaison, senior_reviewer)
        referral = _referral(canaries, flag.case, liaison, destination)
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
            told.answers += _partner_answers(canaries, api, referral, liaison, senior_reviewer)
    _sign_ins(canaries, administrator, cast)
    told.headers = _letters(canaries, settings, case=flag.case, agency=agency, by=duty_officer)
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
    assert CONTROL in dump
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
    client = _client(canaries, platform_system, "flag")
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
    reader = _client(canaries, User.objects.get(username="officer-0"), "read")
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


def _flag(canaries: Canaries, by: User, number: int) -> Flag:
    plant = canaries.plant
    body = {
        **FLAG,
        "external_id": f"lc-{number}",
        "content": f"On Monday. {plant('content of a flag')}",
        "content_at": "2026-03-06T22:12:00Z",
        "context": plant("context of a flag"),
        "account": plant("account"),
        "apparent_target": plant("target"),
        "identifiers": [
            {"kind": "email", "value": f"{plant('e-mail')}@example.net", "provenance": "observed"},
            {"kind": "phone", "value": plant("telephone"), "provenance": "claimed_by_user"},
            {"kind": "device", "value": plant("device"), "provenance": "inferred"},
        ],
        "files": [{"name": plant("name of a file"), "sha256": "0" * 64}],
    }
    client = _client(canaries, by, "flag")
    assert client.post("/api/v1/flags", body, HTTP_IDEMPOTENCY_KEY=f"flag-{number}").status_code == 201
    return Flag.objects.get(external_id=f"lc-{number}")


def _decide(canaries: Canaries, flag: Flag, by: User) -> None:
    triage.decide(
        flag,
        by=by,
        outcomes=["refer_police"],
        reasons=canaries.plant("reasons of a decision"),
        reopens_when=canaries.plant("what re-opens a decision"),
    )


def _work(canaries: Canaries, case: Case, by: User, other: User) -> None:
    plant = canaries.plant
    for _ in range(2):
        cases.add_note(case, text=plant("note"), by=by)
    cases.add_subject(case, account=plant("second account"), by=by, note=plant("note on a subject"))
    cases.add_event(case, kind="test", title="A call", detail=plant("detail of an event"), by=by)
    task = cases.open_task(
        case,
        kind="call",
        title="Call back",
        role="safety_liaison",
        instructions=plant("instructions"),
        about="a:1",
    )
    cases.complete_task(task, by=by, outcome=plant("outcome of a task"))
    task = cases.open_task(case, kind="call", title="Call again", role="safety_liaison", about="a:2")
    cases.cancel_task(task, by=by, reason=plant("reason of a cancelled task"))
    cases.monitor_case(case, by=other, reason=plant("reason for watching"))
    cases.reopen_case(case, by=other, reason=plant("reason for re-opening"))


def _referral(canaries: Canaries, case: Case, by: User, destination: Destination) -> Referral:
    plant = canaries.plant
    texts = (
        "feared",
        "feared_when",
        "why_suspicious",
        "danger_reason",
        "prior_reports",
        "reporter",
        "consent",
    )
    referral = services.file(
        case,
        by=by,
        title=CONTROL,
        danger_to_life=True,
        priority="P0",
        **{name: plant(f"{name} of a referral") for name in texts},
    )
    for _ in range(3):
        services.add_item(
            referral,
            by=by,
            title=plant("title of an item"),
            category="content",
            content=plant("item"),
            provenance="observed",
            reason=plant("reason of an item"),
            basis="us.2702b8",
        )
        services.add_fact(
            referral,
            by=by,
            about="subject",
            label=plant("label of a fact"),
            value=plant("fact"),
            category="subscriber",
            provenance="observed",
            basis="us.2702c4",
            confidence=plant("confidence"),
        )
    services.add_addressee(referral, by=by, destination=destination)
    return services.submit(referral, by=by)


def _partner_answers(
    canaries: Canaries, api: APIClient, referral: Referral, by: User, other: User
) -> list[bytes]:
    plant = canaries.plant
    message = selectors.addressees_of(referral).get().message_id
    bodies: dict[str, dict[str, Any]] = {
        "acknowledge": {"reference": plant("partner's reference"), "acknowledged_by": plant("who has it")},
        "questions": {"question": plant("question")},
        "outcome": {"outcome": "welfare_check", "detail": plant("detail of an outcome")},
    }
    given = []
    for path, body in bodies.items():
        answer = api.post(
            f"/api/v1/messages/{message}/{path}", body, HTTP_IDEMPOTENCY_KEY=f"{path}-{message}"
        )
        assert answer.status_code == 201, answer.content
        given.append(answer.content)
        if path == "questions":
            _answer(canaries, referral, by, other)
    return given


def _answer(canaries: Canaries, referral: Referral, by: User, other: User) -> None:
    question = Question.objects.get(addressee__referral=referral)
    asked = services.answer(question, by=by, text=canaries.plant("answer"))
    assert asked.message is not None
    services.approve_answer(asked, by=other, digest=asked.message.digest)


def _officer(canaries: Canaries, agency: Agency, cast: Cast) -> User:
    plant = canaries.plant
    user = cast("officer", username="officer-0")
    made = partners.register_officer(
        agency,
        by=None,
        user=user,
        name=plant("name of an officer"),
        badge=plant("badge"),
        contact=plant("contact"),
    )
    partners.verify_officer(made, by=None, how_verified=plant("how an officer was verified"))
    return user


def _sign_ins(canaries: Canaries, administrator: User, cast: Cast) -> None:
    plant = canaries.plant
    for number in range(6):
        person = access.create_person(f"person-{number}", by=None, password=plant("password"))
        access.set_password(person, by=administrator, password=plant("new password"))
        client = Client()
        for name, password in (
            (person.username, plant("wrong password")),
            (plant("wrong user name"), "x" * 12),
        ):
            client.post("/admin/login/", {"username": name, "password": password}, follow=True)
        _client(canaries, person, "read")
        bare = APIClient()
        bare.credentials(HTTP_AUTHORIZATION=f"Bearer {plant('token that is none')}")
        assert bare.get("/api/v1/messages").status_code == 401


def _client(canaries: Canaries, user: User, *scopes: str) -> APIClient:
    _, plain = access.issue_token(user, by=None, name="test", scopes=scopes, expires_in=timedelta(days=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {canaries.told('token', plain)}")
    return client


def _letters(canaries: Canaries, settings: Any, *, case: Case, agency: Agency, by: User) -> str:
    """Send letters by real mail; return the headers of what came, attachments' too."""
    plant = canaries.plant
    with FakeMailbox() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        before = kit.current()
        kit.configure(kit.KitSettings.from_django(settings))
        destination = partners.add_destination(
            agency,
            by=None,
            title="Counsel",
            channel="counsel_email",
            config={"recipient": mailbox.address},
            how_known=plant("how a destination is known"),
        )
        for number in range(3):
            message = outbox.prepare(
                case,
                kind=MessageKind.LETTER,
                reference=f"L-{number}",
                origin=f"tests.letter:{number}",
                destination=destination,
                by=None,
                body=LetterBody(
                    subject_line=plant("subject of a letter"),
                    salutation=plant("salutation"),
                    paragraphs=(plant("paragraph"),),
                    signed_by=plant("signature"),
                ),
            )
            outbox.approve(message, digest=message.digest, by=by)
        dispatch.drain(destination.pk, "normal")
        kit.configure(before)
    assert len(mailbox.messages) == 3, [(each.state, each.last_error) for each in Delivery.objects.all()]
    return "\n".join(
        f"{name}: {value}"
        for mail in mailbox.messages
        for part in mail.walk()
        for name, value in part.items()
    )


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
