"""Before every page: no second factor, no page; after a pause, the factor again; after 12 hours, anew."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from coordination.access import kept, selectors, services, stepup
from coordination.access.models import DeskSession
from coordination.core import clock

# Routes that know no session: the API takes tokens, webhooks verify themselves, a page has its own code.
WITHOUT_SESSION = ("/api/", "/inbound/", "/page/")
# Not "cookies": those of other hosts of the platform's domain would go too, and ours are gone by themselves.
FORGET = '"cache", "storage"'
THROWN_OUT = "Five wrong codes ended this session, and administrators are told. Nothing was saved."
KEPT = (
    "You were signed out before this was saved. What you wrote is kept for you: sign in within four hours, "
    "and it is before you again, to be sent or thrown away."
)
LOST = (
    "You were signed out, and nothing was saved. What you wrote could not be kept: if your browser still "
    "shows it when you go back, copy it from there before you sign in."
)
# Where nobody is signed in, and something is sent all the same.
OPEN = frozenset({"admin:login", "admin:logout"})
# Where whoever is signed in may always go.
LEAVING = frozenset({"account_logout", "admin:logout"})
# All that a session without a second factor reaches, and only while its person has none.
SETTING_UP = frozenset({"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate"})


class Gate:
    """Looks at each request of somebody who is signed in, after CSRF was checked and before the view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the looking is done when the route is known.

        A cookie that stands for no session any more has the browser forget what it kept of the desk: signed
        out here or from elsewhere, too old, or never ours.
        """
        answer = self.get_response(request)
        if getattr(request, "thrown_out", False):
            answer = _to_the_door(request, keep=False)
            messages.error(request, THROWN_OUT)
        over = request.session.is_empty() or getattr(request, "sent_to_the_door", False)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and over:
            answer["Clear-Site-Data"] = FORGET
        return answer

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Let the request through, or answer it here."""
        if request.path.startswith(WITHOUT_SESSION):
            return None
        route = request.resolver_match.view_name if request.resolver_match else ""
        if not request.user.is_authenticated:
            sending = request.method == "POST" and request.path.startswith(kept.DESK) and route not in OPEN
            return _to_the_door(request) if sending else None
        return None if route in LEAVING else self._look(request, route)

    def _look(self, request: HttpRequest, route: str) -> HttpResponse | None:
        session = selectors.live_session(request.session.session_key)
        if session is None or session.user_id != request.user.pk:
            return _to_the_door(request)
        session.user = request.user  # known already
        if clock.now() - session.began_at >= settings.LONGEST_SESSION:
            services.end_session(session, why="longest session", by=None)
            return _to_the_door(request)
        if session.confirmed_at is None:
            return self._set_up(request, session, route)
        if clock.now() - session.seen_at >= settings.IDLE_LOCK:
            return self._locked(request)
        services.see(session)
        # Another window of the same browser was opened again meanwhile.
        return kept.answer(request) or _resumed(request)

    def _set_up(self, request: HttpRequest, session: DeskSession, route: str) -> HttpResponse | None:
        if selectors.has_factor(session.user) or clock.now() - session.seen_at >= settings.IDLE_LOCK:
            services.end_session(session, why="no second factor", by=None)
            return _to_the_door(request)
        if route in SETTING_UP:
            services.see(session)
            return None
        return HttpResponseRedirect(reverse("mfa_index"))

    def _locked(self, request: HttpRequest) -> HttpResponse | None:
        if kept.only_keeps(request):
            return kept.back_to_page(request)
        error = stepup.take(request) if stepup.is_answer(request) else ""
        if error is not None:
            return stepup.page(request, why=stepup.PAUSE, error=error)
        return _resumed(request)


def _resumed(request: HttpRequest) -> HttpResponse | None:
    """Lead back to the page that was hidden; what was being sent goes on to where it was sent."""
    if request.POST.get(stepup.RESUME) == "get":
        return HttpResponseRedirect(request.get_full_path())
    return None


def _to_the_door(request: HttpRequest, *, keep: bool = True) -> HttpResponse:
    """End what is left of the session; after signing in the person is back where they were.

    What they were sending is kept for them, or they are told that it was not.
    """
    where = request.get_full_path()
    logout(request)
    request.sent_to_the_door = True  # type: ignore[attr-defined]
    if keep and request.method == "POST":
        messages.warning(request, KEPT if kept.keep(request) else LOST)
    then = urlencode({REDIRECT_FIELD_NAME: where}, safe="/")
    return HttpResponseRedirect(f"{reverse('account_login')}?{then}")
