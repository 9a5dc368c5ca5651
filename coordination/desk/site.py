"""The admin site that is the desk."""

from collections.abc import Callable
from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.views.decorators.http import require_http_methods

from coordination.access import services as access
from coordination.core.rules import Rule, anybody, holders, nobody, staff

# (title, route, permission); `app_list:` goes with its section. A route that no slice has yet is left out.
NAVIGATION = (
    ("Cases", "cases_case_changelist", "cases.view_case"),
    ("Tasks", "cases_task_changelist", "cases.view_loose_task"),
    ("Flags", "triage_flag_changelist", "triage.view_flag"),
    ("Restrictions", "restrictions_restriction_changelist", "restrictions.view_restriction"),
    ("Referrals", "referrals_referral_changelist", "referrals.view_referral"),
    ("Data requests", "datarequests_datarequest_changelist", "datarequests.view_datarequest"),
    ("Deliveries", "outbox_delivery_changelist", "outbox.view_delivery"),
    ("Inbox", "inbox_inboundmessage_changelist", "inbox.view_inboundmessage"),
    ("On call", "oncall_schedule_changelist", "oncall.view_schedule"),
    ("Pages", "oncall_page_changelist", "oncall.view_page"),
    ("Figures", "figures", "triage.view_flag"),
    ("Agencies", "partners_agency_changelist", "partners.view_agency"),
    ("Calls back", "partners_callback_changelist", "partners.view_agency"),
    ("Changes of contacts", "partners_contactchange_changelist", "partners.change_agency"),
    ("Lists of agencies", "partners_directoryimport_changelist", "partners.change_agency"),
    ("Destinations", "partners_destination_changelist", "partners.view_destination"),
    ("Law and policy", "app_list:policy", "policy.view_pack"),
    ("People", "access_user_changelist", "access.view_user"),
    ("Access changes", "access_rolechange_changelist", "access.view_rolechange"),
    ("Break-glass", "access_breakglass_changelist", "access.view_breakglass"),
    ("Ledger", "ledger_leaf_changelist", "ledger.view_leaf"),
    ("Ledger reviews", "access_ledgerreview_changelist", "access.view_ledgerreview"),
)


READS = ["GET", "HEAD"]
_SIGN_IN = anybody("Where one signs in.")
_SIGN_OUT = anybody("Where one signs out.")
_PASSWORD = staff("One's own password.")
_MISSING = nobody("What is not there, the same for everybody on the desk.")


class DeskSite(admin.AdminSite):
    """Our own pages only: what libraries register (jobs, tokens, groups, grants) could act past services.

    `rules` says who is let into the pages that belong to no kind of record, by name and verb.
    """

    rules: ClassVar[dict[str, dict[str, Rule]]] = {
        "index": {"GET": staff("Home: what waits for this person; for nobody's role, nothing.")},
        "figures": {"GET": holders("triage.view_flag")},
        "login": {"GET": _SIGN_IN, "POST": _SIGN_IN},
        "logout": {"POST": _SIGN_OUT},
        "password_change": {"GET": _PASSWORD, "POST": _PASSWORD},
        "password_change_done": {"GET": _PASSWORD},
        "jsi18n": {"GET": staff("Words of the forms' scripts.")},
        "": {"GET": _MISSING, "POST": _MISSING},
    }

    site_title = "Coordination"
    site_header = "Coordination"
    index_title = "Desk"
    index_template = "desk/home.html"
    site_url = None
    enable_nav_sidebar = False
    empty_value_display = "–"  # noqa: RUF001 - a dash is what absence looks like

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take what this project registers; pass over what a library does."""
        if getattr(admin_class, "__module__", "").startswith("coordination."):
            super().register(model_or_iterable, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002
        """Send to the one door, where the second factor is asked for."""
        door: Callable[[HttpRequest], HttpResponse] = secure_admin_login(super().login)
        return require_http_methods([*READS, "POST"])(door)(request)

    def password_change(self, *_: Any, **__: Any) -> HttpResponseRedirect:  # type: ignore[override]
        """Send to the page that also ends the person's sessions."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def get_urls(self) -> list[Any]:
        """Leave out what nothing here uses: looking names up, and the way to a record's own site.

        The latter tells any staff whether a record exists.
        """
        unused = {"view_on_site", "autocomplete"}
        kept = [each for each in super().get_urls() if getattr(each, "name", "") not in unused]
        figures = self.admin_view(self.figures)
        figures.admin_site = self
        return [path("figures/", figures, name="figures"), *kept]

    def section_rule(self, app_label: str) -> Rule:
        """Return the rule of a section's page: who may see one kind of its records is shown that kind."""
        kinds = [each for each in self._registry.values() if each.opts.app_label == app_label]
        seen = {name for each in kinds for name in each.rules()["changelist"]["GET"].permissions}  # type: ignore[attr-defined]
        return holders(*sorted(seen))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answer to no other method: Django's own views would take any for a GET."""
        return require_http_methods([*READS, "POST"])(super().admin_view(view, cacheable))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the way around the desk, as far as the person's role goes."""
        return {**super().each_context(request), "desk_navigation": list(_navigation(request))}

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what one section holds, under the section's name."""
        if request.method not in READS:
            return HttpResponseNotAllowed(READS)  # type: ignore[return-value]
        title = next((title for title, route, _ in NAVIGATION if route == f"app_list:{app_label}"), "")
        return super().app_index(request, app_label, {"title": title or app_label, **(extra_context or {})})

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what waits for this person."""
        from coordination.desk import home

        if request.method not in READS:
            return HttpResponseNotAllowed(READS)  # type: ignore[return-value]
        return super().index(request, {**home.context(request.user), **(extra_context or {})})

    def figures(self, request: HttpRequest) -> HttpResponse:
        """Show how fast flags were met."""
        from coordination.access.modeladmin import person
        from coordination.desk import figures

        if request.method not in READS:
            return HttpResponseNotAllowed(READS)
        if not access.has(request.user, figures.SEEN):
            raise Http404
        wanted = request.GET.get("days", "")
        days = next((each for each in figures.PERIODS if str(each) == wanted), figures.PERIODS[0])
        context = {**self.each_context(request), "title": "Figures", **figures.context(person(request), days)}
        return TemplateResponse(request, "desk/figures.html", context)


def _navigation(request: HttpRequest) -> Any:
    for title, route, permission in NAVIGATION:
        if not access.has(request.user, permission):
            continue
        name, _, section = route.partition(":")
        try:
            url = reverse(f"admin:{name}", args=[section] if section else [])
        except NoReverseMatch:
            continue
        yield {"title": title, "url": url, "here": request.path.startswith(url)}
