"""Deliveries on the desk: what left, what they said about it, and what a person can do where it is stuck."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person
from coordination.access.pacing import record_reading
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.access.searching import Searched
from coordination.cases import selectors as cases
from coordination.cases.admin import Panel, case_panel
from coordination.channels import registry
from coordination.core import identifiers
from coordination.core.rules import Records
from coordination.outbox import causes, forms, services
from coordination.outbox.models import Delivery, Message
from coordination.outbox.workflow import DELIVERY, DeliveryState, DeliveryVerb

# Where a document's own bytes are shown, nothing in them may run, load or post.
LOCKED = "sandbox; default-src 'none'; frame-ancestors 'self'"


@admin.register(Delivery)
class DeliveryAdmin(Searched, RecordAdmin):
    """Deliveries of the cases that the person was let into; an administrator sees the ways alone."""

    records = Records.OF_CASES_SEEN
    pages = {"": "outbox/delivery.html"}
    list_display = (
        "reference",
        "to_whom",
        "channel",
        "state_word",
        "attempts_made",
        "created",
    )
    list_display_links = ("reference",)
    list_select_related = ("message", "destination__agency")
    list_defer = (
        *("message__content", "message__preview", "message__source"),
        *("destination__config", "destination__how_known", "destination__agency__how_verified"),
    )
    list_filter = ("state", "lane")
    ordering = ("-pk",)
    search_help_text = (
        "The whole reference of what was sent (R-…), its id on the wire, or that of its case (C-…)."
    )
    empty_text = "Nothing was sent yet. A delivery appears here as soon as somebody approves a message."

    def visible_to(self, user: Any) -> QuerySet[Delivery]:
        """Keep to the cases that the person was let into."""
        rows = Delivery.objects.select_related("message__case", "destination__agency", "case")
        if access.has(user, "cases.view_case"):
            return rows.filter(case__in=cases.visible_to(user))
        # Who sees no case looks after deliveries: of all but those under a compartment.
        return rows.exclude(case__in=cases.hidden())

    def ways_to_find(self, request: HttpRequest, term: str) -> list[Q]:
        """Find by what the recipient sees, or by a case that the person sees."""
        ways = [Q(message__reference=term.upper())]
        if identifiers.is_uuid(term):
            ways.append(Q(message=term))
        return [*ways, Q(case__in=cases.visible_to(person(request)).filter(reference=term.upper()))]

    def name_of(self, record: Delivery) -> str:
        """Name it by what the recipient sees."""
        return f"Delivery of {record.message.reference}"

    def subject_of(self, record: Delivery) -> str:
        """Name the message, as the other entries about it do."""
        return f"message:{record.message_id}"

    @admin.display(description="approved for sending", ordering="created_at")
    def created(self, row: Delivery) -> str:
        """Show when, with the zone."""
        return markup.when(row.created_at)

    @admin.display(description="message")
    def reference(self, row: Delivery) -> str:
        """Name it by what the recipient sees."""
        return f"{row.message.reference} ({markup.words(row.message.kind)})"

    @admin.display(description="to")
    def to_whom(self, row: Delivery) -> str:
        """Name the recipient by what tells it from another of its name."""
        return f"{row.destination.agency}, {row.destination.title}"

    @admin.display(description="channel")
    def channel(self, row: Delivery) -> str:
        """Name the way."""
        return channel_title(row.message.channel)

    @admin.display(description="state")
    def state_word(self, row: Delivery) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def get_urls(self) -> list[URLPattern]:
        """Add the view of the frozen bytes."""
        view = self.guarded(self.frozen, "cases.view_case")
        return [path("frozen/<uuid:message>/", view, name="outbox_message_frozen"), *super().get_urls()]

    def frozen(self, request: HttpRequest, message: UUID) -> HttpResponse:
        """Serve exactly the bytes that were approved, or are to be, so that nothing in them can act."""
        found = Message.objects.filter(pk=message, case__in=cases.visible_to(person(request))).first()
        if found is None:
            raise Http404
        if wait := self.told_to_wait(request, found):
            return wait
        record_reading(request, "outbox.frozen_read", subject=f"message:{found.pk}")
        is_pdf = found.media_type == "application/pdf"
        kind = found.media_type if is_pdf else "text/plain; charset=utf-8"
        response = HttpResponse(bytes(found.content), content_type=kind)
        disposition = "inline" if is_pdf and "download" not in request.GET else "attachment"
        response["Content-Disposition"] = f'{disposition}; filename="{found.filename}"'
        response["Content-Security-Policy"] = LOCKED
        response["X-Frame-Options"] = "SAMEORIGIN"
        response["Cache-Control"] = "no-store"
        return response

    def offers(self, request: HttpRequest, record: Delivery, wanted: Act) -> bool:
        """Offer what the state allows, to who works on the case."""
        if not cases.may(person(request), record.case, "work_case"):
            return False
        allowed = DELIVERY.allowed(record.state)
        if wanted.name == "release":
            overrules = access.has(request.user, services.OVERRULE) or not record.held_for
            return DeliveryVerb.RELEASE in allowed and overrules
        if wanted.name == "resolve":
            return record.state == DeliveryState.UNKNOWN
        return DeliveryVerb.VOID in allowed

    def page_context(self, request: HttpRequest, record: Delivery, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the delivery log. What people and partners wrote in it is for who sees the case."""
        sees_case = access.has(request.user, "cases.view_case")
        return {
            "sees_case": sees_case,
            "agency": record.destination.agency,
            "attempts": [(each, causes.outcome(each.outcome)) for each in record.attempts.all()],
            "cause": causes.in_words(record),
            "receipts": list(record.receipts.all()),
            "channel": channel_title(record.message.channel),
            "approval": getattr(record.message, "approval", None),
            "is_document": record.message.media_type == "application/pdf",
            "frozen_url": reverse("admin:outbox_message_frozen", args=(record.message_id,))
            if sees_case
            else "",
        }

    @act("outbox.resend_delivery", "Send again", form=forms.ReasonForm, grave=True)
    def release(self, request: HttpRequest, record: Delivery, data: Data) -> str:
        """Send the same frozen message again; it keeps its id."""
        services.release(record, by=person(request), reason=data["reason"])
        return "It will be sent again, the same bytes under the same id."

    @act("outbox.resolve_delivery", "Record what became of it", form=forms.ResolveForm)
    def resolve(self, request: HttpRequest, record: Delivery, data: Data) -> str:
        """Record what a human found out."""
        found = services.resolve(
            record,
            by=person(request),
            level=data["level"],
            reference=data["reference"],
            reason=data["reason"],
        )
        if found.state == DeliveryState.UNKNOWN:
            return "Your finding is on record, and an approver who had no part in it confirms it."
        return "What became of it is on record."

    @act("outbox.resend_delivery", "Stop it for good", form=forms.ReasonForm, grave=True)
    def void(self, request: HttpRequest, record: Delivery, data: Data) -> str:
        """Void the message: it will never leave."""
        services.void(record.message, by=person(request), reason=data["reason"])
        return "It will not leave."


def channel_title(slug: str) -> str:
    """Return what people call a channel; its slug where its plugin is gone."""
    try:
        return registry.channel(slug).info.title
    except registry.UnknownChannel:
        return slug


@case_panel
def _messages_of_case(request: HttpRequest, case: Any) -> Panel | None:
    if not access.has(request.user, "outbox.view_delivery"):
        return None
    rows = (
        Message.objects.filter(case=case)
        .select_related("destination__agency", "delivery")
        .defer("content", "preview", "source")
        .prefetch_related("delivery__receipts")
        .order_by("-prepared_at")
    )
    found = [
        {
            "message": each,
            "delivery": getattr(each, "delivery", None),
            "agency": each.destination.agency,
            "channel": channel_title(each.channel),
        }
        for each in rows
    ]
    return Panel(
        slug="messages",
        title="Messages",
        template="outbox/panel.html",
        count=len(found),
        context={"messages": found},
    )
