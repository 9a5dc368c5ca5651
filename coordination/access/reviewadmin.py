"""The weekly reviews of the ledger: what to look at, and what was found."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from coordination.access import selectors, services
from coordination.access.models import LedgerReview
from coordination.access.recordadmin import Act, RecordAdmin, act
from coordination.ledger import selectors as ledger

# Of what was approved in the week, so many are drawn to be looked at again (abuse case INS-03).
APPROVED, DRAWN = "outbox.message_approved", 10
# What asks for a second look, by how its action begins; the page names them first.
LOOK_AT = (
    *("rest.refused", "access.sign_in_failed", "access.locked_out", "access.lock_released"),
    *("access.codes_guessed", "access.token", "access.readings", "access.break_glass", "access.way_in"),
    *("access.enabling", "access.roles", "cases.compartment", "core.", "partners.key"),
    *("partners.signatures", "outbox.released", "outbox.resolved"),
)


class FindingsForm(forms.Form):
    """What a review came to."""

    findings = forms.CharField(
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you looked at, what you found, whom you told. No names of people in cases.",
    )


@admin.register(LedgerReview)
class LedgerReviewAdmin(RecordAdmin):
    """Weeks of the ledger, those that nobody reviewed first."""

    pages: ClassVar[dict[str, str]] = {"": "access/ledger_review.html"}
    list_display = ("__str__", "due_at", "reviewed_by", "reviewed_at", "entries")
    empty_text = "No week is over yet. A review is opened each Monday, for the week before."

    def visible_to(self, user: Any) -> QuerySet[LedgerReview]:  # noqa: ARG002
        """Return all of them."""
        return selectors.ledger_reviews()

    def subject_of(self, record: LedgerReview) -> str:
        """Name the week, as the other entries about it do."""
        return record.subject

    def get_ordering(self, request: HttpRequest) -> Any:  # noqa: ARG002
        """Keep the order of the selector."""
        return ()

    def offers(self, request: HttpRequest, record: LedgerReview, wanted: Act) -> bool:  # noqa: ARG002
        """Offer the record to whoever comes first."""
        return record.reviewed_at is None

    def page_context(self, request: HttpRequest, record: LedgerReview, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Count the week's entries by action, each with the list that shows them."""
        span = {"recorded_at__gte": record.since.isoformat(), "recorded_at__lt": record.until.isoformat()}
        address = reverse("admin:ledger_leaf_changelist")
        rows = [
            {
                "action": action,
                "number": number,
                "look": action.startswith(LOOK_AT),
                "url": f"{address}?{urlencode({**span, 'action': action})}",
            }
            for action, number in ledger.counts_between(record.since, record.until)
        ]
        rows.sort(key=lambda each: (not each["look"], each["action"]))
        return {"rows": rows, "all_url": f"{address}?{urlencode(span)}", "sample": _sample(record)}

    @act("access.view_ledgerreview", "Record the review", form=FindingsForm)
    def record(self, request: HttpRequest, record: LedgerReview, data: dict[str, Any]) -> str:
        """Write down what was found."""
        by = services.person(request.user)
        services.record_ledger_review(record, by=by, findings=data["findings"])
        return "The review is on record."


def _sample(review: LedgerReview) -> list[dict[str, Any]]:
    """Return approvals to look at again, each with who approved and where the delivery is shown."""
    drawn = ledger.sample_between(APPROVED, review.since, review.until, DRAWN)
    people = selectors.everybody().in_bulk([leaf.data["by"] for leaf in drawn if leaf.data["by"] != "system"])
    return [
        {
            "at": leaf.recorded_at,
            "by": people.get(leaf.data["by"]),
            "url": reverse("admin:outbox_delivery_at", args=[leaf.data["details"]["delivery"]]),
        }
        for leaf in drawn
    ]
