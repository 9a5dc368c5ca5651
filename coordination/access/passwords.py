"""How easily a password is guessed: by zxcvbn's lists (leaked ones, words, names, keyboards) and by ours.

Django's list of leaked passwords is asked as it stands; what is long enough here is mostly a short one with
something added. zxcvbn finds those: it takes a password apart into what is on a list, and counts the guesses.
No rule of composition: what is not guessed may consist of anything.
"""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

# Where its authors draw the line between 2 and 3 of 4; against argon2id it is weeks of a processor.
ENOUGH_GUESSES = 10**8
# Its time grows with the square and more; what the first 72 are worth is enough.
JUDGED = 72
_SHORTEST_WORD = 4
_OURS = ("coordination", "safety desk", "safetydesk", "referral", "welcome", "changeme")
_OWN = ("username", "first_name", "last_name", "email", "alias")


def context_words() -> set[str]:
    """Return the words that somebody would try here first: the platform's, the product's, the operator's."""
    said = [settings.PLATFORM_NAME, settings.PLATFORM_DOMAIN, *settings.PASSWORD_CONTEXT_WORDS, *_OURS]
    whole = {each.strip().lower() for each in said}
    parts = {part for each in whole for part in re.split(r"[\W_]+", each)}
    return {each for each in whole | parts if len(each) >= _SHORTEST_WORD}


class GuessableValidator:
    """Refuse what is guessed early, the platform's and the person's own words among the first."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError where a guesser would soon be there."""
        own = {str(getattr(user, name, "") or "").lower() for name in _OWN}
        found = zxcvbn(password[:JUDGED], user_inputs=sorted(context_words() | own - {""}))
        if found["guesses"] < ENOUGH_GUESSES:
            raise ValidationError(self.get_help_text(), code="password_guessable")

    def get_help_text(self) -> str:
        """Say what a better one is."""
        return (
            "This password is easy to guess: it is built from words, names, rows of keys or repetitions that "
            "are tried first. A few words that do not belong together are better."
        )
