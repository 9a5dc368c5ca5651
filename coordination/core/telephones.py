"""What can be a telephone number."""

import re
from typing import Final

FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 15  # ITU-T E.164
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ().-]*")


_TRUNK: Final = "(0)"  # +44 (0)20 …: dialled at home, never with the country code


def e164(value: str) -> str | None:
    """Return a number with its country code as E.164 writes it (+19705550171); None for any other text.

    Without a country code nobody can tell whose number it is, so that it equals no other.
    """
    text = value.strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    if not text.startswith("+") or not is_number(text):
        return None
    return "+" + "".join(filter(str.isdecimal, text.replace(_TRUNK, "")))


def is_number(value: str) -> bool:
    """Tell whether somebody can dial it: 7 to 15 digits, written in the ways that people write them."""
    text = value.strip()
    digits = sum(character.isdecimal() for character in text)
    return bool(_NUMBER.fullmatch(text)) and FEWEST_DIGITS <= digits <= MOST_DIGITS
