"""A record's own page, and what can be done from it: each act names its permission and its form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from coordination.access import services as access
from coordination.access import stepup
from coordination.access.modeladmin import DeskAdmin, person, tell
from coordination.access.pacing import paced, record_reading
from coordination.core.deadlocks import outlasting
from coordination.core.errors import CoordinationError, InvalidInput
from coordination.core.rules import Rule
from coordination.ledger import services as ledger

Data = dict[str, Any]
Run = Callable[[Any, HttpRequest, Any, Data], "str | Done"]
Function = TypeVar("Function", bound=Run)


@dataclass(frozen=True)
class Done:
    """What to say after an act, and where to go if not back to the record."""

    message: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that can be done to a record from its page."""

    name: str
    permission: str
    label: str
    run: Run
    form: type[forms.Form] = forms.Form
    page: str = ""
    grave: bool = False
    step_up: bool = False


def act(
    permission: str,
    label: str,
    *,
    form: type[forms.Form] = forms.Form,
    page: str = "",
    grave: bool = False,
    step_up: bool = False,
) -> Callable[[Function], Function]:
    """Make a method of a RecordAdmin an act. A `grave` one is never the default.

    Before one with `step_up` the person shows a second factor, unless they just did (access/stepup.py).
    """

    def mark(function: Function) -> Function:
        name = function.__name__.rstrip("_")
        function.act = Act(  # type: ignore[attr-defined]
            name=name,
            permission=permission,
            label=label,
            run=function,
            form=form,
            page=page,
            grave=grave,
            step_up=step_up,
        )
        return function

    return mark


@dataclass
class Offered:
    """An act as a page offers it to one person: where it posts, and the form to fill in."""

    act: Act
    url: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    bound: forms.Form | None = None
    bound_target: str = ""

    @property
    def name(self) -> str:
        """The act's name, as in the address."""
        return self.act.name

    @property
    def label(self) -> str:
        """What the button says."""
        return self.act.label

    @property
    def grave(self) -> bool:
        """Whether it cannot be taken back."""
        return self.act.grave

    @property
    def form(self) -> forms.Form:
        """The form where the act is about no row of the page."""
        return self.form_for()

    def form_for(self, target: object = "") -> forms.Form:
        """Return the form for `target` (a row of the page), the one that was refused if there is one."""
        if self.bound is not None and self.bound_target == str(target):
            return self.bound
        return self.act.form(auto_id=f"id_{self.name}{target}_%s", **self.arguments)


class RecordAdmin(DeskAdmin):
    """A kind of record with a page of its own in place of Django's form, and acts in place of saving.

    `pages` maps a page's name ("" is the record's own) to its template; `page_context` says what it shows.
    `page_permissions` name what a page needs beside seeing the record. Each showing of a page is a reading in
    the ledger; `reading` is False where a page shows nothing sealed. `offers` says which acts the record's
    state allows; the person's permission is asked for here.
    """

    pages: ClassVar[dict[str, str]] = {}
    page_permissions: ClassVar[dict[str, str]] = {}
    acts: ClassVar[dict[str, Act]] = {}
    reading: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found = [getattr(each, "act", None) for each in vars(cls).values()]
        cls.acts = {**cls.acts, **{each.name: each for each in found if isinstance(each, Act)}}

    def rules(self) -> dict[str, dict[str, Rule]]:
        """Say that the record's own page is only read; the further routes declare theirs in `guarded`."""
        page = self.rule_for(self.page_permissions.get("", self.needed))
        return {**super().rules(), "change": {"GET": page}}

    def offers(self, request: HttpRequest, record: Any, wanted: Act) -> bool:  # noqa: ARG002 - for overriding
        """Tell whether the record's state, and what is special about this person, allow the act."""
        return True

    def form_arguments(self, request: HttpRequest, record: Any, wanted: Act) -> dict[str, Any]:  # noqa: ARG002
        """Return what the act's form is built with beside its data."""
        return {}

    def page_context(self, request: HttpRequest, record: Any, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return what the page shows."""
        return {}

    def told_to_wait(self, request: HttpRequest, record: Any) -> HttpResponse | None:
        """Return the page for who opened too many; None for others, and for a danger to life."""
        again = None if self.is_urgent(record) else access.may_read_again(person(request))
        return paced(request, again) if again is not None else None

    def is_urgent(self, record: Any) -> bool:
        """Tell whether a danger to life may hang on the page, which then waits for no pace.

        Of a record that does not say how urgent it is, it may: an agency's telephone, an exhibit.
        """
        said = [getattr(record, name, None) for name in ("priority", "lane")]
        return "P0" in said or not any(said)

    def name_of(self, record: Any) -> str:
        """Return what people call the record."""
        return str(record)

    def subject_of(self, record: Any) -> str:
        """Return how the ledger names the record."""
        if self.lookup == "reference":
            return str(record.reference)
        return str(getattr(record, "origin", "")) or f"{self.opts.model_name}:{record.pk}"

    def url_of(self, record: Any, page: str = "") -> str:
        """Return the address of the record's page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page or 'change'}"
        return reverse(name, args=(getattr(record, self.lookup),))

    def get_urls(self) -> list[URLPattern]:
        """Add the acts and further pages in front of Django's own."""
        label, model = self.opts.app_label, self.opts.model_name
        wrap = self.guarded
        own = [path("at/<str:pk>/", wrap(self.at_view), name=f"{label}_{model}_at")]
        if self.acts:
            act = wrap(self.act_view, acts=True)
            own.append(path("<str:object_id>/do/<slug:name>/", act, name=f"{label}_{model}_do"))
        for page in filter(None, self.pages):
            view = wrap(self.page_view, self.page_permissions.get(page, ""))
            own.append(path(f"<str:object_id>/{page}/", view, {"page": page}, f"{label}_{model}_{page}"))
        return [*own, *super().get_urls()]

    def guarded(
        self, view: Callable[..., HttpResponseBase], also: str = "", *, acts: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Put the desk's door before a view: who is not signed in as staff goes to the sign-in page.

        Who may not see these records is answered as if there were none; `also` names what the view needs
        beside that. It is only read, unless it is that of the `acts`, each of which has its own permission.
        """
        verbs = {"GET", "HEAD", "POST"} if acts else {"GET", "HEAD"}

        def allowed(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if not access.has(request.user, self.needed):
                raise Http404
            if also and not access.has(request.user, also):
                raise PermissionDenied
            if request.method not in verbs:
                return HttpResponseNotAllowed(sorted(verbs))
            return view(request, *arguments, **named)

        def wrapper(*arguments: Any, **named: Any) -> HttpResponseBase:
            return self.admin_site.admin_view(allowed)(*arguments, **named)

        wrapper.model_admin = self  # type: ignore[attr-defined]
        wrapper.acts = self.acts if acts else {}  # type: ignore[attr-defined]
        wrapper.rules = {"GET": self.rule_for(also or self.needed)}  # type: ignore[attr-defined]
        return update_wrapper(wrapper, view)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Show the record's own page; what can be done has addresses of its own."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.page_view(request, object_id, page="")

    def page_view(self, request: HttpRequest, object_id: str, page: str) -> HttpResponse:
        """Show one page of the record."""
        return self._show(request, self.record_of(request, object_id), page)

    def at_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Lead to the record that a task or a line of the timeline is `about`."""
        try:
            found = self.get_queryset(request).get(pk=pk)
        except (self.model.DoesNotExist, ValueError, ValidationError):
            raise Http404 from None
        return HttpResponseRedirect(self.url_of(found))

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do what was asked, or show the page again with what is wrong."""
        record = self.record_of(request, object_id)
        found = self.acts.get(name)
        if found is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseRedirect(self.url_of(record, found.page))
        if not access.has(request.user, found.permission):
            raise PermissionDenied
        target = request.POST.get("target", "")
        form = found.form(
            request.POST,
            request.FILES,
            auto_id=f"id_{found.name}{target}_%s",
            **self.form_arguments(request, record, found),
        )
        if not form.is_valid():
            messages.error(request, "Nothing was saved: something is missing or wrong below.")
            return self._show(request, record, found.page, refused=(found, form, target))
        asked = stepup.require(request) if found.step_up else None
        return asked or self._do(request, record, found, form, target)

    def _do(
        self, request: HttpRequest, record: Any, found: Act, form: forms.Form, target: str
    ) -> HttpResponse:
        data = {**form.cleaned_data, "target": target}
        address = str(getattr(record, self.lookup))
        try:
            done = outlasting(lambda: found.run(self, request, self.record_of(request, address), data))
        except InvalidInput as error:
            tell(request, error)
            for each in error.errors:
                if each.field in form.fields:
                    form.add_error(each.field, str(each))
            return self._show(request, record, found.page, refused=(found, form, target))
        except CoordinationError as error:
            tell(request, error)
            return HttpResponseRedirect(self.url_of(record, found.page))
        said = done if isinstance(done, Done) else Done(done)
        messages.success(request, said.message)
        return HttpResponseRedirect(said.url or self.url_of(record))

    def offered(
        self, request: HttpRequest, record: Any, refused: tuple[Act, forms.Form, str] | None = None
    ) -> dict[str, Offered]:
        """Return the acts that this person may do to the record as it stands."""
        base = self.url_of(record).removesuffix("change/")
        may = {}
        for name, each in self.acts.items():
            if access.has(request.user, each.permission) and self.offers(request, record, each):
                offer = Offered(each, f"{base}do/{name}/", self.form_arguments(request, record, each))
                if refused and refused[0] is each:
                    offer.bound, offer.bound_target = refused[1], refused[2]
                may[name] = offer
        return may

    def _show(
        self,
        request: HttpRequest,
        record: Any,
        page: str,
        refused: tuple[Act, forms.Form, str] | None = None,
    ) -> HttpResponse:
        if page in self.page_permissions and not access.has(request.user, self.page_permissions[page]):
            raise PermissionDenied
        action = f"{self.opts.app_label}.{page or self.opts.model_name}_read"
        subject = self.subject_of(record)
        # A page that is shown again with what was wrong is no other record, and holds what was typed.
        again = refused is not None and ledger.was_read(action, subject=subject, by=person(request))
        if self.reading and not again and (wait := self.told_to_wait(request, record)):
            return wait
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.name_of(record),
            "record": record,
            "acts": self.offered(request, record, refused),
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "record_url": self.url_of(record),
            **self.page_context(request, record, page),
        }
        if self.reading:
            record_reading(request, action, subject=subject)
        return TemplateResponse(request, self.pages[page], context)
