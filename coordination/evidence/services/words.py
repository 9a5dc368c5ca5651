"""Checking what a person wrote about an exhibit."""

from coordination.core.errors import InvalidInput

LONGEST_NAME = 255
LONGEST_REASON = 2_000


def said(field: str, value: str, *, longest: int = LONGEST_REASON, needed: bool = True) -> str:
    """Return `value` stripped; raise InvalidInput naming `field` where it is empty or cannot be kept."""
    text = value.strip()
    if needed and not text:
        raise InvalidInput(field, "Something has to stand here.")
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    if "\x00" in text:
        raise InvalidInput(field, "This holds a character that cannot be kept.")
    return text


def name_of_file(value: str) -> str:
    """Return the name of a file, or raise InvalidInput: a name is no path and holds nothing invisible."""
    name = said("filename", value, longest=LONGEST_NAME)
    if name in {".", ".."} or any(each in "/\\" or not each.isprintable() for each in name):
        raise InvalidInput("filename", "The name of a file alone: no folder, no path, nothing invisible.")
    return name
