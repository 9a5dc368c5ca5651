"""Planting canaries by the services and the API: what desk, people and partners say in a journey."""

from datetime import timedelta
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from rest_framework.test import APIClient

from coordination.access import selectors as access_selectors
from coordination.access import services as access
from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.services import Case
from coordination.channels import LetterBody, MessageKind, kit
from coordination.channels.testing import FakeMailbox
from coordination.outbox import dispatch
from coordination.outbox import services as outbox
from coordination.outbox.models import Delivery
from coordination.partners import services as partners
from coordination.partners.services import Agency, Destination
from coordination.referrals import selectors, services
from coordination.referrals.models import Question, Referral
from coordination.triage import selectors as triage_of
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.journeys.canaries import Canaries
from tests.people import Cast
from tests.triage.conftest import FLAG, FOUND

# It stands in the clear by design, so it shows that the search finds what is there.
CONTROL = "Threat against a school"


def flag(canaries: Canaries, by: User, number: int) -> Flag:
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
    client = client_of(canaries, by, "flag")
    assert client.post("/api/v1/flags", body, HTTP_IDEMPOTENCY_KEY=f"flag-{number}").status_code == 201
    return Flag.objects.get(external_id=f"lc-{number}")


def decide(canaries: Canaries, flag: Flag, by: User) -> None:
    triage.decide(
        flag,
        by=by,
        outcomes=["refer_police"],
        reasons=canaries.plant("reasons of a decision"),
        reopens_when=canaries.plant("what re-opens a decision"),
        departure=canaries.plant("why a rule is departed from"),
        assessment={
            **FOUND,
            "target_note": canaries.plant("target of an assessment"),
            "timing_note": canaries.plant("timing of an assessment"),
            "weapons": canaries.plant("weapons"),
            "protective": canaries.plant("what protects"),
            "framing": "fiction",
            "context": canaries.plant("context window of an assessment"),
            "note": canaries.plant("note of an assessment"),
        },
    )


def work(canaries: Canaries, case: Case, by: User, other: User) -> None:
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


def referral(canaries: Canaries, case: Case, by: User, destination: Destination) -> Referral:
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
    # What may be fiction leaves with the window around it.
    windows = [triage_of.context_of(flag) for flag in Flag.objects.filter(case=case)]
    for content in (plant("item"), plant("item"), "\n".join([plant("item"), *windows])):
        services.add_item(
            referral,
            by=by,
            title=plant("title of an item"),
            category="content",
            content=content,
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


def partner_answers(
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
        reply = api.post(f"/api/v1/messages/{message}/{path}", body, HTTP_IDEMPOTENCY_KEY=f"{path}-{message}")
        assert reply.status_code == 201, reply.content
        given.append(reply.content)
        if path == "questions":
            answer_question(canaries, referral, by, other)
    return given


def answer_question(canaries: Canaries, referral: Referral, by: User, other: User) -> None:
    question = Question.objects.get(addressee__referral=referral)
    asked = services.answer(question, by=by, text=canaries.plant("answer"))
    assert asked.message is not None
    services.approve_answer(asked, by=other, digest=asked.message.digest)


def officer(canaries: Canaries, agency: Agency, cast: Cast) -> User:
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


def sign_ins(canaries: Canaries, administrator: User, cast: Cast) -> None:
    plant = canaries.plant
    for number in range(6):
        person = access.create_person(f"person-{number}", by=None, password=plant("password"))
        access.set_password(person, password=plant("new password"))
        client = Client()
        for name, password in (
            (person.username, plant("wrong password")),
            (plant("wrong user name"), "x" * 12),
        ):
            client.post("/account/login/", {"login": name, "password": password}, follow=True)
        client_of(canaries, person, "read")
        bare = APIClient()
        bare.credentials(HTTP_AUTHORIZATION=f"Bearer {plant('token that is none')}")
        assert bare.get("/api/v1/messages").status_code == 401
    second_factor(canaries, administrator, cast)


def second_factor(canaries: Canaries, administrator: User, cast: Cast) -> None:
    """Let somebody in: a link, a password, the secret of an application in the session and then for good."""
    person = cast("custodian", username="somebody.new")
    _, plain = access.issue_enrolment(person)
    password, client = canaries.plant("password of an enrolment"), Client()
    given = {"way_in": canaries.told("way in", plain), "password": password, "again": password}
    client.post("/account/enrol/", given)
    client.post("/account/login/", {"login": person.username, "password": password})
    client.get("/account/mfa/totp/activate/")
    canaries.told("secret of an application in a session", client.session[totp.SECRET_SESSION_KEY])
    access.give_totp(person)
    sealed = access_selectors.factors_of(person).get().data["secret"]
    canaries.told("secret of an application", totp.decrypt(sealed))


def client_of(canaries: Canaries, user: User, *scopes: str) -> APIClient:
    _, plain = access.issue_token(user, by=None, name="test", scopes=scopes, expires_in=timedelta(days=1))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {canaries.told('token', plain)}")
    return client


def letters(canaries: Canaries, settings: Any, *, case: Case, agency: Agency, by: User) -> str:
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
