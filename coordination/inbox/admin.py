"""What partners sent, to read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access.recordadmin import RecordAdmin
from coordination.cases import selectors as cases
from coordination.core.rules import Records
from coordination.inbox.models import InboundMessage
from coordination.rest import signatures


@admin.register(InboundMessage)
class InboundMessageAdmin(RecordAdmin):
    """Acknowledgements, questions and outcomes on the cases that the person was let into."""

    records = Records.OF_CASES
    pages = {"": "inbox/inbound.html"}
    list_display = ("kind", "agency", "about", "way", "received")
    list_select_related = ("agency", "message")
    list_defer = ("message__content", "message__preview", "message__source")
    list_filter = ("kind", "way")
    ordering = ("-received_at",)
    empty_text = "No partner has answered yet."

    def visible_to(self, user: Any) -> QuerySet[InboundMessage]:
        """Keep to the cases that the person was let into."""
        rows = InboundMessage.objects.select_related("agency", "message__case", "sent_by")
        return rows.filter(message__case__in=cases.visible_to(user))

    def name_of(self, record: InboundMessage) -> str:
        """Say what it is and from whom."""
        return f"{record.kind.capitalize()} from {record.agency.name}"

    @admin.display(description="received", ordering="received_at")
    def received(self, row: InboundMessage) -> str:
        """Show when, with the zone."""
        return markup.when(row.received_at)

    @admin.display(description="about")
    def about(self, row: InboundMessage) -> str:
        """Name the message it answers."""
        return row.message.reference

    def page_context(
        self,
        request: HttpRequest,  # noqa: ARG002
        record: InboundMessage,
        page: str,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return what they said, field by field."""
        proof = record.proof
        return {
            "said": sorted((str(key), value) for key, value in (record.payload or {}).items()),
            "proof": proof,
            "proof_holds": signatures.holds(proof) if proof else False,
        }
