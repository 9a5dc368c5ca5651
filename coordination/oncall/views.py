"""The page behind a message's link: without signing in, a person says that they have it. It shows nothing."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from coordination.core.rules import anybody, declares
from coordination.oncall import services
from coordination.oncall.forms import AnswerForm
from coordination.rest import addresses, limits
from coordination.rest.problems import Problem, plain_response

OPENS_NOTHING = "This link and code open nothing, or nothing any more. Open the desk."
_WHO = anybody(
    "Whoever has a message's link and its code says that they have it; it shows nothing of a case."
)


@declares(GET=_WHO, POST=_WHO)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("link", "code")
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Ask for the code, and answer the pages of the link with it.

    A GET changes nothing, so that nothing that follows links answers for a person. An unknown, used or
    expired link and a wrong code are answered alike. An address with too many of these waits (429).
    """
    if request.method != "POST":
        return render(request, "oncall/page.html", {"form": AnswerForm(auto_id="id_%s")})
    form = AnswerForm(request.POST)
    flood, address = limits.limit("address"), addresses.key_of(request)
    try:
        limits.look(flood, address)
    except Problem as problem:
        return plain_response(problem.code, headers=problem.headers)
    if form.is_valid() and services.answer_by_link(form.cleaned_data["link"], code=form.cleaned_data["code"]):
        return render(request, "oncall/answered.html")
    with suppress(Problem):  # two at once may both be the last
        limits.charge([(flood, address)])
    if form.is_valid():
        form.add_error(None, OPENS_NOTHING)
    return render(request, "oncall/page.html", {"form": form}, status=400)
