"""What hangs on a flag beside its decision: mandated reports, counsel's word, waiting for police, news."""

from typing import Any

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.cases import selectors as cases
from coordination.core.errors import NotFound
from coordination.triage import forms, selectors, services
from coordination.triage.models import Flag
from coordination.triage.workflow import REPORT, FlagState, ReportVerb


class FlagActs(RecordAdmin):
    """The acts that follow no state of the flag itself."""

    def hangs_on(self, request: HttpRequest, record: Flag, wanted: Act) -> bool:
        """Tell whether one of these acts has something to act on, for who may work on the case."""
        if record.case and not cases.may(person(request), record.case, "work_case"):
            return False
        reports = [REPORT.allowed(each.state) for each in selectors.reports_of(record)]
        waits = record.case is not None and selectors.standing_deconfliction(record.case) is not None
        return {
            "file_report": any(ReportVerb.FILE in each for each in reports),
            "excuse_report": any(ReportVerb.EXCUSE in each for each in reports),
            "ask_counsel": record.state != FlagState.DECIDED,
            "assess_as_counsel": record.state != FlagState.DECIDED,
            "deconflict": record.case is not None and record.case.priority != "P0" and not waits,
            "end_deconfliction": waits,
            "record_event": record.case is not None,
            "record_target": record.case is not None,
        }.get(wanted.name, False)

    def hanging(self, record: Flag) -> dict[str, Any]:
        """Return what hangs on a flag, for its page."""
        case = record.case
        return {
            "reports": list(selectors.reports_of(record)),
            "first": selectors.comes_first(record),
            "counsels": list(selectors.counsels_of(record)),
            "waiting": selectors.standing_deconfliction(case) if case else None,
            "events": list(selectors.events_of(case)) if case else [],
        }

    @act("triage.file_report", "Record that it was filed", form=forms.FiledForm)
    def file_report(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record the authority's number of a report."""
        report = selectors.report_of(record, data["target"])
        services.report_filed(report, by=person(request), number=data["number"], at=data["at"])
        return f"Filed: {report.title}."

    @act("triage.counsel_flag", "It need not be filed", form=forms.CounselForm, grave=True)
    def excuse_report(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record why a report need not be filed."""
        report = selectors.report_of(record, data["target"])
        services.excuse_report(report, by=person(request), reason=data["reasons"])
        return f"Recorded: {report.title} need not be filed."

    @act("triage.decide_flag", "Ask counsel", form=forms.AskCounselForm)
    def ask_counsel(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Ask counsel to assess the flag."""
        services.ask_counsel(record, by=person(request), question=data["question"])
        return "Counsel is asked; the question stands in their queue."

    @act("triage.counsel_flag", "Record counsel's assessment", form=forms.CounselForm)
    def assess_as_counsel(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record counsel's assessment."""
        services.assess_as_counsel(record, by=person(request), reasons=data["reasons"])
        return "Counsel's assessment is on record."

    @act("triage.counsel_flag", "Police ask us to wait", form=forms.DeconflictForm)
    def deconflict(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record that police ask not to act yet."""
        if record.case is None:
            raise NotFound
        services.deconflict(
            record.case,
            by=person(request),
            asked_by=data["asked_by"],
            reason=data["reason"],
            until=data["until"],
        )
        return "Recorded. Until then nothing but a danger to life leaves on this case."

    @act("triage.counsel_flag", "End the waiting", form=forms.CounselForm)
    def end_deconfliction(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """End the waiting."""
        row = selectors.standing_deconfliction(record.case) if record.case else None
        if row is None:
            raise NotFound
        services.end_deconfliction(row, by=person(request), reason=data["reasons"])
        return "Ended: what waits may be submitted and approved."

    @act("triage.record_event", "Record the target's own account", form=forms.TargetForm)
    def record_target(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record the threatened person's own account; the answer is the same whatever is known of it."""
        if record.case is None:
            raise NotFound
        services.record_target(record.case, by=person(request), account=data["account"])
        return "Recorded, sealed."

    @act("triage.record_event", "Record what happened outside", form=forms.EventForm)
    def record_event(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Record an arrest, a charge, a court order or a release."""
        if record.case is None:
            raise NotFound
        made = services.record_event(
            record.case,
            by=person(request),
            kind=data["kind"],
            happened_at=data["happened_at"],
            told_by=data["told_by"],
            source=data["source"],
            note=data["note"],
        )
        return f"Recorded: {made.get_kind_display()}."
