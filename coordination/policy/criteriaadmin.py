"""The triage criteria on the desk: each version as it reads and what it changed, and what is proposed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from coordination.access import markup
from coordination.access import services as access
from coordination.access.modeladmin import person, tell
from coordination.access.recordadmin import Act, Data, Done, RecordAdmin, act
from coordination.core import clock
from coordination.core.errors import CoordinationError, InvalidInput, NotFound
from coordination.policy import selectors, services
from coordination.policy.changes import changes
from coordination.policy.contents import as_toml
from coordination.policy.criteria import rules_of
from coordination.policy.forms import ApproveForm, ProposalForm, WhyForm
from coordination.policy.models import CriteriaProposal, CriteriaVersion
from coordination.policy.workflow import ProposalState

VIEW, PROPOSE, APPROVE = "policy.view_pack", "policy.propose_criteria", "policy.approve_criteria"


@admin.register(CriteriaVersion)
class CriteriaVersionAdmin(RecordAdmin):
    """Every version of the criteria, those that the desk made too."""

    view_permission = VIEW
    reading = False
    change_list_template = "policy/change_list.html"
    pages: ClassVar[dict[str, str]] = {"": "policy/criteria.html"}
    list_display = ("version", "standing", "effective_from", "severe", "source", "confirm")
    empty_text = "No criteria are loaded: manage.py policy_load."

    def visible_to(self, user: Any) -> QuerySet[CriteriaVersion]:  # noqa: ARG002
        """Return all of them, the newest first."""
        return selectors.criteria_versions()

    def name_of(self, record: CriteriaVersion) -> str:
        """Name the version."""
        return f"Criteria {record.version}"

    @admin.display(description="state")
    def standing(self, row: CriteriaVersion) -> str:
        """Say whether decisions are made under it."""
        return _standing(row)

    @admin.display(description="high severity")
    def severe(self, row: CriteriaVersion) -> str:
        """Join the categories that page a human."""
        return ", ".join(map(markup.words, row.high_severity_categories))

    @admin.display(description="from")
    def source(self, row: CriteriaVersion) -> str:
        """Say how it came in."""
        return str(row.pack) if row.proposal is None else "the desk, by two people"

    @admin.display(description="counsel")
    def confirm(self, row: CriteriaVersion) -> str:
        """Mark what nobody has confirmed at the source."""
        return "▲ have counsel confirm" if row.counsel_confirm else ""

    def page_context(self, request: HttpRequest, record: CriteriaVersion, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show what it says, and what it changed."""
        former = selectors.criteria_before(record)
        return {
            "standing": _standing(record),
            "former": former,
            "changes": changes(former, record) if former else [],
            "rules": rules_of(record.rules),
            "toml_url": self.url_of(record, "toml"),
            "may_replay": access.has(request.user, "triage.view_replay"),
            "propose_url": reverse("admin:policy_criteriaproposal_add") if _may_propose(request) else "",
        }

    def get_urls(self) -> list[URLPattern]:
        """Add the version as a file."""
        view = self.guarded(self.toml_view)
        return [path("<str:object_id>/toml/", view, name="policy_criteriaversion_toml"), *super().get_urls()]

    def toml_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the version as a pack file has it, to be put into the next version of the file."""
        record = self.record_of(request, object_id)
        answer = HttpResponse(as_toml(record, code=record.code), content_type="application/toml")
        answer["Content-Disposition"] = f'attachment; filename="criteria-{record.version}.toml"'
        return answer


@admin.register(CriteriaProposal)
class CriteriaProposalAdmin(RecordAdmin):
    """Changes of the criteria: one person proposes, another decides, and only then are they in force."""

    view_permission = VIEW
    add_permission = PROPOSE
    change_list_template = "policy/change_list.html"
    pages: ClassVar[dict[str, str]] = {"": "policy/proposal.html"}
    list_display = ("version", "state_word", "effective_on", "proposed_by", "proposed_at", "decided_by")
    list_filter = ("state",)
    empty_text = "Nothing was proposed yet. Who decides about flags proposes a change; counsel decides."

    def visible_to(self, user: Any) -> QuerySet[CriteriaProposal]:  # noqa: ARG002
        """Return all of them, what waits first."""
        return selectors.criteria_proposals()

    def get_ordering(self, request: HttpRequest) -> Any:  # noqa: ARG002
        """Keep the order of the selector."""
        return ()

    def name_of(self, record: CriteriaProposal) -> str:
        """Say that it is no version yet, or was none."""
        return f"Proposal: criteria {record.version}"

    @admin.display(description="state")
    def state_word(self, row: CriteriaProposal) -> str:
        """Show the state with its shape."""
        return markup.state(row.state)

    def subject_of(self, record: CriteriaProposal) -> str:
        """Name it as the other entries about it do."""
        return record.origin

    def offers(self, request: HttpRequest, record: CriteriaProposal, wanted: Act) -> bool:
        """Offer the decision to others than who proposed it, and to those to take it back."""
        if record.state != ProposalState.PROPOSED:
            return False
        return (wanted.name == "withdraw") == (request.user.pk == record.proposed_by_id)

    def form_arguments(self, request: HttpRequest, record: CriteriaProposal, wanted: Act) -> dict[str, Any]:  # noqa: ARG002
        """Bind the approval to what is shown."""
        return {"digest": record.digest} if wanted.name == "approve" else {}

    def page_context(self, request: HttpRequest, record: CriteriaProposal, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show what changes, and all that it then says."""
        again = record.state in (ProposalState.RETURNED, ProposalState.WITHDRAWN) and _may_propose(request)
        return {
            "changes": changes(record.base, record),
            "rules": rules_of(record.rules),
            "made": getattr(record, "made", None),
            "again_url": f"{reverse('admin:policy_criteriaproposal_add')}?from={record.pk}" if again else "",
        }

    @act(APPROVE, "Approve", form=ApproveForm, step_up=True)
    def approve(self, request: HttpRequest, record: CriteriaProposal, data: Data) -> Done:
        """Make a version of it."""
        made = services.approve_criteria(record, by=person(request), digest=data["digest"])
        address = reverse("admin:policy_criteriaversion_change", args=[made.pk])
        begins = f"{made.effective_from:%Y-%m-%d %H:%M} UTC"
        return Done(f"Criteria {made.version} are approved, in force from {begins}.", address)

    @act(APPROVE, "Return", form=WhyForm)
    def return_(self, request: HttpRequest, record: CriteriaProposal, data: Data) -> str:
        """Give it back, to be proposed anew."""
        services.return_criteria(record, by=person(request), reason=data["reason"])
        return "Returned. Nothing has changed; who proposed it may propose it anew."

    @act(APPROVE, "Decline", form=WhyForm)
    def decline(self, request: HttpRequest, record: CriteriaProposal, data: Data) -> str:
        """Say no."""
        services.decline_criteria(record, by=person(request), reason=data["reason"])
        return "Declined. Nothing has changed."

    @act(PROPOSE, "Withdraw the proposal")
    def withdraw(self, request: HttpRequest, record: CriteriaProposal, data: Data) -> str:  # noqa: ARG002
        """Take it back."""
        services.withdraw_criteria(record, by=person(request))
        return "Withdrawn. Nothing has changed."

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Show a copy of the newest version, or of what was returned, and propose what is made of it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            base = selectors.newest_criteria()
        except NotFound as error:
            tell(request, error)
            return HttpResponseRedirect(reverse("admin:policy_criteriaproposal_changelist"))
        form = ProposalForm(request.POST or None, source=self._source(request) or base)
        if request.method == "POST" and form.is_valid():
            try:
                made = services.propose_criteria(by=person(request), **form.cleaned_data)
                return HttpResponseRedirect(self.url_of(made))
            except InvalidInput as error:
                for each in error.errors:
                    form.add_error(each.field if each.field in form.fields else None, str(each))
            except CoordinationError as error:
                form.add_error(None, str(error))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Propose a change of the criteria",
            "list_url": reverse("admin:policy_criteriaproposal_changelist"),
            "form": form,
            "base": base,
        }
        return TemplateResponse(request, "policy/propose.html", context)

    def _source(self, request: HttpRequest) -> CriteriaProposal | None:
        """Return the proposal that is taken up again, if one is."""
        wanted = request.GET.get("from", "")
        if not wanted:
            return None
        found = self.visible_to(request.user).filter(pk=wanted).first() if wanted.isdigit() else None
        if found is None:
            raise Http404
        return found


def _may_propose(request: HttpRequest) -> bool:
    return access.has(request.user, PROPOSE)


def _standing(row: CriteriaVersion) -> str:
    if row.effective_from > clock.now():
        return markup.state("in_review", "to come")
    try:
        now = selectors.criteria_in_force()
    except NotFound:
        now = None
    return markup.state("met", "in force") if row == now else markup.state("draft", "former")
