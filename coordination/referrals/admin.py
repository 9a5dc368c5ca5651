"""The referral on the desk: its page, its review, and what each role can do there."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path

from coordination.access import markup
from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, Done, act
from coordination.access.searching import Searched
from coordination.cases.admin import Panel, case_panel
from coordination.core import identifiers
from coordination.core.rules import Records
from coordination.referrals import forms, selectors, services, showing
from coordination.referrals.draftadmin import sources_of
from coordination.referrals.filingadmin import Filing
from coordination.referrals.models import Referral
from coordination.referrals.workflow import ReferralState

IN_REVIEW = frozenset({"approve", "break_glass", "return", "decline"})


@admin.register(Referral)
class ReferralAdmin(Searched, Filing):
    """Referrals of the cases that the person was let into, newest first."""

    lookup = "reference"
    records = Records.OF_CASES
    pages = {"": "referrals/referral.html", "review": "referrals/review.html"}
    list_display = ("reference", "title", "priority_word", "state_word", "filed_by", "filed")
    list_select_related = ("filed_by",)
    list_filter = ("state", "priority")
    ordering = ("-filed_at",)
    search_help_text = "The whole reference (R-…), or that of its case (C-…)."
    empty_text = "No referral yet on the cases that you are let into. File one from a case."

    def visible_to(self, user: Any) -> QuerySet[Referral]:
        """Return the referrals of the cases that the person was let into."""
        return selectors.visible_to(user)

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:  # noqa: ARG002
        """Find by reference, or by that of the case."""
        return [Q(reference=term.upper()), Q(case__reference=term.upper())]

    def name_of(self, record: Referral) -> str:
        """Return the reference."""
        return f"Referral {record.reference}"

    @admin.display(description="filed", ordering="filed_at")
    def filed(self, row: Referral) -> str:
        """Show when, with the zone."""
        return markup.when(row.filed_at)

    @admin.display(description="priority")
    def priority_word(self, row: Referral) -> str:
        """Mark danger to life."""
        return markup.state("P0") if row.priority == "P0" else "normal"

    @admin.display(description="state")
    def state_word(self, row: Referral) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def get_urls(self) -> list[URLPattern]:
        """Lead to the referral from what hangs on it too: a question, a recipient."""
        parts = {"question": "questions", "addressee": "addressees"}
        view = self.guarded(self.part_view)
        return [
            *(
                path(f"{name}/<int:pk>/", view, {"part": part}, f"referrals_{name}_at")
                for name, part in parts.items()
            ),
            *super().get_urls(),
        ]

    def part_view(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        """Lead to the referral of one question or recipient."""
        found = self.get_queryset(request).filter(**{part: pk}).first()
        if found is None:
            raise Http404
        return HttpResponseRedirect(self.url_of(found))

    def offers(self, request: HttpRequest, record: Referral, wanted: Act) -> bool:
        """Offer what the state allows; approval only to who wrote none of it."""
        if not showing.allows(record, wanted.name):
            return False
        if wanted.name not in ("approve", "break_glass", "recall"):
            return True
        if wanted.name == "break_glass":
            return selectors.may_break_glass(record, person(request))
        return request.user.pk not in selectors.authors_of(record)

    def page_context(self, request: HttpRequest, record: Referral, page: str) -> dict[str, Any]:
        """Return what the referral's page or its review shows."""
        if page == "review":
            if record.state != ReferralState.IN_REVIEW and not record.submitted_at:
                raise Http404
            return {**showing.review(record), "glass": people.open_glass_of(request.user)}
        sources = sources_of(request, record)
        taken = {item.content for item in record.items.all()} if sources else set()
        return {
            **showing.referral(record, request.user),
            "sources": sources,
            "untaken": [each for each in sources if each.content not in taken],
        }

    @act(
        "referrals.approve_referral",
        "Approve and send",
        form=forms.ApproveForm,
        page="review",
        grave=True,
        step_up=True,
    )
    def approve(self, request: HttpRequest, record: Referral, data: Data) -> Done:  # noqa: ARG002
        """Let exactly what was shown leave."""
        services.approve(record, by=person(request), digests=_digests(request))
        return Done(f"{record.reference} is approved. It leaves now; this page shows what becomes of it.")

    @act(
        "referrals.break_glass_referral",
        "Approve alone and send",
        form=forms.BreakGlassForm,
        page="review",
        grave=True,
        step_up=True,
    )
    def break_glass(self, request: HttpRequest, record: Referral, data: Data) -> Done:
        """Let it leave on one person's word, in an emergency; others are alerted and a review is due."""
        services.approve(
            record, by=person(request), digests=_digests(request), break_glass=True, reason=data["reason"]
        )
        return Done(
            f"{record.reference} is approved by one person. Others were alerted; a review must follow."
        )

    @act("referrals.return_referral", "Return with reason", form=forms.ReasonForm, page="review")
    def return_(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Send it back to the filer."""
        services.return_(record, by=person(request), reason=data["reason"])
        return f"{record.reference} went back to draft. Nothing was sent."

    @act("referrals.decline_referral", "Decline", form=forms.ReasonForm, page="review", grave=True)
    def decline(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Decide against sending."""
        services.decline(record, by=person(request), reason=data["reason"])
        return f"{record.reference} is declined. Nothing was sent, and the decision is on record."

    @act("referrals.withdraw_referral", "Withdraw", form=forms.ReasonForm, grave=True)
    def withdraw(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Take it back before anything has left."""
        services.withdraw(record, by=person(request), reason=data["reason"])
        return f"{record.reference} is withdrawn. Nothing leaves."

    @act("referrals.submit_referral", "Answer", form=forms.AnswerForm)
    def answer(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Compose the answer to a recipient's question; it is frozen for another person's approval."""
        services.answer(showing.question_of(record, data["target"]), by=person(request), text=data["text"])
        return "The answer is frozen. Another person approves it before it leaves."

    @act(
        "referrals.approve_referral",
        "Approve and send the answer",
        form=forms.ApproveAnswerForm,
        grave=True,
        step_up=True,
    )
    def approve_answer(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Let the frozen answer leave."""
        question = showing.question_of(record, data["target"])
        services.approve_answer(question, by=person(request), digest=data["digest"])
        return "The answer is approved and leaves now."

    @act("referrals.close_referral", "Record the outcome", form=forms.OutcomeForm)
    def record_outcome(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Record what came of it."""
        services.record_outcome(record, by=person(request), outcome=data["outcome"], detail=data["detail"])
        return "The outcome is on record."

    @act("referrals.close_referral", "After-action review", form=forms.ReviewForm)
    def review(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Look back on it."""
        services.review(record, by=person(request), notes=data["notes"])
        return "The after-action review is on record."

    @act("referrals.close_referral", "Close", grave=True)
    def close(self, request: HttpRequest, record: Referral, data: Data) -> str:  # noqa: ARG002
        """End it."""
        services.close(record, by=person(request))
        return f"{record.reference} is closed."

    @act(
        "referrals.recall_referral",
        "Ask them to give it back",
        form=forms.RecallForm,
        grave=True,
        step_up=True,
    )
    def recall(self, request: HttpRequest, record: Referral, data: Data) -> str:
        """Ask every recipient who has it to give it back; a correction follows."""
        asked = services.recall(record, by=person(request), reason=data["reason"])
        said = "; ".join(f"{each.addressee.destination.agency} {each.did}" for each in asked)
        return f"{said}. A task asks for the correction."

    @act("referrals.correct_referral", "Correct what was sent", form=forms.CorrectForm, grave=True)
    def correct(self, request: HttpRequest, record: Referral, data: Data) -> Done:
        """Tell every recipient what was wrong."""
        correction = services.correct(
            record,
            by=person(request),
            what_was_wrong=data["what_was_wrong"],
            what_is_true=data["what_is_true"],
        )
        said = (
            f"The correction {correction.reference} is prepared. Another person approves it before it leaves."
        )
        return Done(said, url=self.url_of(correction))


def _digests(request: HttpRequest) -> dict[int, str]:
    """Return the digests that the page showed, by addressee."""
    shown = {name.removeprefix("digest-"): value for name, value in request.POST.items() if "digest-" in name}
    return {int(pk): str(value) for pk, value in shown.items() if identifiers.is_row(pk)}


@case_panel
def _referrals_of_case(request: HttpRequest, case: Any) -> Panel | None:
    if not access.has(request.user, "referrals.view_referral"):
        return None
    found = list(selectors.of_case(case))
    may_file = access.has(request.user, "referrals.file_referral")
    return Panel(
        slug="referrals",
        title="Referrals",
        template="referrals/panel.html",
        count=len(found),
        context={
            "referrals": found,
            "may_file": may_file,
            "drafted": any(each.state == ReferralState.DRAFT for each in found),
            "case": case,
        },
    )
