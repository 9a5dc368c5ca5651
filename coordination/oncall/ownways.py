"""How one is woken oneself: one page that lists, adds, verifies and takes out one's own addresses."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from coordination.access.services import User, person
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.core.rules import declares, oneself
from coordination.oncall import selectors, services
from coordination.oncall.forms import WAYS, CodeForm, WayForm
from coordination.oncall.services import ContactWay
from coordination.policy.workflow import Way

_OWN = oneself("One's own addresses by which one is woken.")


@declares(GET=_OWN, POST=_OWN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def ways(request: HttpRequest) -> HttpResponse:
    """Show one's own addresses, and do what was asked about one of them."""
    user = person(request.user)
    form, wrong = WayForm(), (0, CodeForm())
    if request.method == "POST":
        asked = request.POST.get("do", "")
        try:
            if asked == "add":
                form = WayForm(request.POST)
                return _again(request, _add(user, form)) if form.is_valid() else _page(request, form, wrong)
            return _again(request, _do(user, asked, request))
        except InvalidInput as error:
            if asked == "add":
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                code = CodeForm(request.POST)
                code.add_error("code", str(error))
                wrong = (int(request.POST.get("way_id", "0")), code)
        except CoordinationError as error:
            messages.error(request, str(error))
    return _page(request, form, wrong)


def _add(user: User, form: WayForm) -> str:
    way = services.add_way(user, by=user, **form.cleaned_data)
    services.send_code(way, by=user)
    return "A code is on its way there. Enter it here."


def _do(user: User, asked: str, request: HttpRequest) -> str:
    way = selectors.way_of(user, request.POST.get("way_id", ""))
    deeds: dict[str, tuple[Callable[[ContactWay], Any], str]] = {
        "send": (lambda way: services.send_code(way, by=user), "A new code is on its way."),
        "remove": (lambda way: services.remove_way(way, by=user), "Nothing is sent there any more."),
        "confirm": (
            lambda way: services.confirm_way(way, code=request.POST.get("code", ""), by=user),
            "You can be reached there.",
        ),
    }
    if asked not in deeds:
        raise NotFound
    deed, said = deeds[asked]
    deed(way)
    return said


def _again(request: HttpRequest, said: str) -> HttpResponse:
    messages.success(request, said)
    return HttpResponseRedirect(reverse("own_ways"))


def _page(request: HttpRequest, form: WayForm, wrong: tuple[int, CodeForm]) -> HttpResponse:
    rows = [
        {
            "row": each,
            "words": WAYS[Way(each.way)].capitalize(),
            "form": wrong[1] if wrong[0] == each.pk else CodeForm(auto_id=f"id_{each.pk}_%s"),
        }
        for each in selectors.ways_of(person(request.user))
    ]
    return render(request, "oncall/ways.html", {"ways": rows, "form": form})
