"""What process may compel, and must say, to read."""

from typing import Any

from django.contrib import admin

from coordination.access import markup
from coordination.access.modeladmin import DeskAdmin
from coordination.policy import selectors
from coordination.policy.processmodels import ProcessGate, ValidityRule


class ProcessRows(DeskAdmin):
    """The rows of the packs in force; nobody adds, changes or deletes."""

    view_permission = "policy.view_pack"
    change_list_template = "policy/change_list.html"
    change_form_template = "policy/change_form.html"
    list_select_related = ("pack",)

    def get_queryset(self, request: Any) -> Any:
        """Keep to the packs in force on the list; a single row may be of any version."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match and (match.url_name or "").endswith("_changelist"):
            return rows.filter(pack__in=selectors.packs_in_force())
        return rows

    @admin.display(description="Counsel")
    def confirm(self, row: ProcessGate | ValidityRule) -> str:
        """Mark the rows that nobody has confirmed at the source."""
        return "▲ have counsel confirm" if row.counsel_confirm else ""


@admin.register(ProcessGate)
class ProcessGateAdmin(ProcessRows):
    """Which process lets which data out."""

    list_display = ("code", "title", "reaches", "related_only", "citation", "confirm", "pack")
    list_filter = ("counsel_confirm", "pack")

    @admin.display(description="May leave")
    def reaches(self, row: ProcessGate) -> str:
        """Join what the process reaches."""
        return ", ".join(row.categories) or "nothing"


@admin.register(ValidityRule)
class ValidityRuleAdmin(ProcessRows):
    """What a data request must say on its face."""

    list_display = ("code", "title", "applies", "asked", "citation", "confirm", "pack")
    list_filter = ("counsel_confirm", "pack")

    @admin.display(description="Processes")
    def applies(self, row: ValidityRule) -> str:
        """Join the processes, in words."""
        return ", ".join(markup.words(each) for each in row.processes)

    @admin.display(description="Asked for")
    def asked(self, row: ValidityRule) -> str:
        """Say what the requester supplies."""
        return "counsel looks" if row.counsel_only else row.supply
