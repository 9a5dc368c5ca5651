"""One's own doors: factors, sessions, password, and the one-time way in."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from coordination.access import codes, kept, selectors, services, stepup
from coordination.access.forms import EnrolForm, PasswordForm, WayInForm
from coordination.access.services import User, person
from coordination.core.errors import CoordinationError, InvalidInput, NotFound


class MyDoors(IndexView):  # type: ignore[misc]
    """One's second factors and sessions."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show the sessions beside the factors; who has no factor yet is shown what to set up, alone."""
        user = person(self.request.user)
        found: dict[str, Any] = super().get_context_data(**kwargs)
        return found | {
            "has_factor": selectors.has_factor(user),
            "sessions": selectors.sessions_of(user),
            "this_session": selectors.live_session(self.request.session.session_key),
        }


class CodeAtSignIn(AuthenticateView):  # type: ignore[misc]
    """The second step of signing in; in the demo it shows the code that nobody has an application for."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the code, in the demo alone."""
        found: dict[str, Any] = super().get_context_data(**kwargs)
        return found | codes.shown_in_the_demo(self.stage.login.user)


class RemovePasskey(RemoveWebAuthnView):  # type: ignore[misc]
    """Taking a passkey away, unless it is the last factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Refuse to take the last one."""
        if not get_adapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, "This is your only second factor: add another one first.")
            return HttpResponseRedirect(reverse("mfa_index"))
        removed: HttpResponse = super().form_valid(form)
        return removed


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is not this session's: somebody signed in again since the page was made.

    Where the page bears the mark of the person who is here, what was written comes back to them.
    """
    if request.method == "POST" and request.user.is_authenticated and kept.keep(request):
        return HttpResponseRedirect(request.get_full_path())
    return csrf.csrf_failure(request, reason=reason)


@require_POST
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions, once a second factor was shown."""
    user = person(request.user)
    session = get_object_or_404(selectors.sessions_of(user), pk=pk)
    if asked := stepup.require(request):
        return asked
    this = selectors.live_session(request.session.session_key)
    services.end_session(session, why="ended by its person", by=user)
    if session == this:
        logout(request)
        return redirect("account_login")
    messages.success(request, "The session is ended.")
    return redirect("mfa_index")


@sensitive_post_parameters("current", "password", "again")
@never_cache
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's password, which ends all one's sessions."""
    user = person(request.user)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _changed(user, form):
        logout(request)
        messages.success(request, "Your password is changed. Sign in with the new one.")
        return redirect("account_login")
    return render(request, "access/password.html", {"form": form})


def _changed(user: User, form: PasswordForm) -> bool:
    current, password = form.cleaned_data["current"], form.cleaned_data["password"]
    if services.is_locked(user.username):
        form.add_error("current", "Your password is locked until an administrator releases it.")
        return False
    try:
        services.change_password(user, current=current, password=password)
    except InvalidInput as error:
        if error.field == "current":
            services.count_failure(user.username, kind="password")
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


@sensitive_post_parameters("way_in", "password", "again")
@never_cache
def enrol(request: HttpRequest) -> HttpResponse:
    """Set the first password with the one-time way in that an administrator gave; it is sent in the form."""
    given = WayInForm(request.POST if request.POST.get("way_in") else None)
    if not given.is_valid():
        return render(request, "access/way_in_given.html", {"form": given})
    plain = given.cleaned_data["way_in"]
    enrolment = selectors.open_enrolment(plain)
    if enrolment is None:
        raise Http404
    form = EnrolForm(request.POST if "password" in request.POST else None)
    if form.is_valid():
        try:
            services.enrol(plain, password=form.cleaned_data["password"])
        except NotFound as error:
            raise Http404 from error
        except CoordinationError as error:
            form.add_error("password", str(error))
        else:
            messages.success(request, "Your password is set. Sign in, and set up your second factor.")
            return redirect("account_login")
    context = {"form": form, "person": enrolment.user, "way_in": plain}
    return render(request, "access/enrol.html", context)
