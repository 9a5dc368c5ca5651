"""Exhibits on the desk: their custody, and their content for who says why."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from coordination.access import markup
from coordination.access.modeladmin import person, tell
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.core.errors import CoordinationError, Refused
from coordination.core.rules import Records
from coordination.evidence import forms, selectors, services
from coordination.evidence.models import Exhibit
from coordination.evidence.workflow import COPIES, QUARANTINE, ExhibitKind

LINES_ON_A_PAGE = 100
READ = "evidence.read_exhibit"


@admin.register(Exhibit)
class ExhibitAdmin(RecordAdmin):
    """Exhibits of the cases that the person was let into."""

    lookup = "reference"
    records = Records.OF_CASES
    pages: ClassVar[dict[str, str]] = {"": "evidence/exhibit.html", "transcript": "evidence/transcript.html"}
    page_permissions: ClassVar[dict[str, str]] = {"transcript": READ}
    list_display = ("reference", "case_reference", "kind_word", "media_type", "taken_in")
    list_filter = ("kind",)
    ordering = ("-pk",)
    empty_text = "No exhibit yet. One is taken in on the page of its case."

    def visible_to(self, user: Any) -> QuerySet[Exhibit]:
        """Keep to the cases that the person was let into."""
        return selectors.visible_to(user)

    @admin.display(description="kind", ordering="kind")
    def kind_word(self, row: Exhibit) -> str:
        """Say what it is."""
        return markup.words(row.kind)

    @admin.display(description="taken in", ordering="taken_in_at")
    def taken_in(self, row: Exhibit) -> str:
        """Show when, with the zone."""
        return markup.when(row.taken_in_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the content itself."""
        view = self.guarded(self.content, READ)
        return [
            path("<str:object_id>/content/", view, name="evidence_exhibit_content"),
            *super().get_urls(),
        ]

    def offers(self, request: HttpRequest, record: Exhibit, wanted: Act) -> bool:  # noqa: ARG002
        """Offer what can be done to it as it is."""
        keeping = getattr(record, "keeping", None)
        if keeping is None:
            return False
        shut = keeping.scan in QUARANTINE
        if wanted.name == "rescan":
            return shut
        if wanted.name in {"strip_metadata", "add_redacted"} and record.kind in COPIES:
            return False
        if wanted.name == "strip_metadata":
            return record.media_type.startswith("image/") and not shut
        return wanted.name == "reverify" or not shut

    def page_context(self, request: HttpRequest, record: Exhibit, page: str) -> dict[str, Any]:
        """Return the custody; of a transcript its lines, for who said why."""
        if page == "transcript":
            return self._lines(request, record)
        return {
            "words": services.words(record),
            "opens": "open" in request.GET,
            "keeping": getattr(record, "keeping", None),
            "custody": list(selectors.custody_of(record)),
            "copies": list(selectors.exhibits_of(record.case_reference).filter(made_from=record)),
        }

    def page_view(self, request: HttpRequest, object_id: str, page: str) -> HttpResponse:
        """Lead to the form that asks why where nobody said why the lines are read."""
        try:
            return super().page_view(request, object_id, page)
        except CoordinationError as error:
            if not page:
                raise
            return self._back(request, object_id, error)

    def content(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Send the content as a download, whatever it is: nothing in it runs on the desk."""
        record = self.record_of(request, object_id)
        try:
            pieces = services.viewed(record, by=person(request))
        except CoordinationError as error:
            return self._back(request, object_id, error)
        response = StreamingHttpResponse(pieces, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{record.reference}.bin"'
        response["Content-Length"] = str(record.size)
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    @act(READ, "Open", form=forms.WhyForm)
    def open_(self, request: HttpRequest, record: Exhibit, data: Data) -> Done:
        """Look at the content, with a reason."""
        services.begin_view(record, by=person(request), why=data["why"])
        is_transcript = record.kind == ExhibitKind.TRANSCRIPT
        url = self.url_of(record, "transcript") if is_transcript else self.url_of(record)
        return Done("It is open to you for ten minutes; your reason is in the custody.", url)

    @act("evidence.view_exhibit", "Verify again", form=forms.WhyForm)
    def reverify(self, request: HttpRequest, record: Exhibit, data: Data) -> str:
        """Read all of it and compare it with what was taken in."""
        services.reverify(record, by=person(request), why=data["why"])
        return "It is what was taken in, to the last bit."

    @act("evidence.take_in_exhibit", "Strip metadata", form=forms.WhyForm)
    def strip_metadata(self, request: HttpRequest, record: Exhibit, data: Data) -> str:
        """Make a copy without place, device and time."""
        copy = services.strip_metadata(record, by=person(request), why=data["why"])
        return f"Exhibit {copy.reference} is the copy without metadata; the original stays sealed."

    @act("evidence.take_in_exhibit", "Add a redacted copy", form=forms.RedactedForm)
    def add_redacted(self, request: HttpRequest, record: Exhibit, data: Data) -> str:
        """Take in what somebody redacted."""
        copy = services.add_redacted(
            record, by=person(request), content=data["file"], filename=str(data["file"].name), why=data["why"]
        )
        return f"Exhibit {copy.reference} is the redacted copy."

    @act("evidence.take_in_exhibit", "Scan again")
    def rescan(self, request: HttpRequest, record: Exhibit, data: Data) -> str:  # noqa: ARG002
        """Ask the scanner again."""
        return f"The scanner says: {markup.words(services.rescan(record, by=person(request)))}."

    @act("evidence.hold_exhibit", "Erase before its time", form=forms.WhyForm, grave=True, step_up=True)
    def erase(self, request: HttpRequest, record: Exhibit, data: Data) -> str:
        """Delete the content for good; the proof stays."""
        services.erase(record, by=person(request), why=data["why"])
        return "The content is gone for good. That it was here, and its custody, stays provable."

    def _lines(self, request: HttpRequest, record: Exhibit) -> dict[str, Any]:
        words = request.GET.get("q", "")[:200]
        found = list(services.viewed_lines(record, by=person(request), words=words))
        page = Paginator(found, LINES_ON_A_PAGE).get_page(request.GET.get("p", "1"))
        return {"words": words, "lines": page, "found": len(found)}

    def _back(self, request: HttpRequest, object_id: str, error: CoordinationError) -> HttpResponse:
        record = self.get_object(request, object_id)
        if record is None:
            raise Http404 from error
        if isinstance(error, Refused) and error.rule == services.SAY_WHY:
            messages.info(request, str(error))
            return HttpResponseRedirect(f"{self.url_of(record)}?open#id_open_why")
        tell(request, error)
        return HttpResponseRedirect(self.url_of(record))
