"""What is done about silence, about what the user is told, and about what is kept for an authority."""

from django import forms as django_forms
from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Data, act
from coordination.core.errors import NotFound
from coordination.datarequests import forms, selectors, services
from coordination.datarequests.models import DataRequest
from coordination.datarequests.productionacts import ProductionActs
from coordination.datarequests.services import UserNotice
from coordination.datarequests.workflow import NoticeBar, RequestState, SilenceEnd

_SILENCE = "datarequests.keep_silence"
_APPROVE = "datarequests.approve_notice"


class OrderForm(django_forms.Form):
    """Until when, and how that is known."""

    until = forms.day("Last day", "Empty: it has no end, and binds.")
    because = forms.text("How it was served, and by whom")


class EndForm(django_forms.Form):
    """How an order ended."""

    end = django_forms.ChoiceField(label="How it ended", choices=forms.words(SilenceEnd))
    because = forms.text("By what you know it")


class ToldForm(django_forms.Form):
    """How the user was told."""

    how = forms.text("How and where they were told")


class WithholdForm(django_forms.Form):
    """What forbids to tell the user."""

    bar = django_forms.ChoiceField(label="What forbids it", choices=forms.words(NoticeBar))
    because = forms.text("What would happen if they were told")


class DigestForm(django_forms.Form):
    """Exactly which letter."""

    digest = django_forms.CharField(label="SHA-256 of the letter", max_length=64)


class SilenceActs(ProductionActs):
    """The acts on non-disclosure, user notice and preservation."""

    @act(_SILENCE, "Record a non-disclosure order", form=OrderForm, grave=True)
    def record_order(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Record what was served later."""
        services.record_order(record, by=person(request), until=data["until"], because=data["because"])
        return "The order binds. The case is under the compartment."

    @act(_SILENCE, "Renew the non-disclosure order", form=OrderForm)
    def renew_order(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Record that it runs on."""
        services.renew_order(record, by=person(request), until=data["until"], because=data["because"])
        return "The order runs on. Its requester is reminded anew."

    @act(_SILENCE, "Say that non-disclosure ended", form=EndForm, grave=True)
    def propose_end(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Say that it ended."""
        services.propose_end(record, by=person(request), end=data["end"], because=data["because"])
        return "The order stands until another person confirms that."

    @act(_SILENCE, "Confirm that non-disclosure ended", grave=True)
    def confirm_end(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """End it, as the second person."""
        services.confirm_end(record, by=person(request))
        return "No order stands any more. Nobody was told by that."

    @act("datarequests.decide_datarequest", "Write the notice to the user")
    def prepare_notice(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Write the letter."""
        services.prepare_notice(record, by=person(request))
        return "The letter is an exhibit of the case. Another person approves it."

    @act(_APPROVE, "Approve the notice to the user", form=DigestForm, grave=True)
    def approve_notice(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Approve exactly that letter."""
        services.approve_notice(_notice(record), by=person(request), digest=data["digest"])
        return "It is approved. A task asks to tell the user."

    @act("datarequests.close_datarequest", "Record how the user was told", form=ToldForm)
    def tell_user(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Record it; the window opens."""
        services.tell_user(_notice(record), by=person(request), how=data["how"])
        return "The user was told."

    @act(_APPROVE, "Withhold notice from the user", form=WithholdForm, grave=True)
    def withhold_notice(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Withhold it, as counsel."""
        services.withhold_notice(record, by=person(request), bar=data["bar"], because=data["because"])
        return "The user is not told."

    @act(_APPROVE, "Drop the notice, or that it is withheld", form=forms.ReasonForm)
    def drop_notice(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Drop it."""
        services.drop_notice(_notice(record), by=person(request), because=data["reason"])
        return "It is dropped. What is owed is asked for anew."

    @act("datarequests.preserve_datarequest", "Have the named accounts kept")
    def preserve_accounts(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Keep what they hold now."""
        made = services.preserve_accounts(record, by=person(request))
        return f"{len(made)} kept until {made[0].until:%Y-%m-%d}. Nothing of it leaves."


def allows(record: DataRequest, name: str) -> bool | None:
    """Tell whether an act of this module can be done as things stand; None for one that is not of it."""
    ordered = services.silence_is_ordered(record)
    silence = selectors.silence_of(record)
    notice = selectors.notice_of(record)
    state = notice.state if notice else ""
    closed = record.state == RequestState.CLOSED
    return {
        "record_order": not record.non_disclosure and not closed,
        "renew_order": ordered,
        "propose_end": ordered and silence is not None and silence.proposed_by_id is None,
        "confirm_end": ordered and silence is not None and silence.proposed_by_id is not None,
        "prepare_notice": notice is None and not ordered and selectors.may_be_told(record),
        "approve_notice": state == "prepared" and not ordered,
        "tell_user": state == "approved" and not ordered,
        "withhold_notice": state not in ("told", "withheld") and selectors.has_left(record),
        "drop_notice": state in ("prepared", "approved", "withheld"),
        "preserve_accounts": services.may_preserve(record),
    }.get(name)


def _notice(record: DataRequest) -> UserNotice:
    notice = selectors.notice_of(record)
    if notice is None:
        raise NotFound
    return notice
