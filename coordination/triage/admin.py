"""Flags on the desk: what came in, and the decision about it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from coordination.access import markup
from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, act
from coordination.access.searching import Searched
from coordination.cases import selectors as cases
from coordination.cases.admin import Panel, case_panel
from coordination.core.errors import NotFound
from coordination.core.rules import Records
from coordination.policy import selectors as policy
from coordination.policy.workflow import DataCategory, ReportTrigger
from coordination.referrals import selectors as referrals
from coordination.referrals.draftadmin import Source, item_source
from coordination.triage import forms, judgingforms, selectors, services
from coordination.triage.byhandadmin import ByHand
from coordination.triage.criteriaadmin import Replays
from coordination.triage.models import Flag
from coordination.triage.sameadmin import ACTS, is_asked, same_context
from coordination.triage.workflow import FLAG, FlagVerb

VERBS = {
    "assess": FlagVerb.ASSESS,
    "decide": FlagVerb.DECIDE,
    "dissent": FlagVerb.DISSENT,
    "reopen": FlagVerb.REOPEN,
}


@admin.register(Flag)
class FlagAdmin(Replays, Searched, ByHand):
    """Flags, newest first; those on cases that the person was not let into are not there."""

    records = Records.OF_CASES
    pages = {"": "triage/flag.html", "content": "triage/flag.html"}
    list_display = ("about", "severity", "state_word", "source_word", "score_word", "case", "received")
    list_display_links = ("about",)
    list_select_related = ("case",)
    list_filter = ("state", "category", "high_severity")
    ordering = ("-received_at",)
    search_help_text = "The sender's own id of the flag, or the whole reference of its case (C-…)."
    empty_text = (
        "No flag yet. The platform's systems post them to the API; what somebody tells you, you enter here."
    )

    def visible_to(self, user: Any) -> QuerySet[Flag]:
        """Return the flags that the person may see."""
        return selectors.visible_to(user).select_related("case", "received_from")

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:  # noqa: ARG002
        """Find by the sender's id, or by the case."""
        return [Q(external_id=term), Q(case__reference=term.upper())]

    def name_of(self, record: Flag) -> str:
        """Say what it is about."""
        return f"Flag: {markup.words(record.category)}"

    @admin.display(description="received", ordering="received_at")
    def received(self, row: Flag) -> str:
        """Show when, with the zone."""
        return markup.when(row.received_at)

    @admin.display(description="flag")
    def about(self, row: Flag) -> str:
        """Say what it is about; the content is on its page only."""
        return markup.words(row.category)

    @admin.display(description="source")
    def source_word(self, row: Flag) -> str:
        """Say who raised it."""
        return markup.words(row.source)

    @admin.display(description="score", ordering="score")
    def score_word(self, row: Flag) -> str:
        """Show it as its page does."""
        return f"{row.score:.2f}" if row.score is not None else "–"  # noqa: RUF001 - as absence looks

    def is_urgent(self, record: Flag) -> bool:
        """Let nobody wait for a flag of high severity."""
        return record.high_severity

    @admin.display(description="severity")
    def severity(self, row: Flag) -> str:
        """Mark high severity in words."""
        return "▲ high" if row.high_severity else "normal"

    @admin.display(description="state")
    def state_word(self, row: Flag) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def offers(self, request: HttpRequest, record: Flag, wanted: Act) -> bool:
        """Offer what the state allows, to who may work on the case and is the right one of two people."""
        by = person(request)
        if wanted.name not in (*VERBS, *ACTS):
            return self.hangs_on(request, record, wanted)
        needed = "view_case" if wanted.name == "dissent" else "work_case"
        if record.case and not cases.may(by, record.case, needed):
            return False
        if wanted.name in ACTS:
            return is_asked(record)
        if wanted.name == "decide" and selectors.comes_first(record):
            return False
        if VERBS[wanted.name] not in FLAG.allowed(record.state):
            return False
        return wanted.name == "assess" or selectors.may_follow(record, by, VERBS[wanted.name])

    def form_arguments(self, request: HttpRequest, record: Flag, wanted: Act) -> dict[str, Any]:
        """Ask for an assessment with the decision where nobody else made one."""
        if wanted.name == "decide":
            own = record.high_severity and selectors.assessed_by_another(record, person(request)) is None
            possible = policy.mandated_reports(ReportTrigger.CHOSEN)
            reports = [(each.code, f"{each.title} ({each.citation})") for each in possible]
            return {"own": own, "minor": record.minor, "reports": reports}
        if wanted.name == "assess":
            return {"minor": record.minor}
        return super().form_arguments(request, record, wanted)

    def page_context(self, request: HttpRequest, record: Flag, page: str) -> dict[str, Any]:
        """Return the flag with its history, and the criteria in force; its content on a page of its own."""
        try:
            criteria = policy.criteria_in_force()
        except NotFound:
            criteria = None
        return {
            "flag": record,
            "shown": page == "content",
            "decisions": list(selectors.decisions_of(record)),
            "assessments": list(selectors.assessments_of(record)),
            "rests_on": selectors.assessed_by_another(record, person(request)),
            "review": selectors.standing_dissent(record),
            "criteria": criteria,
            "deciders": [
                str(each)
                for each in people.holders("triage.decide_flag")
                if selectors.may_follow(record, each, FlagVerb.DECIDE)
            ],
            "assessors": [str(each) for each in people.holders("triage.assess_flag")],
            **self.hanging(record),
            **_next(request, record),
            "same": same_context(request, record),
        }

    @act("triage.assess_flag", "Record the assessment", form=judgingforms.AssessForm)
    def assess(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Say what was found, as the first tier."""
        judgement = {name: data[name] for name in judgingforms.fields()}
        made = services.assess(record, by=person(request), **judgement)
        return f"Assessed: {made.level}. Another person decides; it stands in their queue."

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
            departure=data["departure"],
            assessment=judgingforms.given(data),
            reports=data["reports"],
        )
        return f"Decided under {decided.criteria}. What follows stands in the queues of those who do it."

    @act("triage.dissent_flag", "Dissent", form=forms.DissentForm)
    def dissent(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Hold the decision to be wrong, on the record."""
        services.dissent(record, by=person(request), reasons=data["reasons"])
        return "Your dissent is on record. Somebody outside the decision decides anew."

    @act("triage.decide_flag", "Re-open", form=forms.ReopenForm)
    def reopen(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Put it before a reviewer again."""
        services.reopen(record, by=person(request), reason=data["reason"])
        return "The flag waits for a decision again."


def _next(request: HttpRequest, flag: Flag) -> dict[str, Any]:
    """Return what waits because of the flag, the drafts to go on with, and whether this person may file."""
    if flag.case is None:
        return {"follows": [], "drafts": [], "may_file": False}
    may_file = access.has(request.user, "referrals.file_referral")
    may_file = may_file and cases.may(person(request), flag.case, "work_case")
    return {
        "follows": list(cases.tasks_of(flag.case).filter(about=flag.origin, state="open")),
        "drafts": list(referrals.drafts_of(flag.case)) if may_file else [],
        "may_file": may_file,
    }


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


@item_source
def _flags_to_take_from(request: HttpRequest, case: Any) -> list[Source]:
    return [
        Source(
            key=key,
            title=f"{title}: {markup.words(flag.category)}",
            url=reverse("admin:triage_flag_change", args=[flag.pk]),
            content=content,
            category=DataCategory.CONTENT,
            provenance=flag.provenance,
            occurred_at=flag.content_at,
            occurred_zone=flag.content_zone,
        )
        for flag in selectors.flags_of(person(request), case)
        for key, title, content in (
            (str(flag.pk), "Flagged content", flag.content),
            (f"{flag.pk}-around", "What stands around flagged content", selectors.context_of(flag)),
        )
        if content
    ]
