"""People and their tokens on the desk. Every act calls a service, and the service asks and records."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from coordination.access import reviewadmin, roleadmin, selectors, services, stepup  # noqa: F401 - they register
from coordination.access.forms import (
    AliasForm,
    FoundForm,
    HeldForm,
    NewPersonForm,
    ReasonForm,
    RevokeForm,
    RolesForm,
    RotateForm,
    TokenForm,
)
from coordination.access.models import User
from coordination.access.recordadmin import Act, Done, RecordAdmin, act
from coordination.access.tokenpage import issued, shown_once
from coordination.core.errors import CoordinationError, InvalidInput

_CHANGE = "access.change_user"
NEXT = (
    ", and cannot sign in yet. Once another administrator gave them their roles (Access changes), propose a"
    " way in here: docs/administrators.md."
)
NOT_TO_ONESELF = frozenset({"disable", "change_roles", "release", "look_into", "give_way_in", "start_anew"})


@admin.register(User)
class PersonAdmin(RecordAdmin):
    """A person: their roles, the name shown outside, and the tokens they use."""

    add_permission = _CHANGE
    pages: ClassVar[dict[str, str]] = {"": "access/person.html"}
    reading = False
    list_display = ("username", "full_name", "alias", "roles", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "alias")
    ordering = ("username",)

    def visible_to(self, user: Any) -> QuerySet[User]:  # noqa: ARG002
        """Return everybody, with their roles."""
        return User.objects.prefetch_related("groups")

    @admin.display(description="name")
    def full_name(self, person: User) -> str:
        """The person's own name."""
        return person.get_full_name()

    @admin.display(description="roles")
    def roles(self, person: User) -> str:
        """The roles in words."""
        return ", ".join(person.role_names).replace("_", " ")

    def offers(self, request: HttpRequest, record: User, act: Act) -> bool:
        """Offer nobody what would be done to themselves, and only one of disable and enable."""
        if act.name in NOT_TO_ONESELF and record.pk == request.user.pk:
            return False
        if act.name in {"give_way_in", "start_anew"} and not (record.is_staff and record.is_active):
            return False
        if act.name == "release":
            return selectors.lock_out_of(record) is not None
        if act.name == "look_into":
            return selectors.guess_waits(record)
        if act.name == "end_sessions":
            return selectors.sessions_of(record).exists()
        return act.name != ("enable" if record.is_active else "disable")

    def form_arguments(self, request: HttpRequest, record: User, act: Act) -> dict[str, Any]:  # noqa: ARG002
        """Start from what the person has."""
        if act.name == "change_roles":
            return {"initial": {"roles": record.role_names}}
        return {"initial": {"alias": record.alias}} if act.name == "change_alias" else {}

    def page_context(self, request: HttpRequest, record: User, page: str) -> dict[str, Any]:  # noqa: ARG002
        """Show the doors, and the tokens, the dead ones too."""
        return {
            "tokens": selectors.tokens_of(record),
            "sessions": selectors.sessions_of(record),
            "factors": selectors.factors_of(record),
            "lock_out": selectors.lock_out_of(record),
            "guessed": selectors.guess_waits(record),
            "waiting": selectors.waiting_for(record),
        }

    @act(_CHANGE, "Change roles", form=RolesForm, step_up=True)
    def change_roles(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Take the roles that are not ticked; propose the new ones to another administrator."""
        by = services.person(request.user)
        change = services.set_roles(record, data["roles"], by=by, reason=data["reason"])
        if change is None:
            return "The roles are changed."
        return "Another administrator decides about the new roles; what was taken is taken."

    @act(_CHANGE, "Change the name shown outside", form=AliasForm)
    def change_alias(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Change the alias."""
        by = services.person(request.user)
        services.change_person(record, by=by, alias=data["alias"])
        return "The name shown outside is changed."

    @act(_CHANGE, "Disable", grave=True)
    def disable(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:  # noqa: ARG002
        """End the person's rights and tokens at once."""
        by = services.person(request.user)
        services.change_person(record, by=by, is_active=False)
        return f"{record} is disabled; their tokens open nothing."

    @act(_CHANGE, "Propose to enable", form=ReasonForm, step_up=True)
    def enable(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Propose to give back what disabling took."""
        services.enable(record, by=services.person(request.user), reason=data["reason"])
        return f"Another administrator decides whether {record} is enabled."

    @act(_CHANGE, "Release the lock-out", form=ReasonForm, step_up=True)
    def release(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Let the person's password and codes work again."""
        services.release(record, by=services.person(request.user), reason=data["reason"])
        return f"{record} may sign in with password and code again."

    @act(_CHANGE, "Record what it was", form=FoundForm)
    def look_into(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Say what came of asking about guessed codes; the task ends with that."""
        services.look_into_guess(record, by=services.person(request.user), reason=data["reason"])
        return "It is recorded what the wrong codes were."

    @act(_CHANGE, "End all sessions", grave=True)
    def end_sessions(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:  # noqa: ARG002
        """Throw the person out of every browser."""
        ended = services.end_all(record, why="ended by an administrator", by=services.person(request.user))
        return f"{ended} sessions of {record} are ended."

    @act(_CHANGE, "Propose a way in", form=ReasonForm, step_up=True)
    def give_way_in(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Propose a one-time link, by which the person sets a password."""
        services.propose_way_in(record, by=services.person(request.user), reason=data["reason"])
        return "Another administrator decides, and hands the way in over."

    @act(_CHANGE, "Start enrolment anew", form=ReasonForm, grave=True, step_up=True)
    def start_anew(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """For lost devices: take factors, password and sessions now, and propose a one-time link."""
        services.start_anew(record, by=services.person(request.user), reason=data["reason"])
        return "Factors, password and sessions are gone. Another administrator decides about the way in."

    @act(_CHANGE, "Issue a token", form=TokenForm, step_up=True)
    def issue_token(self, request: HttpRequest, record: User, data: dict[str, Any]) -> Done:
        """Issue a token; its plain text goes into this one answer and nowhere else."""
        token, plain = services.issue_token(
            record,
            by=services.person(request.user),
            name=data["name"],
            scopes=data["scopes"],
            expires_in=timedelta(days=data["days"]),
        )
        return issued(request, token, plain)

    @act(_CHANGE, "Rotate", form=RotateForm, step_up=True)
    def rotate_token(self, request: HttpRequest, record: User, data: dict[str, Any]) -> Done:
        """Issue a successor of one of the person's tokens."""
        overlap = timedelta(days=data["overlap_days"])
        token, plain = services.rotate_token(
            self._token(record, data), by=services.person(request.user), overlap=overlap
        )
        return issued(request, token, plain)

    @act(_CHANGE, "Confirm", form=HeldForm, step_up=True)
    def confirm_token(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """Let a token that another administrator issued open what it is for."""
        token = self._token(record, data)
        services.confirm_token(token, by=services.person(request.user), how=data["reason"])
        return f"Token {token.reference} opens what it is for."

    @act(_CHANGE, "Revoke", form=RevokeForm, grave=True)
    def revoke_token(self, request: HttpRequest, record: User, data: dict[str, Any]) -> str:
        """End one of the person's tokens."""
        token = self._token(record, data)
        services.revoke_token(token, by=services.person(request.user), reason=data["reason"])
        return f"Token {token.reference} is revoked."

    def _token(self, record: User, data: dict[str, Any]) -> services.ApiToken:
        token = selectors.tokens_of(record).filter(reference=data["target"]).first()
        if token is None:
            raise InvalidInput("target", "This person has no such token.")
        return token

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show what is shown once in place of the redirect: a message would be stored."""
        return shown_once(self, request, super().act_view(request, object_id, name))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Ask for a new person and create them through the service."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewPersonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            if asked := stepup.require(request):
                return asked
            created = self._create(request, form)
            if created is not None:
                messages.success(request, f"{created} is created{NEXT}")
                return HttpResponseRedirect(self.url_of(created))
        context = self._context(request, "New person") | {"form": form}
        return TemplateResponse(request, "access/new_person.html", context)

    def _create(self, request: HttpRequest, form: forms.Form) -> User | None:
        try:
            return services.create_person(by=services.person(request.user), **form.cleaned_data)
        except CoordinationError as error:
            field = error.field if isinstance(error, InvalidInput) and error.field in form.fields else None
            form.add_error(field, str(error))
            return None

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "list_url": reverse("admin:access_user_changelist"),
        }
