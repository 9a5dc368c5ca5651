"""Headless Chromium before the real desk, served over HTTP with the application's database role."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.channels.testing import FakePartner
from coordination.outbox import hosts
from tests.doors import fresh_code_of
from tests.people import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Root has no user namespaces to sandbox with; CI machines have little shared memory.
ARGUMENTS = ["--disable-gpu", "--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
WATCH = (
    "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
)

Desk = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium of the distribution; nothing is downloaded."""
    if CHROMIUM is None:
        pytest.skip("There is no chromium on this machine: apt-get install chromium.")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # Playwright's loop runs in this thread; the tests' own queries are meant to block it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Watched:
    """What no page may do: break the Content-Security-Policy, fail in a script, or call another host."""

    def __init__(self, base: str) -> None:
        self.base = urlsplit(base).netloc
        self.wrong: list[str] = []

    def over(self, page: Any) -> None:
        """Watch one page."""
        page.add_init_script(WATCH)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type == "error" and ("CSP" in message.text or "Content Security Policy" in message.text):
            self.wrong.append(message.text)

    def _request(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme.startswith("http") and address.netloc != self.base:
            self.wrong.append(f"foreign host: {address.netloc}")


@pytest.fixture
def desk(chromium: Any, live_server: Any) -> Iterator[Desk]:
    """Open the desk as somebody: `desk(user)` signs in and returns their page."""
    contexts = []
    watched = Watched(live_server.url)

    def sign_in(user: User, *, scheme: str = "light", password: str = PASSWORD) -> Any:
        if password == PASSWORD:
            access.set_password(user, password=PASSWORD)
        access.give_totp(user)
        context = chromium.new_context(
            base_url=live_server.url, color_scheme=scheme, viewport={"width": 1360, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        watched.over(page)
        page.goto("/admin/")
        page.fill("#id_login", user.username)
        page.fill("#id_password", password)
        page.click("text=Continue")
        page.fill("#id_code", fresh_code_of(user))
        page.click("button:text-is('Sign in')")
        page.wait_for_selector("#logout-form")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert not watched.wrong


@pytest.fixture
def partner(signing_secret: str) -> Iterator[FakePartner]:
    """A police portal: a real HTTP server that drops ids it has seen."""
    with FakePartner() as server:
        yield server
    hosts.pool().close()
    hosts.pool.cache_clear()


@pytest.fixture
def demo_files(settings: Any, tmp_path: Path) -> Path:
    """Keep what the demo keeps away from the checkout."""
    settings.VAR_DIR = tmp_path
    settings.SECRETS_DIR = str(tmp_path / "secrets")
    return tmp_path
