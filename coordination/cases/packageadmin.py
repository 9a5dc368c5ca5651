"""Packages on the desk: how far they are, why one was not made, and handing one out."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from coordination.access import markup
from coordination.access.modeladmin import person, tell
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.cases import services
from coordination.core.errors import CoordinationError
from coordination.core.rules import Records
from coordination.evidence import selectors as evidence_selectors
from coordination.evidence import services as evidence
from coordination.evidence.forms import WhyForm
from coordination.evidence.services import Package
from coordination.evidence.workflow import PackageState

RELEASE = "evidence.release_exhibit"


@admin.register(Package)
class PackageAdmin(RecordAdmin):
    """Packages of the cases that the person was let into, to who may release exhibits."""

    view_permission = RELEASE
    lookup = "reference"
    records = Records.OF_CASES
    pages: ClassVar[dict[str, str]] = {"": "cases/package.html"}
    list_display = ("reference", "case_reference", "state_word", "asked", "asked_by")
    list_filter = ("state",)
    list_select_related = ("asked_by",)
    ordering = ("-pk",)
    empty_text = "No package yet. One is made on the page of its case, from its exhibits."

    def visible_to(self, user: Any) -> QuerySet[Package]:
        """Keep to the cases that the person was let into."""
        return evidence_selectors.packages_for(user)

    @admin.display(description="state", ordering="state")
    def state_word(self, row: Package) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    @admin.display(description="asked for", ordering="asked_at")
    def asked(self, row: Package) -> str:
        """Show when, with the zone."""
        return markup.when(row.asked_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the package itself."""
        view = self.guarded(self.content, RELEASE)
        return [
            path("<str:object_id>/content/", view, name="evidence_package_content"),
            *super().get_urls(),
        ]

    def offers(self, request: HttpRequest, record: Package, wanted: Act) -> bool:  # noqa: ARG002
        """Offer what its state allows."""
        wants = {"download": PackageState.READY, "again": PackageState.FAILED}
        return wants[wanted.name] == record.state

    def content(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send the zip to who said why."""
        record = self.record_of(request, object_id)
        try:
            pieces = evidence.package_content(record, by=person(request))
        except CoordinationError as error:
            tell(request, error)
            return HttpResponseRedirect(self.url_of(record))
        response = StreamingHttpResponse(pieces, content_type="application/zip")
        name = f"{record.case_reference}-{record.reference}.zip"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Content-Length"] = str(record.size)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    @act(RELEASE, "Download", form=WhyForm, grave=True, step_up=True)
    def download(self, request: HttpRequest, record: Package, data: Data) -> Done:
        """Hand it out, with a reason that goes into the custody of all that is in it."""
        evidence.open_package(record, by=person(request), why=data["why"])
        url = reverse("admin:evidence_package_content", args=(record.reference,))
        return Done("It is open to you for ten minutes; your reason is in the custody.", url)

    @act(RELEASE, "Make it again", step_up=True)
    def again(self, request: HttpRequest, record: Package, data: Data) -> str:  # noqa: ARG002
        """Let a worker try once more."""
        services.order_again(record, by=person(request))
        return "It is being made again."
