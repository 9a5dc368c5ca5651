"""What the pages of partners share: adding by a form of ours, through a service."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access import stepup
from coordination.access.recordadmin import RecordAdmin
from coordination.core.errors import CoordinationError, InvalidInput


class PartnerAdmin(RecordAdmin):
    """What the two pages share: adding by a form of ours, through a service."""

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Ask for what is needed, and add it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.new_form(request)
        if request.method == "POST" and form.is_valid():
            if asked := stepup.require(request):
                return asked
            try:
                return HttpResponseRedirect(self.url_of(self.add(request, form)))
            except CoordinationError as error:
                known = isinstance(error, InvalidInput) and error.field in form.fields
                form.add_error(error.field if known else None, str(error))  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"New {self.opts.verbose_name}",
            "list_url": reverse(f"admin:partners_{self.opts.model_name}_changelist"),
            "form": form,
            **self.new_context(request),
        }
        return TemplateResponse(request, "partners/new.html", context)

    def new_context(self, request: HttpRequest) -> dict[str, Any]:  # noqa: ARG002 - for overriding
        """Return what the form for a new record stands beside."""
        return {}

    def new_form(self, request: HttpRequest) -> forms.BaseForm:
        """Return the form for a new record."""
        raise NotImplementedError

    def add(self, request: HttpRequest, form: Any) -> Any:
        """Call the service."""
        raise NotImplementedError
