"""Flags on the desk: what came in, and the decision about it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.cases.admin import Panel, case_panel
from coordination.core.errors import NotFound
from coordination.core.rules import Records
from coordination.policy import selectors as policy
from coordination.triage import forms, selectors, services
from coordination.triage.models import Flag
from coordination.triage.workflow import FLAG, FlagVerb


@admin.register(Flag)
class FlagAdmin(RecordAdmin):
    """Flags, newest first; those on cases that the person was not let into are not there."""

    records = Records.OF_CASES
    pages = {"": "triage/flag.html"}
    list_display = ("about", "severity", "state_word", "source", "score", "case", "received")
    list_display_links = ("about",)
    list_select_related = ("case",)
    list_filter = ("state", "category", "high_severity")
    ordering = ("-received_at",)
    empty_text = "No flag yet. The platform's systems post them to the API."

    def visible_to(self, user: Any) -> QuerySet[Flag]:
        """Return the flags that the person may see."""
        return selectors.visible_to(user).select_related("case", "received_from")

    def name_of(self, record: Flag) -> str:
        """Say what it is about."""
        return f"Flag: {record.get_category_display()}"

    @admin.display(description="received", ordering="received_at")
    def received(self, row: Flag) -> str:
        """Show when, with the zone."""
        return markup.when(row.received_at)

    @admin.display(description="flag")
    def about(self, row: Flag) -> str:
        """Say what it is about; the content is on its page only."""
        return row.get_category_display()

    @admin.display(description="severity")
    def severity(self, row: Flag) -> str:
        """Mark high severity in words."""
        return "▲ high" if row.high_severity else "normal"

    @admin.display(description="state")
    def state_word(self, row: Flag) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def offers(self, request: HttpRequest, record: Flag, wanted: Act) -> bool:  # noqa: ARG002
        """Offer what the state allows."""
        verb = FlagVerb.DECIDE if wanted.name == "decide" else FlagVerb.REOPEN
        return verb in FLAG.allowed(record.state)

    def page_context(self, request: HttpRequest, record: Flag, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the flag, its decisions, and the criteria in force."""
        try:
            criteria = policy.criteria_in_force()
        except NotFound:
            criteria = None
        return {
            "flag": record,
            "decisions": list(selectors.decisions_of(record)),
            "criteria": criteria,
        }

    @act("triage.decide_flag", "Record the decision", form=forms.DecideForm)
    def decide(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Decide, under the criteria in force."""
        decided = services.decide(
            record,
            by=person(request),
            outcomes=data["outcomes"],
            reasons=data["reasons"],
            reopens_when=data["reopens_when"],
            monitor_until=data["monitor_until"],
        )
        return f"Decided under {decided.criteria}. What follows stands in the queues of those who do it."

    @act("triage.decide_flag", "Re-open", form=forms.ReopenForm)
    def reopen(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Put it before a reviewer again."""
        services.reopen(record, by=person(request), reason=data["reason"])
        return "The flag waits for a decision again."


@case_panel
def _flags_of_case(request: HttpRequest, case: Any) -> Panel | None:
    if not access.has(request.user, "triage.view_flag"):
        return None
    found = [
        {"flag": flag, "decisions": list(selectors.decisions_of(flag))}
        for flag in selectors.flags_of(person(request), case)
    ]
    return Panel(
        slug="flags", title="Flags", template="triage/panel.html", count=len(found), context={"flags": found}
    )
