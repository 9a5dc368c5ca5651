"""What an administrator says about one counsel's mailbox."""

import re
from typing import Any

from django import forms

# One plain mailbox: no quoted part, so nothing that separates or comments addresses can stand in it.
ONE = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")


class OneAddressField(forms.EmailField):
    """Exactly one mail address, as it was written."""

    default_error_messages = {"one": "Exactly one plain address: no name, comma, semicolon or line break."}

    def clean(self, value: Any) -> Any:
        """Return the address; refuse two, and one with anything around it."""
        if isinstance(value, str) and value and not ONE.fullmatch(value):
            raise forms.ValidationError(self.default_error_messages["one"], code="one")
        return super().clean(value)


class CounselEmailForm(forms.Form):
    """The configuration of one destination: one mailbox, and no more."""

    recipient = OneAddressField(
        help_text="The one address that letters go to. There is no copy, open or blind."
    )
