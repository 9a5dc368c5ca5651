"""What holds for every request and answer, whatever stands behind it."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from coordination.access.models import User
from coordination.rest import edge
from tests.core.test_checks import PRODUCTION
from tests.doors import signed_in

DESK = override_settings(ROOT_URLCONF="coordination.urls")
PAGES = ["/admin/login/", "/admin/", "/api/v1/messages", "/api/nothing", "/nothing", "/inbound/1/"]


@pytest.mark.parametrize("path", PAGES)
@DESK
def test_every_answer_is_closed(db: None, client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@DESK
def test_what_stands_behind_the_door_is_kept_by_nobody(client: Client, administrator: User) -> None:
    signed_in(administrator, client)
    for path in ("/admin/", "/admin/access/user/", f"/admin/access/user/{administrator.pk}/change/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


@DESK
def test_no_page_holds_a_script_or_a_style_of_its_own(client: Client, administrator: User) -> None:
    signed_in(administrator, client)
    for path in ("/admin/", "/admin/access/user/add/", "/admin/partners/agency/add/"):
        page = client.get(path).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert "<script" in page or "/add/" in path
        assert all(" src=" in tag.split(">")[0] for tag in page.split("<script")[1:])


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/messages", "/inbound/1/", "/nothing"])
@pytest.mark.parametrize("name", ["HTTP_HOST", "SERVER_NAME"])
@DESK
def test_aut_06_a_host_that_is_not_ours_is_answered_nowhere(
    db: None, client: Client, path: str, name: str
) -> None:
    answer = client.get(path, **{name: "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content
    if path.startswith("/api/"):
        assert answer.json()["type"].endswith("bad-request")


@DESK
def test_aut_06_a_forwarded_host_is_nobodys_word(db: None, client: Client) -> None:
    answer = client.get("/admin/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer["Location"]


TOO_MUCH: list[tuple[str, int, dict[str, Any]]] = [
    ("address-too-long", 414, {"QUERY_STRING": "a=" + "b" * 4096}),
    ("headers-too-large", 431, {f"HTTP_X_{number}": "1" for number in range(101)}),
    ("headers-too-large", 431, {"HTTP_X_LONG": "1" * 33_000}),
    ("body-too-large", 413, {"CONTENT_LENGTH": str(10 * 1024 * 1024 + 1)}),
    ("body-too-large", 413, {"CONTENT_LENGTH": "9" * 18}),
    ("bad-request", 400, {"CONTENT_LENGTH": "-1"}),
    ("bad-request", 400, {"CONTENT_LENGTH": "ten"}),
    ("bad-request", 400, {"CONTENT_LENGTH": "9" * 5_000}),
]


@pytest.mark.parametrize(("code", "status", "extra"), TOO_MUCH)
@pytest.mark.parametrize("path", ["/api/v1/echo", "/api/nothing", "/elsewhere"])
def test_what_is_too_large_is_refused_by_name_before_anything_reads_it(
    db: None, code: str, status: int, extra: dict[str, Any], path: str
) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = APIClient(raise_request_exception=False).get(path, **extra)
    assert len(asked) == 0
    assert answer.status_code == status
    if path.startswith("/api/"):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:coordination:problem:{code}"


@pytest.mark.parametrize("path", ["/api/v1/messages", "/api/nothing", "/inbound/1/"])
@pytest.mark.parametrize("verb", ["get", "post"])
@DESK
def test_a_program_that_came_without_tls_is_refused_and_not_led_on(
    settings: Any, client: Client, path: str, verb: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = getattr(client, verb)(path)
    assert (answer.status_code, answer.headers.get("Location")) == (403, None)
    assert answer.json()["type"] == "urn:coordination:problem:https-required"


@DESK
def test_a_browser_that_came_without_tls_is_led_to_it(settings: Any, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/admin/").headers["Location"] == "https://testserver/admin/"


@DESK
def test_what_came_by_tls_is_answered_by_its_route(db: None, settings: Any, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/api/v1/messages", secure=True).status_code == 401


def test_a_path_that_is_too_long_is_refused(db: None) -> None:
    assert APIClient().get("/api/v1/" + "a" * 2048).status_code == 414


def test_what_just_fits_is_read(api: APIClient) -> None:
    answer = api.get("/api/v1/entries?cursor=" + "b" * 4000, headers={"X-Long": "1" * 30_000})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


def test_a_404_of_a_route_leaves_on_the_stroke(api: APIClient) -> None:
    def spent(path: str) -> float:
        began = time.perf_counter()
        assert api.get(path).status_code == 404
        return time.perf_counter() - began

    assert min(spent("/api/v1/raises/not-found") for _ in range(5)) >= edge.STROKE


def test_what_is_there_and_a_route_that_is_none_are_not_held(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "_wait", lambda began: pytest.fail("was held"))
    assert api.get("/api/v1/echo").status_code == 200
    assert api.get("/api/v1/nowhere").status_code == 404


def test_a_wait_ends_on_a_whole_stroke(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(edge.time, "sleep", slept.append)
    monkeypatch.setattr(edge.time, "perf_counter", lambda: 100.0123)
    edge._wait(100.0)
    assert slept == [pytest.approx(edge.STROKE - 0.0123)]


def test_the_documentation_shows_the_transport_line_that_production_sends(tmp_path: Any) -> None:
    script = (
        "import django; django.setup();"
        "from django.http import HttpResponse; from django.middleware.security import SecurityMiddleware;"
        "from django.test import RequestFactory;"
        "asked = RequestFactory().get('/', secure=True, headers={'host': 'desk.example'});"
        "print(SecurityMiddleware(lambda _: HttpResponse())(asked)['Strict-Transport-Security'])"
    )
    environment = {"PATH": os.defpath, "STATIC_ROOT": str(tmp_path), **PRODUCTION}
    environment |= {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    environment |= {"DJANGO_SETTINGS_MODULE": "coordination.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=configured.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    page = (configured.BASE_DIR / "docs" / "operations.md").read_text()
    assert f"    Strict-Transport-Security: {done.stdout.strip()}\n" in page, done.stderr


def test_production_cookies_are_of_this_host_alone_and_its_transport_is_told(tmp_path: Any) -> None:
    script = (
        "from django.conf import settings as s; import coordination.settings as own;"
        "print(own.SESSION_COOKIE_NAME, own.CSRF_COOKIE_NAME, own.SESSION_COOKIE_SECURE,"
        " own.CSRF_COOKIE_SECURE, own.SESSION_COOKIE_HTTPONLY, own.SECURE_HSTS_SECONDS >= 31536000,"
        " own.SECURE_SSL_REDIRECT, getattr(own, 'SESSION_COOKIE_DOMAIN', None))"
    )
    environment = {"PATH": os.defpath, "STATIC_ROOT": str(tmp_path)} | PRODUCTION
    environment |= {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=configured.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["__Host-session", "__Host-csrf", *["True"] * 5, "None"], done.stderr
