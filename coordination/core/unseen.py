"""Characters that nobody sees: zero-width ones and those that turn the direction of what follows.

As evidence they stay where they are; a page shows that they are there, and a comparison passes over them.
"""

import unicodedata
from typing import Final

# Fill characters that Unicode counts among letters and marks, and that are seen as nothing or as a space.
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
_SEEN: Final = "\t\n\r"


def is_unseen(character: str) -> bool:
    """Tell whether a character is a control (Cc and Cf in Unicode, no line end), a filler or a selector."""
    if character.isascii():
        return not character.isprintable() and character not in _SEEN
    return (
        unicodedata.category(character) in ("Cc", "Cf")
        or character in _FILLERS
        or "\ufe00" <= character <= "\ufe0f"
    )


def has_unseen(text: str) -> bool:
    """Tell whether a text holds such a character."""
    return not (text.isascii() and text.isprintable()) and any(map(is_unseen, text))


def without_unseen(text: str) -> str:
    """Return a text without them, for comparing; never for showing or keeping."""
    return "".join(each for each in text if not is_unseen(each)) if has_unseen(text) else text


def name_of(character: str) -> str:
    """Return how one of them is named to a reader: U+200B ZERO WIDTH SPACE."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'CONTROL')}"
