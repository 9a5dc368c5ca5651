"""A person at the desk, over real HTTP: signs in, opens pages, fills in the forms that are on them."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from coordination.desk.demo.telling import StoryFailed

OK, CREATED, SEE_OTHER = 200, 201, (301, 302, 303)
CODE_LASTS = 30.0


@dataclass
class Form:
    """One form of a page: where it posts, and what it holds already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """What came back."""

    status: int
    url: str
    text: str
    forms: list[Form]
    errors: list[str]

    def form(self, ending: str) -> Form:
        """Return the form whose action ends so."""
        for form in self.forms:
            if form.action.endswith(ending):
                return form
        raise StoryFailed(f"{urlsplit(self.url).path} has no form for {ending}")

    def link(self, part: str) -> bool:
        """Tell whether the text is on the page."""
        return part in self.text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.errors: list[str] = []
        self._form: Form | None = None
        self._area = self._select = ""
        self._error = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(has.get("action", ""))
            self.forms.append(self._form)
        classes = set() if "hidden" in has else set(has.get("class", "").split())
        if (tag == "li" and "error" in classes) or "field-error" in classes:
            self._error = 1
            self.errors.append("")
        if self._form is None:
            return
        if tag == "input" and has.get("type") not in ("checkbox", "radio", "submit"):
            self._form.fields[has.get("name", "")] = has.get("value", "")
        elif tag == "input" and has.get("type") == "checkbox" and "checked" in has:
            self._form.fields[has.get("name", "")] = has.get("value", "on")
        elif tag == "textarea":
            self._area = has.get("name", "")
            self._form.fields[self._area] = ""
        elif tag == "select":
            self._select = has.get("name", "")
        elif tag == "option" and self._select and "selected" in has:
            self._form.fields[self._select] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""
        if tag in ("li", "p"):
            self._error = 0

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.fields[self._area] += data
        if self._error:
            self.errors[-1] += data


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, base: str, name: str) -> None:
        self.base = base
        self.name = name
        self.cookies: dict[str, str] = {}
        self.http = urllib3.PoolManager(timeout=urllib3.Timeout(15.0), retries=False)

    def sign_in(self, username: str, password: str, code: Callable[[], str]) -> Page:
        """Sign in through the pages that everybody uses: password, then the code of the application.

        A code works once and for half a minute: where somebody just used it, the next one is waited for.
        """
        page = self.open("/admin/login/?next=/admin/")
        form = next(form for form in page.forms if "password" in form.fields)
        page = self.post(form, {"login": username, "password": password}, at=page.url)
        form = next(form for form in page.forms if "code" in form.fields)
        answer = self.try_to(form, {"code": code()}, at=page.url)
        if answer.errors:
            time.sleep(CODE_LASTS - time.time() % CODE_LASTS + 0.2)
            answer = self.post(form, {"code": code()}, at=page.url)
        return answer

    def open(self, path: str) -> Page:
        """Open a page."""
        return self._fetch("GET", urljoin(self.base, path))

    def post(self, form: Form, values: dict[str, Any], *, at: str = "") -> Page:
        """Send a form; where the desk says no, raise StoryFailed with its words."""
        page = self.try_to(form, values, at=at)
        if page.status != OK or page.errors:
            said = "; ".join(" ".join(error.split()) for error in page.errors) or f"HTTP {page.status}"
            raise StoryFailed(f"{self.name} at {urlsplit(form.action).path}: {said}")
        return page

    def try_to(self, form: Form, values: dict[str, Any], *, at: str = "") -> Page:
        """Send a form and return what came back, whatever it is."""
        fields: list[tuple[str, str]] = []
        for name, value in {**form.fields, **values}.items():
            many = value if isinstance(value, list | tuple) else [value]
            fields += [(name, str(each)) for each in many if each is not None]
        return self._fetch("POST", urljoin(at or self.base, form.action or at), urlencode(fields))

    def _fetch(self, method: str, url: str, body: str | None = None) -> Page:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": url}
        response = self.http.request(method, url, body=body, headers=headers, redirect=False)
        self._keep(response.headers.getlist("Set-Cookie"))
        if response.status in SEE_OTHER:
            return self._fetch("GET", urljoin(url, response.headers["Location"]))
        text = response.data.decode()
        reader = _Reader()
        reader.feed(text)
        return Page(response.status, url, text, reader.forms, reader.errors)

    def _keep(self, set_cookies: Iterable[str]) -> None:
        for header in set_cookies:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value


def call_api(
    base: str, path: str, token: str, body: dict[str, Any], *, key: str
) -> tuple[int, dict[str, Any]]:
    """POST to the API with a token, as a system of the platform would."""
    response = urllib3.request(
        "POST",
        f"{base}/api/v1/{path}",
        body=json.dumps(body),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        },
        timeout=15.0,
        retries=False,
    )
    return response.status, json.loads(response.data or b"{}")
