"""What people fill in about being on call."""

from django import forms

from coordination.policy.workflow import Way

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WAYS = {Way.SMS: "text message", Way.EMAIL: "e-mail", Way.WEBHOOK: "the pager's gateway"}


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
