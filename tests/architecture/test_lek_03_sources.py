"""LEK-03: no page of the desk asks a foreign host for anything: its source, and what a browser is allowed."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.architecture.source import ROOT

PAGES = sorted(
    path
    for place in ("templates", "coordination", "plugins")
    for kind in ("*.html", "*.css", "*.js", "*.svg")
    for path in (ROOT / place).rglob(kind)
)
# What a browser fetches by itself, as soon as it reads it. A link that somebody follows is none of these.
FETCHED = re.compile(
    r"""(?:\b(?:src|srcset|poster|data|action|formaction|manifest|background)\s*=\s*["']?\s*"""
    r"""|url\(\s*["']?\s*|@import\s+["']?\s*|<link\b[^>]*\bhref\s*=\s*["']?\s*|\bimport\s*\(?\s*["']"""
    r"""|\bfetch\(\s*["'`])((?:https?:|wss?:)?//[^\s"'`)>]*)""",
    re.IGNORECASE,
)
AHEAD = re.compile(
    r"""rel\s*=\s*["']?[^"'>]*\b(?:dns-prefetch|preconnect|prefetch|prerender)\b""", re.IGNORECASE
)
OWN = {"'self'", "'none'", "data:"}
FETCHES = (
    "default-src",
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "connect-src",
    "frame-src",
    "form-action",
)


def test_lek_03_there_are_sources_to_read() -> None:
    assert len(PAGES) > 20


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_lek_03_a_source_names_no_foreign_host_to_fetch_from(path: Path) -> None:
    text = path.read_text()
    assert FETCHED.findall(text) == []
    assert AHEAD.findall(text) == []


@pytest.mark.parametrize(
    "line",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<img src=//tracker.example/1.gif>",
        "body { background: url('http://fonts.example/a.woff') }",
        "@import 'https://fonts.example/css';",
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        "fetch('wss://elsewhere.example/')",
        '<form action="https://elsewhere.example/">',
    ],
)
def test_lek_03_a_foreign_host_in_a_source_would_be_found(line: str) -> None:
    assert FETCHED.search(line)


def test_lek_03_an_address_looked_up_ahead_would_be_found() -> None:
    assert AHEAD.search('<link rel="dns-prefetch" href="//cdn.example">')


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/api/v1/messages", "/nothing-here"])
def test_lek_03_the_browser_is_allowed_no_foreign_host(client: Client, address: str) -> None:
    answer: Any = client.get(address, follow=True)
    policy = {
        name: values
        for name, *values in (each.split() for each in answer.headers["Content-Security-Policy"].split(";"))
    }
    assert policy["default-src"] == ["'none'"]
    for name in FETCHES:
        foreign = {value for value in policy.get(name, []) if not value.startswith("'nonce-")} - OWN
        assert foreign == set(), f"{name} on {address}"
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
