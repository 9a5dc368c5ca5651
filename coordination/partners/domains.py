"""Domains that are not what they look like. Pure: it compares names and knows no agency.

A request whose domain resembles an agency's is a sign of a forgery (FBI, Private Industry Notification of
4 November 2024, on forged emergency requests), and never that agency's own. What is compared are names as the
domain name system has them: no case, labels between dots, letters beyond ASCII as xn-- (RFC 5890, Punycode
RFC 3492).
"""

import unicodedata
from enum import StrEnum
from typing import Final

# Letters of other scripts that are drawn like a Latin one. Unicode TS #39 has thousands; these are those of
# Cyrillic, Greek and Armenian that make whole words, and Latin ones that decomposition leaves as they are.
_DRAWN_ALIKE: Final = {
    **str.maketrans("абвгԁеёзіїјкӏмнорсѕтухҳьѵԛԝ", "a6brdee3iijk1mhopcstyxxbvqw"),
    **str.maketrans("αβγεηικνορτυχω", "abyenikvoptuxw"),
    **str.maketrans("օոսհցք", "onuhgp"),  # noqa: RUF001 - that is what they are for
    **str.maketrans("ıłøđħŧɡɑʟ。", "ilodhtgal."),
}
_DIGITS: Final = str.maketrans("0123456789", "olzeasbtbg")
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_TYPING: Final = 6  # below this many letters a name is one slip away from too many others


class How(StrEnum):
    """In which way a domain resembles another."""

    TRAILING_DOT = "trailing_dot"
    HOMOGLYPH = "homoglyph"
    DIGIT = "digit"
    SUB_DOMAIN = "sub_domain"
    HYPHEN = "hyphen"
    ENDING = "ending"
    LETTER = "letter"


IN_WORDS: Final = {
    How.TRAILING_DOT: "the same name with a dot at its end",
    How.HOMOGLYPH: "letters that look like others (another alphabet, xn--, rn for m)",
    How.DIGIT: "digits that stand for letters",
    How.SUB_DOMAIN: "the name stands in front of a domain of somebody else",
    How.HYPHEN: "hyphens or dots put in, left out or exchanged",
    How.ENDING: "the same name under another ending",
    How.LETTER: "one letter more, less, changed or exchanged",
}


def domain_of(address_or_domain: str) -> str:
    """Return the domain of an address (or the domain itself) in ASCII and small letters; "" for no domain.

    A trailing dot stays: it is no part of an address. A display name, a second @ or a space makes it none.
    """
    text = address_or_domain.strip().lower()
    name, at, domain = text.rpartition("@")
    if "@" in name or (at and not name) or any(each in "<>,;:/\\\"'()" or each.isspace() for each in text):
        return ""
    return ".".join(_ascii(label) for label in domain.split(".")) if domain.strip(".") else ""


def resemblance(domain: str, registered: str) -> How | None:
    """Return how `domain` resembles `registered`, both as `domain_of` gives them; None where it does not.

    None for the registered domain itself and for what stands under it, which its owner alone can make.
    """
    if not domain or not registered or domain == registered or domain.endswith("." + registered):
        return None
    if domain.rstrip(".") == registered:
        return How.TRAILING_DOT
    bare = domain.rstrip(".")
    drawn, ours = _drawn(bare), _drawn(registered)
    if drawn == ours:
        return How.HOMOGLYPH
    folded, known = _folded(drawn), _folded(ours)
    if folded == known:
        return How.DIGIT if any(each.isdigit() for each in drawn) else How.HOMOGLYPH
    return _rearranged(folded, known) or _one_letter(folded, known)


def _drawn(domain: str) -> str:
    """Return a domain in the ASCII letters that it looks like; hyphens, dots and digits stay."""
    shown = ".".join(map(_unicode, domain.split(".")))
    plain = unicodedata.normalize("NFKD", shown).translate(_DRAWN_ALIKE).lower()
    plain = unicodedata.normalize("NFKD", plain.translate(_DRAWN_ALIKE))
    return "".join(each for each in plain if not unicodedata.combining(each))


def _ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _folded(drawn: str) -> str:
    """Return a name with what is read alike made the same: 0 and o, 1, i and l, rn and m."""
    text = drawn.translate(_DIGITS).replace("i", "l")
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return text


def _rearranged(folded: str, known: str) -> How | None:
    labels, ours = folded.split("."), known.split(".")
    places = range(len(labels) - len(ours))
    if any(labels[start : start + len(ours)] == ours for start in places):
        return How.SUB_DOMAIN
    if _joined(folded) == _joined(known) or any(_joined(label) == _joined(known) for label in labels):
        return How.HYPHEN
    name, own = _joined(".".join(labels[:-1])), _joined(".".join(ours[:-1]))
    if own and name == own:
        return How.ENDING if labels[:-1] == ours[:-1] else How.HYPHEN
    return None


def _joined(text: str) -> str:
    return text.replace("-", "").replace(".", "")


def _one_letter(folded: str, known: str) -> How | None:
    """Tell whether two names are one slip of the finger apart; the ending is the same."""
    name, _, ending = folded.rpartition(".")
    own, _, known_ending = known.rpartition(".")
    if ending != known_ending or len(own) < _TYPING or abs(len(name) - len(own)) > 1:
        return None
    head = 0
    while head < min(len(name), len(own)) and name[head] == own[head]:
        head += 1
    left, right = name[head:], own[head:]
    exchanged = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    near = left[1:] == right[1:] or left[1:] == right or left == right[1:] or exchanged
    return How.LETTER if near else None
