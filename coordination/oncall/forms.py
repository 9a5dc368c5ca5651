"""What people fill in about being on call."""

from typing import Any

from django import forms

from coordination.access.services import User
from coordination.oncall import selectors
from coordination.policy.workflow import Way

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WAYS = {Way.SMS: "text message", Way.EMAIL: "e-mail", Way.WEBHOOK: "the pager's gateway"}
MOST_PEOPLE = 6
_DATE = forms.DateInput(attrs={"type": "date"})
_TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class AnswerForm(forms.Form):
    """What a message carries: the end of its link, and a code."""

    link = forms.CharField(
        max_length=100,
        label="What stands behind the # in the link",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    code = forms.CharField(
        max_length=12,
        label="The code in the message",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )


class ScheduleForm(forms.Form):
    """A new schedule."""

    name = forms.CharField(max_length=80, label="Name", help_text="What people call it, as in First call.")
    code = forms.SlugField(
        max_length=40,
        label="Code",
        help_text="By which policy names it: first, second and manager, as shipped.",
    )
    time_zone = forms.CharField(max_length=64, label="Time zone", help_text="As in America/Los_Angeles.")


class RotationForm(forms.Form):
    """People who take turns, in order."""

    weekday = forms.TypedChoiceField(
        label="Hand-over on", choices=list(enumerate(WEEKDAYS)), coerce=int, initial=0
    )
    at = forms.TimeField(label="at", widget=_TIME, help_text="Local time of the schedule, all year.")
    days = forms.IntegerField(label="Days of a shift", min_value=1, max_value=60, initial=7)
    begins = forms.DateField(label="From", widget=_DATE, help_text="It begins with the next hand-over.")
    layer = forms.IntegerField(
        label="Layer", min_value=0, max_value=9, initial=0, help_text="A higher one covers those below it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, MOST_PEOPLE + 1):
            self.fields[f"person_{number}"] = _person(f"{number}. person", required=number == 1)

    @property
    def people(self) -> list[User]:
        """The people in their order."""
        given = (self.cleaned_data.get(f"person_{number}") for number in range(1, MOST_PEOPLE + 1))
        return [each for each in given if each is not None]

    def clean(self) -> dict[str, Any]:
        """Add the people in their order."""
        return {**(super().clean() or {}), "people": self.people}


class EndForm(forms.Form):
    """The day of the last hand-over."""

    on = forms.DateField(label="Ends with the hand-over of", widget=_DATE)


class StandInForm(forms.Form):
    """Somebody who stands in, in local times of the schedule."""

    begins_on = forms.DateField(label="From", widget=_DATE)
    begins_at = forms.TimeField(label="at", widget=_TIME)
    ends_on = forms.DateField(label="Until", widget=_DATE)
    ends_at = forms.TimeField(label="at", widget=_TIME)
    reason = forms.CharField(label="Why", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"] = _person("Who stands in", required=True)
        self.order_fields(["person"])


class WayForm(forms.Form):
    """An address of one's own."""

    way = forms.ChoiceField(label="By", choices=[(way.value, words) for way, words in WAYS.items()])
    address = forms.CharField(
        max_length=200,
        label="Address",
        help_text="A telephone number with its country, an e-mail address, or your name at the gateway.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CodeForm(forms.Form):
    """The code that was sent to an address."""

    code = forms.CharField(
        max_length=12,
        label="The code that was sent there",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )


def _person(label: str, *, required: bool) -> forms.Field:
    return forms.ModelChoiceField(
        queryset=selectors.people_to_choose(), label=label, required=required, empty_label="nobody"
    )
