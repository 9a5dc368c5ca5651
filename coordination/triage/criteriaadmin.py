"""Past decisions held to criteria: a page with counts and what would differ, and the same as a file."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import RecordAdmin
from coordination.core.errors import CoordinationError, NotFound
from coordination.policy import selectors as policy
from coordination.policy.services import CriteriaVersion
from coordination.triage import services
from coordination.triage.replaying import DIFFERS, Kind, Replayed, tally

REPLAY, DECIDE = "triage.view_replay", "triage.decide_flag"
# A page looks at so many of the newest; the command looks at all.
MOST, SHOWN = 20_000, 200
TITLES = {
    Kind.WOULD_REFER: "No action, and would be referred",
    Kind.WOULD_ADD: "Would do more",
    Kind.WENT_FURTHER: "Did more than is asked for",
    Kind.SAME: "The same",
    Kind.NO_ASSESSMENT: "Cannot be replayed: no assessment on record",
}
_COLUMNS = (
    *("decision", "flag", "case", "decided_at", "criteria", "kind", "decided", "asked", "missing", "beyond"),
    *("rules", "dissent", "stands"),
)

if TYPE_CHECKING:
    Base = RecordAdmin
else:
    Base = object


class ReplayForm(forms.Form):
    """Which criteria, and from which day on."""

    version = forms.ChoiceField(label="Criteria")
    since = forms.DateField(
        required=False,
        label="Decided since",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: all decisions.",
    )

    def __init__(self, *args: Any, versions: list[CriteriaVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = [each.label for each in versions]
        self.fields["version"].choices = [(each, each) for each in labels]  # type: ignore[attr-defined]
        self.fields["version"].initial = labels[0] if labels else ""

    def moment(self) -> datetime | None:
        """Return the start of the day."""
        day = self.cleaned_data["since"]
        return datetime.combine(day, time(), UTC) if day else None


class Replays(Base):
    """The pages of a replay, beside the flags that it is about."""

    def get_urls(self) -> list[URLPattern]:
        """Put them before the flags' own."""
        return [
            path("replay/", self.guarded(self.replay_view, REPLAY), name="triage_flag_replay"),
            path("replay/file/", self.guarded(self.replay_file, REPLAY), name="triage_flag_replay_file"),
            *super().get_urls(),
        ]

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which criteria; show what would differ under them, as far as the person sees the flags."""
        form = self._form(request)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Past decisions under other criteria",
            "list_url": reverse("admin:triage_flag_changelist"),
            "form": form,
            "most": MOST,
        }
        if form.is_bound and form.is_valid():
            try:
                context |= self._replayed(request, form)
            except CoordinationError as error:
                form.add_error("version", str(error))
        return TemplateResponse(request, "triage/replay.html", context)

    def replay_file(self, request: HttpRequest) -> HttpResponseBase:
        """Give what would differ as CSV: ids, outcomes and rules, no content."""
        form = self._form(request)
        try:
            if not form.is_bound or not form.is_valid():
                raise NotFound
            criteria, by, since = _criteria(form), person(request), form.moment()
            found = services.replay_decisions(criteria, by=by, since=since)
        except CoordinationError:
            return self.replay_view(request)
        services.record_replay(criteria, by=by, since=since, way="file")

        def lines() -> Iterator[str]:
            writer = csv.writer(_Line())
            yield writer.writerow(_COLUMNS)
            for each in found:
                if each.kind in DIFFERS:
                    yield writer.writerow(_cells(each))

        answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="replay-{criteria.version}.csv"'
        return answer

    def _form(self, request: HttpRequest) -> ReplayForm:
        versions = [each for each in policy.criteria_versions() if each.rules]
        return ReplayForm(request.GET if "version" in request.GET else None, versions=versions)

    def _replayed(self, request: HttpRequest, form: ReplayForm) -> dict[str, Any]:
        criteria, by, since = _criteria(form), person(request), form.moment()
        found = tally(services.replay_decisions(criteria, by=by, since=since), most=MOST, shown=SHOWN)
        services.record_replay(criteria, by=by, since=since, counts=found.counts, way="page")
        return {
            "criteria": criteria,
            "found": found,
            "counts": [{"title": TITLES[kind], "value": found.counts[kind]} for kind in Kind],
            "rows": [
                {"found": each, "title": TITLES[each.kind], "why": _why(criteria, each)}
                for each in found.first
            ],
            "may_reopen": access.has(request.user, DECIDE),
            "file_url": f"{reverse('admin:triage_flag_replay_file')}?{request.GET.urlencode()}",
        }


class _Line:
    """What csv writes to: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def _criteria(form: ReplayForm) -> CriteriaVersion:
    return policy.criteria_named(form.cleaned_data["version"])


def _why(criteria: CriteriaVersion, found: Replayed) -> str:
    """Return the reason to open a flag again, for whoever does it to go on from."""
    missing = ", ".join(markup.words(each) for each in sorted(found.missing))
    return f"Under criteria {criteria.label}: {missing} (rules {', '.join(found.rules)})."


def _cells(found: Replayed) -> list[str]:
    values = {name: getattr(found, name) for name in _COLUMNS}
    return [_cell(value) for value in values.values()]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(sorted(value)) if isinstance(value, tuple | frozenset) else str(value)
