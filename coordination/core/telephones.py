"""What can be a telephone number."""

import re
from typing import Final

FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 15  # ITU-T E.164
_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ().-]*")


def is_number(value: str) -> bool:
    """Tell whether somebody can dial it: 7 to 15 digits, written in the ways that people write them."""
    text = value.strip()
    digits = sum(character.isdecimal() for character in text)
    return bool(_NUMBER.fullmatch(text)) and FEWEST_DIGITS <= digits <= MOST_DIGITS
