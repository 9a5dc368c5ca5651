"""Filing a referral on a case: the draft that is there first, then a new one."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from coordination.access.modeladmin import person, tell
from coordination.cases import selectors as cases
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.core.rules import Rule
from coordination.referrals import forms, selectors, services
from coordination.referrals.draftadmin import DraftActs


class Filing(DraftActs):
    """The page on which a referral is filed."""

    add_permission = "referrals.file_referral"

    def rules(self) -> dict[str, dict[str, Rule]]:
        """Say that one files on a case, the one that the address names, and sees it."""
        file = self.rule_for(self.add_permission)
        return {**super().rules(), "add": {"GET": file, "POST": file}}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Offer no filing here: a referral is filed on a case."""
        return super().changelist_view(request, {"has_add_permission": False, **(extra_context or {})})

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """File a referral on the case that the address names."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            case = cases.case_for(person(request), request.GET.get("case", ""))
        except NotFound as error:
            raise Http404 from error
        drafts = list(selectors.drafts_of(case))
        form = forms.FileForm(request.POST or None, initial=_start(case), drafts=bool(drafts))
        filed = self._file(request, case, form) if request.method == "POST" and form.is_valid() else None
        if filed is not None:
            return HttpResponseRedirect(self.url_of(filed))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "File a referral",
            "case": case,
            "drafts": drafts,
            "form": form,
        }
        return TemplateResponse(request, "referrals/file.html", context)

    def _file(self, request: HttpRequest, case: Any, form: forms.FileForm) -> Any:
        """Return the new draft, or None with what is wrong on the form."""
        values = {name: value for name, value in form.cleaned_data.items() if name != "another"}
        try:
            return services.file(case, by=person(request), **values)
        except CoordinationError as error:
            tell(request, error)
            for each in error.errors if isinstance(error, InvalidInput) else ():
                form.add_error(each.field if each.field in form.fields else None, str(each))
        return None


def _start(case: Any) -> dict[str, Any]:
    """Return how the form starts. That there is a danger to life, and P0, is the word of who files it."""
    return {"title": case.title}
