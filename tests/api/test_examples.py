"""docs/api.md is test code: each example runs as it stands, and each table says what the API says."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from rest_framework.test import APIClient

from coordination.access import services as access
from coordination.access.services import User
from coordination.datarequests.models import DataRequest
from coordination.inbox.selectors import answers_to
from coordination.triage.models import Flag
from tests.api.conftest import ClientFor, Sent, key

PAGE = (settings.BASE_DIR / "docs" / "api.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = [json.loads(each) for each in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
# Quiet, and an error where the answer is one: otherwise a refused example would look as if it had worked.
STRICT = 'set -eu\ncurl() { command curl --silent --show-error --fail "$@"; }\n'
FLAG = {
    "external_id": "f-1",
    "source": "classifier",
    "category": "self_harm",
    "content": "I will not be here tomorrow.",
    "content_at": "2026-03-06T23:12:00-07:00",
    "content_zone": "America/Denver",
    "account": "acct-7731",
    "provenance": "observed",
}


def _token(user: User, *scopes: str) -> str:
    _, plain = access.issue_token(
        user, by=None, name="x", scopes=scopes, expires_in=access.LONGEST_TOKEN_LIFE
    )
    return plain


def _run(*blocks: str, server: str, **variables: str) -> str:
    for program in ("bash", "curl", "openssl", "jq", "sha256sum"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the examples of docs/api.md are shell")
    text = "\n".join(blocks).replace("https://desk.lanternchat.example", server)
    script = f"{STRICT}API={server}/api/v1\n{text}"
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _documents(text: str) -> list[Any]:
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


@pytest.fixture
def document(api: APIClient) -> Any:
    """The OpenAPI document."""
    return api.get("/api/v1/schema").json()


@pytest.mark.django_db(transaction=True)
def test_every_call_of_a_partner_works_as_it_stands(live_server: Any, officer: User, sent: Sent) -> None:
    message = sent()
    partners, digest = SHELL[0], SHELL[1]
    given = {"TOKEN": _token(officer, "read", "respond"), "ID": str(message.pk), "server": live_server.url}
    listed, whole, *said = _documents(_run(partners, **given))
    assert [row["id"] for row in listed["results"]] == [whole["id"]] == [str(message.pk)]
    assert [each["kind"] for each in said] == ["acknowledgement", "question", "outcome"]
    assert answers_to(message.pk).count() == 3
    assert f"sha256:{_run(digest, **given).split()[0]}" == message.digest
    (schema,) = _documents(_run(SHELL[5], **given))
    assert schema["openapi"].startswith("3.1")


@pytest.mark.django_db(transaction=True)
def test_the_flag_of_the_page_is_taken_as_it_stands(live_server: Any, platform_system: User) -> None:
    helper = next(line for line in SHELL[0].splitlines() if line.startswith("say()"))
    out = _run(helper, SHELL[3], TOKEN=_token(platform_system, "flag"), server=live_server.url)
    (answer,) = _documents(out)
    assert set(answer) == {"id", "external_id", "received_at"}
    assert Flag.objects.get().external_id == answer["external_id"] == "flag-000123"
    answers = _documents(
        _run(helper, SHELL[4], TOKEN=_token(platform_system, "flag"), server=live_server.url)
    )
    assert [each["status"] for each in answers[0]["results"]] == [201]
    assert answers[1]["external_id"] == "/classifiers/harm#125"
    assert len(SHELL) == 6, "and no example is left"


@pytest.mark.django_db(transaction=True)
def test_the_data_request_of_the_page_is_taken_and_followed_as_it_stands(
    live_server: Any, officer: User, store: Any, tmp_path: Path
) -> None:
    helper = next(line for line in SHELL[0].splitlines() if line.startswith("say()"))
    given = {"TOKEN": _token(officer, "read", "submit"), "server": live_server.url}
    attached, listed, whole = _documents(_run(f"cd {tmp_path}", helper, SHELL[2], **given))
    assert attached["media_type"] == "application/pdf"
    assert [row["reference"] for row in listed["results"]] == [whole["reference"]]
    request = DataRequest.objects.get(reference=whole["reference"])
    assert (request.process, request.scan_sha256) == ("grand_jury_subpoena", attached["sha256"])
    assert (whole["state"], whole["process_attached"], whole["deficiencies"]) == ("received", True, [])


def test_the_commands_that_make_a_key_make_one(tmp_path: Path) -> None:
    commands = re.findall(r"`(openssl (?:genpkey|pkey) [^`]*)`", PAGE)
    assert len(commands) == 2
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    shown = [subprocess.run(each.split(), cwd=tmp_path, capture_output=True, check=True) for each in commands]
    assert isinstance(load_pem_public_key(shown[1].stdout), Ed25519PublicKey)


def test_the_problem_of_the_page_is_what_is_answered(client_for: ClientFor, platform_system: User) -> None:
    (shown,) = [each for each in EXAMPLES if "errors" in each]
    (wrong,) = shown["errors"]
    assert wrong["field"] in FLAG
    flag = {**FLAG, wrong["field"]: "2026-03-06T23:12:00"}
    answer = client_for(platform_system, "flag").post(shown["instance"], flag, **key())
    assert answer.json() == shown


def test_the_row_of_the_page_looks_like_a_row(api: APIClient, sent: Sent) -> None:
    sent()
    (shown,) = [each for each in EXAMPLES if "digest" in each]
    (row,) = api.get("/api/v1/messages").json()["results"]
    assert list(shown) == list(row)

    def form(value: str) -> str:
        return re.sub(r"\w", "x", value)

    for name in ("id", "reference", "sent_at", "filename"):
        assert form(shown[name]) == form(row[name]), name
    for name in ("kind", "priority", "state", "media_type"):
        assert shown[name] == row[name]


def test_what_may_be_left_out_of_an_answer_is_marked_so(document: Any) -> None:
    rows = re.findall(
        r"^\| `POST (/api/v1/messages/\{)id(\}/\w+)` \| `respond` \| `(.*?)`", PAGE, re.MULTILINE
    )
    assert len(rows) == 3
    for start, end, body in rows:
        schema = _body(document, f"{start}message_id{end}")
        shown = dict(re.findall(r'"(\w+)"(\??):', body))
        assert set(shown) == set(schema["properties"])
        assert {name for name, mark in shown.items() if not mark} == set(schema["required"])


def test_the_table_of_a_flag_is_what_the_document_says(document: Any) -> None:
    schema = _body(document, "/api/v1/flags")
    needed, known = set(), set()
    for names, need, said in re.findall(
        r"^\| (`[a-z_`, ]+`) \|(?: (needed))? \| (.*) \|$", PAGE, re.MULTILINE
    ):
        for name in re.findall(r"\w+", names):
            known.add(name)
            needed |= {name} if need else set()
            _check_words(document, schema["properties"][name], said)
    assert known == set(schema["properties"])
    assert needed == set(schema["required"])


def _check_words(document: Any, field: Any, said: str) -> None:
    """Hold what a row says of a field's words, or of the fields of what it lists, to the document."""
    words = _followed(document, field).get("enum")
    if words:
        assert set(re.findall(r"`(\w+)`", said)) == set(words)
    item = _followed(document, field.get("items", {}))
    if "properties" in item:
        shown = dict(re.findall(r'"(\w+)"(\??)', said))
        assert set(shown) == set(item["properties"])
        assert {name for name, mark in shown.items() if not mark} == set(item["required"])


def _body(document: Any, path: str) -> Any:
    content = document["paths"][path]["post"]["requestBody"]["content"]
    return _followed(document, content["application/json"]["schema"])


def _followed(document: Any, schema: Any) -> Any:
    """Return a schema, or the one that it refers to."""
    reference = schema.get("$ref") or next((each["$ref"] for each in schema.get("allOf", ())), "")
    if not reference:
        return schema
    return document["components"]["schemas"][reference.rpartition("/")[2]]
