"""Law and policy to read. Nothing can be changed here but the criteria, by two people (criteriaadmin)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from coordination.access import markup
from coordination.access.modeladmin import DeskAdmin
from coordination.policy import criteriaadmin, processadmin, selectors  # noqa: F401 - they register pages
from coordination.policy.models import (
    Clock,
    EmergencyNumber,
    Escalation,
    IntakeRule,
    LadderStep,
    LegalBasis,
    Pack,
)


class PolicyAdmin(DeskAdmin):
    """Whoever may see law and policy reads; nobody adds, changes or deletes."""

    view_permission = "policy.view_pack"
    change_list_template = "policy/change_list.html"
    change_form_template = "policy/change_form.html"


class RowsInForce(PolicyAdmin):
    """The rows of the packs in force; those of earlier versions stay readable from what refers to them."""

    list_select_related = ("pack",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Keep to the packs in force on the list; a single row may be of any version."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match and (match.url_name or "").endswith("_changelist"):
            return rows.filter(pack__in=selectors.packs_in_force())
        return rows

    @admin.display(description="Counsel")
    def confirm(self, row: Clock | LegalBasis | Escalation | LadderStep | IntakeRule) -> str:
        """Mark the rows that nobody has confirmed at the source."""
        return "▲ have counsel confirm" if row.counsel_confirm else ""


@admin.register(Pack)
class PackAdmin(PolicyAdmin):
    """Every version that was ever in force."""

    list_display = ("name", "version", "title", "jurisdiction", "effective_from", "effective_until", "digest")
    list_filter = ("name",)


@admin.register(LegalBasis)
class LegalBasisAdmin(RowsInForce):
    """Which statute lets which data category go to which recipient class."""

    list_display = ("code", "title", "citation", "categories", "recipients", "conditions", "confirm", "pack")
    list_filter = ("counsel_confirm", "pack")

    @admin.display(description="Data categories")
    def categories(self, row: LegalBasis) -> str:
        """Join what the row covers."""
        return ", ".join(row.data_categories)

    @admin.display(description="Recipient classes")
    def recipients(self, row: LegalBasis) -> str:
        """Join whom the row reaches."""
        return ", ".join(row.recipient_classes)

    @admin.display(description="Needs on record")
    def conditions(self, row: LegalBasis) -> str:
        """Join what must be on record before anything leaves under this row."""
        return ", ".join(row.conditions)


@admin.register(Clock)
class ClockAdmin(RowsInForce):
    """What starts it, what it applies to, how long it runs."""

    list_display = (
        "code",
        "trigger",
        "applies_to",
        "wording",
        "amount",
        "unit",
        "citation",
        "confirm",
        "pack",
    )
    list_filter = ("counsel_confirm", "pack")


@admin.register(LadderStep)
class LadderStepAdmin(RowsInForce):
    """What a restriction limits, step by step, and which one comes by itself."""

    list_display = (
        "order",
        "title",
        "step",
        "limits",
        "review_clock",
        "automatic",
        "citation",
        "confirm",
        "pack",
    )
    list_display_links = ("title",)
    list_filter = ("counsel_confirm", "pack")

    @admin.display(description="At intake")
    def automatic(self, row: LadderStep) -> str:
        """Mark the step that a flag of high severity brings at once."""
        return "● at once" if row.on_intake else ""


@admin.register(EmergencyNumber)
class EmergencyNumberAdmin(RowsInForce):
    """Whom to telephone, by place."""

    list_display = ("place", "number", "source", "checked_on", "pack")
    search_fields = ("place",)


@admin.register(Escalation)
class EscalationAdmin(RowsInForce):
    """Who is paged for what, and how it climbs."""

    list_display = ("code", "title", "priority", "climbs", "repeat_minutes", "citation", "confirm", "pack")
    fields = (
        *("code", "title", "priority", "kinds", "climbs", "repeat_minutes", "citation", "counsel_confirm"),
        *("note", "pack"),
    )
    readonly_fields = ("kinds", "climbs")

    @admin.display(description="Tasks that page")
    def kinds(self, row: Escalation) -> str:
        """Join the kinds of tasks."""
        return ", ".join(markup.words(each) for each in row.task_kinds)

    @admin.display(description="Climbs")
    def climbs(self, row: Escalation) -> str:
        """Say whom each step pages, and when."""
        return "; ".join(
            f"at {step['after_minutes']} min {', '.join(step['whom'])} by {', '.join(step['ways'])}"
            for step in row.steps
        )


@admin.register(IntakeRule)
class IntakeRuleAdmin(RowsInForce):
    """Which classifiers are known, and when reports about one account look coordinated."""

    list_display = ("code", "known", "coordinated", "citation", "confirm", "pack")

    @admin.display(description="Known classifiers")
    def known(self, row: IntakeRule) -> str:
        """Join their names."""
        return ", ".join(row.classifiers)

    @admin.display(description="Reports look coordinated")
    def coordinated(self, row: IntakeRule) -> str:
        """Say from how many reports on."""
        return f"from {row.coordinated_reports} in {row.coordinated_days} days"
