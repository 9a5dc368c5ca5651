"""Who is on call, and who was paged. Every act calls a service, and the service asks and records."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from coordination.access import markup
from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import CoordinationError, InvalidInput
from coordination.core.rules import Records
from coordination.oncall import forms, rota, selectors, services
from coordination.oncall.models import Page, Schedule
from coordination.oncall.week import people_in, week

KEEP = "oncall.keep_schedule"
SEE_PAGE = "oncall.view_page"


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    """Schedules: whose turn it is, the week, and who stands in."""

    view_permission = "oncall.view_schedule"
    add_permission = KEEP
    lookup = "code"
    pages = {"": "oncall/schedule.html"}
    list_display = ("name", "code", "now", "changes", "time_zone")
    ordering = ("pk",)
    empty_text = (
        "Nobody is on call: whoever stands in a queue is woken. Add a schedule, and whoever is on is."
    )

    @admin.display(description="on call now")
    def now(self, row: Schedule) -> str:
        """Name who has the calls."""
        return str(selectors.on_call(row.code) or "▲ nobody")

    @admin.display(description="next hand-over")
    def changes(self, row: Schedule) -> SafeString | str:
        """Say when somebody else has them."""
        change = rota.next_change(selectors.plan_of(row), clock.now())
        return markup.when(change[0] if change else None, row.time_zone)

    def is_urgent(self, record: Schedule) -> bool:  # noqa: ARG002 - as overridden
        """Let nobody wait to see whom to call."""
        return True

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Open a schedule."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = forms.ScheduleForm(request.POST or None, initial={"time_zone": "UTC"})
        if request.method == "POST" and form.is_valid():
            try:
                made = services.open_schedule(by=person(request), **form.cleaned_data)
            except CoordinationError as error:
                form.add_error(error.field if isinstance(error, InvalidInput) else None, str(error))
            else:
                return HttpResponseRedirect(self.url_of(made))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "New schedule",
            "list_url": reverse("admin:oncall_schedule_changelist"),
            "form": form,
        }
        return TemplateResponse(request, "oncall/new.html", context)

    def page_context(self, request: HttpRequest, record: Schedule, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return who has the calls, the week, and what it is made of."""
        plan, now = selectors.plan_of(record), clock.now()
        people = User.objects.in_bulk(people_in(plan))
        change, held_by = rota.next_change(plan, now), rota.on_call(plan, now)
        return {
            "now": people.get(held_by) if held_by is not None else None,
            "change": change[0] if change else None,
            "then": people.get(change[1]) if change and change[1] is not None else None,
            "week": week(plan, now, people),
            "rotations": [
                {"row": each, "on": forms.WEEKDAYS[each.weekday], "over": _is_over(each)}
                for each in selectors.rotations_of(record)
            ],
            "overrides": list(selectors.overrides_of(record)),
        }

    @act(KEEP, "Add a rotation", form=forms.RotationForm)
    def add_rotation(self, request: HttpRequest, record: Schedule, data: Data) -> str:
        """Let people take turns."""
        asked = {name: data[name] for name in ("people", "weekday", "at", "days", "begins", "layer")}
        services.add_rotation(record, by=person(request), **asked)
        return "They take turns from the next hand-over on."

    @act(KEEP, "End this rotation", form=forms.EndForm)
    def end_rotation(self, request: HttpRequest, record: Schedule, data: Data) -> str:
        """Let turns end."""
        row = selectors.rotation(record, data["target"])
        services.end_rotation(row, on=data["on"], by=person(request))
        return "It ends with the hand-over of that day."

    @act(KEEP, "Have somebody stand in", form=forms.StandInForm)
    def stand_in(self, request: HttpRequest, record: Schedule, data: Data) -> str:
        """Put somebody in the place of whoever's turn it is."""
        services.stand_in(
            record,
            person=data["person"],
            begins=rota.moment(data["begins_on"], data["begins_at"], record.time_zone),
            ends=rota.moment(data["ends_on"], data["ends_at"], record.time_zone),
            reason=data["reason"],
            by=person(request),
        )
        return f"{data['person']} stands in."

    @act(KEEP, "End it now")
    def end_stand_in(self, request: HttpRequest, record: Schedule, data: Data) -> str:
        """Give the calls back."""
        services.end_stand_in(selectors.override(record, data["target"]), by=person(request))
        return "Whoever's turn it is has the calls again."


@admin.register(Page)
class PageAdmin(RecordAdmin):
    """The page log: who was asked for, by which way, and who answered."""

    view_permission = SEE_PAGE
    records = Records.OF_CASES_SEEN
    pages = {"": "oncall/log.html"}
    list_display = ("what", "state_word", "opened_at", "answered_by", "took")
    list_display_links = ("what",)
    list_filter = ("state",)
    list_select_related = ("answered_by", "task")
    ordering = ("-opened_at",)
    empty_text = "Nobody was paged yet. A danger to life that waits for a person opens a page at once."

    def visible_to(self, user: Any) -> QuerySet[Page]:
        """Return the pages of cases that the person sees."""
        return selectors.pages_for(user)

    def name_of(self, record: Page) -> str:
        """Say what it asked for."""
        return f"Page: {markup.words(record.task_kind)}"

    @admin.display(description="asked for")
    def what(self, row: Page) -> str:
        """Say what kind of task it was."""
        return markup.words(row.task_kind)

    @admin.display(description="state")
    def state_word(self, row: Page) -> SafeString:
        """Mark what nobody has answered."""
        return _state(row)

    @admin.display(description="answered after")
    def took(self, row: Page) -> str:
        """Say how long it took."""
        return _minutes(row)

    def offers(self, request: HttpRequest, record: Page, wanted: Act) -> bool:  # noqa: ARG002
        """Offer to answer to who was asked for, or could do the task."""
        return record.state == "paging" and selectors.may_answer(person(request), record)

    def page_context(self, request: HttpRequest, record: Page, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the page's way."""
        return {
            "state": _state(record),
            "took": _minutes(record),
            "attempts": list(selectors.attempts_of(record)),
            "steps": [{"number": number, **step} for number, step in enumerate(record.steps, start=1)],
        }

    @act(SEE_PAGE, "I have it")
    def answer(self, request: HttpRequest, record: Page, data: Data) -> str:  # noqa: ARG002
        """Say that one has it."""
        services.answer(record, by=person(request))
        return "You have it: nobody else is called. The task still waits for what it asks."


def _state(page: Page) -> SafeString:
    return markup.state("P0", "nobody has answered") if page.state == "paging" else markup.state(page.state)


def _minutes(page: Page) -> str:
    if page.answered_at is None:
        return "–"  # noqa: RUF001 - as absence looks
    seconds = int((page.answered_at - page.opened_at).total_seconds())
    return f"{seconds // 60} min {seconds % 60:02d} s"


def _is_over(rotation: Any) -> bool:
    return rotation.ends is not None and rotation.ends <= clock.now().date()
