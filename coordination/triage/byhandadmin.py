"""Entering a flag by hand: the page for what no system of the platform posts."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access.modeladmin import person, tell
from coordination.core.deadlocks import outlasting
from coordination.core.errors import CoordinationError, InvalidInput
from coordination.triage import selectors, services
from coordination.triage.byhandforms import ByHandForm
from coordination.triage.models import Flag
from coordination.triage.sameadmin import SamePersonAdmin

LIST = "admin:triage_flag_changelist"


class ByHand(SamePersonAdmin):
    """The page on which a person enters a flag."""

    add_permission = "triage.receive_flag"

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Take in what was written, or show it again with what is wrong."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ByHandForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if form.is_valid():
                taken = self._take(request, form)
                if taken is not None:
                    return HttpResponseRedirect(self._after(request, *taken))
            else:
                messages.error(request, "Nothing was saved: something is missing or wrong below.")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Enter a flag",
            "list_url": reverse(LIST),
            "form": form,
        }
        return TemplateResponse(request, "triage/by_hand.html", context)

    def _take(self, request: HttpRequest, form: ByHandForm) -> tuple[Flag, bool] | None:
        """Return the flag and whether it is new, or None with what is wrong on the form."""
        try:
            return outlasting(lambda: services.receive(by=person(request), **form.flag()))
        except CoordinationError as error:
            tell(request, error)
            for each in error.errors if isinstance(error, InvalidInput) else ():
                form.add_error(each.field if each.field in form.fields else None, str(each))
        return None

    def _after(self, request: HttpRequest, flag: Flag, created: bool) -> str:
        """Say what became of it, and return where to go on."""
        if not created:
            messages.warning(
                request, "The same came before: you entered this flag already. Nothing was added."
            )
        elif flag.high_severity:
            messages.success(request, "The flag is in. It is of high severity: senior reviewers have it now.")
        else:
            messages.success(request, "The flag is in, and waits to be assessed.")
        if selectors.visible_to(person(request)).filter(pk=flag.pk).exists():
            return self.url_of(flag)
        messages.info(request, "It belongs to a case that you were not let into; those on it have it.")
        return reverse(LIST)
