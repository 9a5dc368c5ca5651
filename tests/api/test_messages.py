"""What a partner's token opens, and what it does not."""

import hashlib
import json
import uuid
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.services import ApiToken, User
from coordination.cases import selectors as cases
from coordination.core import clock
from coordination.inbox.selectors import answers_to
from coordination.ledger.selectors import entries_about
from coordination.outbox import selectors as outbox
from coordination.outbox.models import Delivery
from coordination.partners import selectors as partners_read
from coordination.partners import services as partners
from coordination.partners.services import Agency
from coordination.referrals.models import Referral
from coordination.rest import edge
from tests.api.conftest import ClientFor, Sent, key
from tests.people import Cast
from tests.world import OfficerOf

LIST = "/api/v1/messages"

ANSWERS = [
    ("acknowledge", {"reference": "HC-26-1107"}),
    ("questions", {"question": "Is the school named?"}),
    ("outcome", {"outcome": "welfare_check", "detail": "He is with his family."}),
]


def _referral() -> Referral:
    return Referral.objects.get()


def test_the_list_shows_what_was_sent_to_the_own_agency(api: APIClient, sent: Sent) -> None:
    message = sent()
    response = api.get(LIST)
    assert response.status_code == 200
    assert set(response.json()) == {"next", "previous", "results"}
    [row] = response.json()["results"]
    sent_at = row.pop("sent_at")
    assert sent_at.endswith("Z")
    assert row == {
        "id": str(message.pk),
        "reference": message.reference,
        "kind": "referral",
        "priority": "P0",
        "state": "sent",
        "digest": message.digest,
        "media_type": "application/json",
        "filename": message.filename,
    }


def test_a_message_holds_exactly_the_approved_bytes_and_the_reading_is_recorded(
    api: APIClient, sent: Sent, officer: User
) -> None:
    message = sent()
    body = api.get(f"{LIST}/{message.pk}").json()
    content = b64decode(body["content_base64"])
    assert "sha256:" + hashlib.sha256(content).hexdigest() == body["digest"] == message.digest
    entry = entries_about(f"message:{message.pk}").filter(action="inbox.message_fetched").get()
    assert entry.data["by"] == officer.pk


def test_what_has_not_left_is_not_there(api: APIClient, approved: Callable[[], Referral]) -> None:
    referral = approved()
    message = outbox.messages_of(referral.origin).get()
    assert api.get(LIST).json()["results"] == []
    assert api.get(f"{LIST}/{message.pk}").status_code == 404


def test_an_answer_that_overtakes_our_own_record_is_heard(
    api: APIClient, approved: Callable[[], Referral]
) -> None:
    message = outbox.messages_of(approved().origin).get()
    assert api.post(f"{LIST}/{message.pk}/acknowledge", {"reference": "HC-1"}, **key()).status_code == 404
    Delivery.objects.filter(message=message).update(attempts_made=1)  # begun
    answer = api.post(f"{LIST}/{message.pk}/acknowledge", {"reference": "HC-1"}, **key("2"))
    assert answer.status_code == 201
    assert _referral().state == "acknowledged"


def test_what_is_not_approved_is_not_there_for_anybody(
    api: APIClient, in_review: Callable[[], Referral]
) -> None:
    message = outbox.messages_of(in_review().origin).get()
    assert api.get(f"{LIST}/{message.pk}").status_code == 404
    for path, body in ANSWERS:
        assert api.post(f"{LIST}/{message.pk}/{path}", body, **key(path)).status_code == 404


def test_idr_01_a_foreign_message_is_as_unknown_as_a_missing_one(
    api: APIClient, stranger: APIClient, sent: Sent
) -> None:
    message = sent()
    assert stranger.get(LIST).json()["results"] == []
    missing = uuid.uuid4()
    foreign, unknown = stranger.get(f"{LIST}/{message.pk}"), stranger.get(f"{LIST}/{missing}")
    nowhere = stranger.get("/api/v1/nothing-here")
    assert foreign.status_code == unknown.status_code == nowhere.status_code == 404
    assert foreign.content == unknown.content == nowhere.content
    assert dict(foreign.headers) == dict(unknown.headers)
    for path, body in ANSWERS:
        foreign = stranger.post(f"{LIST}/{message.pk}/{path}", body, **key(f"f-{path}"))
        unknown = stranger.post(f"{LIST}/{missing}/{path}", body, **key(f"u-{path}"))
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content
    assert not answers_to(message.pk).exists()


VERBS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]


@pytest.mark.parametrize("route", ["", "/acknowledge", "/questions", "/outcome", "/nothing"])
@pytest.mark.parametrize("verb", VERBS)
def test_idr_01_every_verb_on_every_route_tells_foreign_from_missing_to_nobody(
    verb: str, route: str, stranger: APIClient, sent: Sent
) -> None:
    message = sent()
    body = dict(ANSWERS).get(route.strip("/"), {})
    answers = [
        stranger.generic(
            verb.upper(),
            f"{LIST}/{wanted}{route}",
            json.dumps(body) if verb in {"post", "put", "patch"} else "",
            content_type="application/json",
            **key(f"{number}"),
        )
        for number, wanted in enumerate([message.pk, uuid.uuid4()])
    ]
    foreign, missing = answers
    assert foreign.status_code == missing.status_code >= 400
    assert dict(foreign.headers) == dict(missing.headers)
    own_paths = [
        answer.content.replace(str(wanted).encode(), b"")
        for answer, wanted in (
            (foreign, message.pk),
            (missing, str(missing.request["PATH_INFO"]).split("/")[4]),
        )
    ]
    assert own_paths[0] == own_paths[1]
    if foreign.status_code == 404:
        assert foreign.content == missing.content
    assert not answers_to(message.pk).exists()


def test_idr_09_a_foreign_and_a_missing_message_leave_on_the_same_stroke(
    stranger: APIClient, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it comes to is measured by `python -m benchmarks.existence`; this is what makes it so."""
    message = sent()
    waited: list[int] = []
    monkeypatch.setattr(edge, "_wait", lambda began: waited.append(1))
    for wanted in (message.pk, uuid.uuid4()):
        assert stranger.get(f"{LIST}/{wanted}").status_code == 404
    assert waited == [1, 1]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(method: str, api: APIClient, sent: Sent) -> None:
    message = sent()
    assert getattr(api, method)(f"{LIST}/{message.pk}").status_code == 405


def test_acknowledging_moves_the_referral_and_meets_the_clock(
    api: APIClient, sent: Sent, officer: User
) -> None:
    message = sent()
    body = {"reference": "HC-26-1107", "acknowledged_by": "Sergeant C. Reyes, watch desk"}
    response = api.post(f"{LIST}/{message.pk}/acknowledge", body, **key())
    assert response.status_code == 201
    said = response.json()
    assert (said["message"], said["kind"]) == (str(message.pk), "acknowledgement")
    referral = _referral()
    assert referral.state == "acknowledged"
    assert referral.agency_reference == "HC-26-1107"
    assert cases.deadlines_of(referral.case).get(code="policy.ack-p0").state == "met"
    assert api.get(f"{LIST}/{message.pk}").json()["state"] == "acknowledged"
    confirmed = cases.timeline(referral.case).get(kind="referrals.confirmed")
    assert (confirmed.by, confirmed.detail) == (officer, "Sergeant C. Reyes, watch desk")


def test_the_same_acknowledgement_again_is_answered_the_same_and_has_one_effect(
    api: APIClient, sent: Sent
) -> None:
    message = sent()
    path = f"{LIST}/{message.pk}/acknowledge"
    first = api.post(path, {"reference": "HC-1"}, **key())
    again = api.post(path, {"reference": "HC-1"}, **key())
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert answers_to(message.pk).count() == 1
    other = api.post(path, {"reference": "HC-2"}, **key())
    assert other.status_code == 422


def test_asking_and_reporting_reach_the_desk(api: APIClient, sent: Sent) -> None:
    message = sent()
    for path, body in ANSWERS:
        assert api.post(f"{LIST}/{message.pk}/{path}", body, **key(path)).status_code == 201
    referral = _referral()
    assert referral.state == "outcome"
    assert referral.outcome == "welfare_check"
    assert referral.questions.get().question == "Is the school named?"
    assert [each.kind for each in answers_to(message.pk)] == ["acknowledgement", "question", "outcome"]


def test_two_officers_may_use_the_same_key(
    api: APIClient, agency: Agency, police_officer_of: OfficerOf, client_for: ClientFor, sent: Sent
) -> None:
    message = sent()
    colleague = client_for(police_officer_of(agency, username="colleague"))
    for client in (api, colleague):
        response = client.post(f"{LIST}/{message.pk}/questions", {"question": f"{id(client)}?"}, **key())
        assert response.status_code == 201
    assert _referral().questions.count() == 2


@pytest.mark.parametrize(("path", "body"), ANSWERS)
def test_an_answer_needs_an_idempotency_key(path: str, body: Any, api: APIClient, sent: Sent) -> None:
    response = api.post(f"{LIST}/{sent().pk}/{path}", body)
    assert response.status_code == 400
    assert response.json()["type"].endswith("idempotency-key-missing")


@pytest.mark.parametrize(("path", "body"), ANSWERS)
@pytest.mark.parametrize("extra", ["approved", "status", "state", "agency", "by", "message_id"])
def test_scp_08_mass_assignment_is_refused_by_name(
    path: str, body: dict[str, Any], extra: str, api: APIClient, sent: Sent
) -> None:
    message = sent()
    response = api.post(f"{LIST}/{message.pk}/{path}", {**body, extra: True}, **key())
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [extra]
    assert _referral().state == "sent"
    assert not answers_to(message.pk).exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("acknowledge", {}, "reference"),
        ("acknowledge", {"reference": 7}, "reference"),
        ("acknowledge", {"reference": True}, "reference"),
        ("acknowledge", {"reference": ["HC-1"]}, "reference"),
        ("acknowledge", {"reference": None}, "reference"),
        ("acknowledge", {"reference": "x" * 121}, "reference"),
        ("acknowledge", {"reference": "  "}, "reference"),
        ("questions", {"question": {"a": 1}}, "question"),
        ("questions", {"question": "x" * 10_001}, "question"),
        ("outcome", {"outcome": "won"}, "outcome"),
        ("outcome", {"outcome": True}, "outcome"),
        ("outcome", {"outcome": ["arrest"]}, "outcome"),
        ("outcome", {"outcome": "arrest", "detail": 1}, "detail"),
    ],
)
def test_par_06_type_confusion_is_a_400_that_names_the_field(
    path: str, body: dict[str, Any], field: str, api: APIClient, sent: Sent
) -> None:
    message = sent()
    response = api.post(f"{LIST}/{message.pk}/{path}", body, **key())
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not answers_to(message.pk).exists()


def test_a_token_without_the_scope_is_refused(officer: User, client_for: ClientFor, sent: Sent) -> None:
    message = sent()
    reader, writer = client_for(officer, "read"), client_for(officer, "respond")
    assert reader.post(f"{LIST}/{message.pk}/acknowledge", {"reference": "1"}, **key()).status_code == 403
    assert writer.get(LIST).status_code == 403
    assert APIClient().get(LIST).status_code == 401


def test_somebody_without_an_agency_sees_nothing(cast: Cast, client_for: ClientFor, sent: Sent) -> None:
    message = sent()
    client = client_for(cast("officer", username="nobody"))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}/{message.pk}").status_code == 403


def test_a_suspended_agency_sees_nothing_at_once(api: APIClient, agency: Agency, sent: Sent) -> None:
    message = sent()
    partners.suspend_agency(agency, by=None, reason="A forged request came from its mailbox.")
    assert api.get(f"{LIST}/{message.pk}").status_code == 403


def test_edr_08_an_officer_verified_thirteen_months_ago_sees_nothing(
    agency: Agency, police_officer_of: OfficerOf, client_for: ClientFor, sent: Sent
) -> None:
    message = sent()
    long_ago = clock.now() - timedelta(days=395)
    with clock.frozen(long_ago):
        officer = police_officer_of(agency, username="long_ago")
    client = client_for(officer)
    assert client.get(f"{LIST}/{message.pk}").status_code == 403


def test_the_list_costs_the_same_for_one_message_and_for_many(api: APIClient, sent: Sent) -> None:
    sent()
    api.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as one:
        api.get(LIST)
    for _ in range(4):
        sent()
    with CaptureQueriesContext(connection) as many:
        assert len(api.get(LIST).json()["results"]) == 5
    # Of them, three are the doors' (the address, who the caller is, the count), one tries the ledger.
    assert len(one) == len(many) <= 10


def test_pages_go_on_by_cursor(api: APIClient, sent: Sent) -> None:
    wanted = [str(sent().pk) for _ in range(3)][::-1]
    first = api.get(LIST, {"limit": 2}).json()
    second = api.get(first["next"]).json()
    assert [row["id"] for row in [*first["results"], *second["results"]]] == wanted
    assert second["next"] is None
    assert api.get(LIST, {"limit": 0}).status_code == 400
    assert api.get(LIST, {"cursor": "nonsense"}).status_code == 400


@pytest.mark.parametrize("how", ["officer", "agency", "scope", "token"])
def test_an_earlier_answer_is_not_told_to_who_may_not_act_any_more(
    api: APIClient, officer: User, sent: Sent, client_for: ClientFor, how: str
) -> None:
    address = f"/api/v1/messages/{sent().pk}/acknowledge"
    assert api.post(address, {"reference": "HC"}, format="json", **key()).status_code == 201
    assert api.post(address, {"reference": "HC"}, format="json", **key())["Idempotent-Replayed"] == "true"
    record = partners_read.officer_of(officer)
    assert record is not None
    if how == "officer":
        partners.suspend_officer(record, by=None, reason="Left the service.")
    elif how == "agency":
        partners.suspend_agency(record.agency, by=None, reason="A forged request.")
    elif how == "token":
        for token in ApiToken.objects.filter(user=officer):
            access.revoke_token(token, by=None, reason="It was lost.")
    else:
        api = client_for(officer, "read")
    answer = api.post(address, {"reference": "HC"}, format="json", **key())
    assert answer.status_code == (401 if how == "token" else 403)
    assert "Idempotent-Replayed" not in answer
