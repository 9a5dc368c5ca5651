"""What an administrator says about one counsel's mailbox."""

from django import forms


class CounselEmailForm(forms.Form):
    """The configuration of one destination: one mailbox, and no more."""

    recipient = forms.EmailField(
        help_text="The one address that letters go to. There is no copy, open or blind."
    )
