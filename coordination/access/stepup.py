"""Showing a second factor again, in place: what was filled in comes along and is kept nowhere on the way."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from coordination.access import codes, selectors, services
from coordination.core import clock

# What was shown in the future was shown before the clock was set back, and nobody knows how long ago.
SET_BACK = timedelta(minutes=1)
TEMPLATE = "access/confirm.html"
CODE, CREDENTIAL, RESUME, BACK = "confirm-code", "confirm-credential", "confirm-resume", "confirm-back"
WEIGHTY = "What you are about to do cannot be undone by one person alone."
PAUSE = "Nobody used this window for a while, so what it showed is hidden."


def require(request: HttpRequest, *, within: timedelta | None = None) -> HttpResponse | None:
    """Return None where a second factor was shown `within` (STEP_UP_WITHIN), else the page that asks for it.

    The page posts to the same address everything that was posted here (but no file) and the factor; so the
    view that called this goes on where it stood.
    """
    if recently(request, within=within or settings.STEP_UP_WITHIN):
        return None
    error = take(request) if is_answer(request) else ""
    return page(request, why=WEIGHTY, error=error, back=_came_from(request)) if error is not None else None


def recently(request: HttpRequest, *, within: timedelta) -> bool:
    """Tell whether this session showed a second factor `within` that time."""
    session = selectors.live_session(request.session.session_key)
    shown = session.confirmed_at if session is not None else None
    return shown is not None and -SET_BACK <= clock.now() - shown < within


def is_answer(request: HttpRequest) -> bool:
    """Tell whether the request carries a second factor."""
    return request.method == "POST" and (CODE in request.POST or CREDENTIAL in request.POST)


def take(request: HttpRequest) -> str | None:
    """Try the factor that the request carries; return what is wrong with it, or None where it is right."""
    form: Any
    if request.POST.get(CREDENTIAL):
        form = ReauthenticateWebAuthnForm(user=request.user, data={"credential": request.POST[CREDENTIAL]})
    else:
        form = ReauthenticateForm(user=request.user, data={"code": request.POST.get(CODE, "").strip()})
    if form.is_valid():
        form.save()  # tells the receivers, and they the session
        return None
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def page(request: HttpRequest, *, why: str, error: str = "", back: str = "") -> TemplateResponse:
    """Return the page that asks for a second factor and carries on what was posted.

    `back` is a path of the desk to which Cancel leads; without one there is nowhere to go back to.
    """
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken" and not name.startswith("confirm-")
        for value in values
    ]
    resume = request.POST.get(RESUME) or ("get" if request.method != "POST" else "post")
    types = set(selectors.factors_of(request.user).values_list("type", flat=True))
    context: dict[str, Any] = {"why": why, "error": error, "kept": kept, "resume": resume, "codes": types}
    context["back"] = back
    if Authenticator.Type.WEBAUTHN in types:
        context["js_data"] = {"request_options": webauthn.begin_authentication(request.user)}
    context |= codes.shown_in_the_demo(services.person(request.user))
    answer = TemplateResponse(request, TEMPLATE, context, status=403)
    answer["Cache-Control"] = "no-store"
    return answer


def _came_from(request: HttpRequest) -> str:
    """Return the path of the desk from which the person came here: a page of this host alone, else home.

    The first asking takes it from the Referer; a second, after a wrong code, from what the first carried on.
    """
    for given in (request.POST.get(BACK, ""), request.META.get("HTTP_REFERER", "")):
        safe = url_has_allowed_host_and_scheme(
            given, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        parts = urlsplit(given) if safe else None
        if parts and parts.path.startswith("/") and not parts.path.startswith("//"):
            return urlunsplit(("", "", parts.path, parts.query, ""))
    return reverse("admin:index")
