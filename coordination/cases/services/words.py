"""Checking what a person wrote."""

from coordination.core.errors import InvalidInput


def said(field: str, value: str, *, longest: int) -> str:
    """Return `value` stripped; raise InvalidInput naming `field` where it is empty or too long."""
    text = value.strip()
    if not text:
        raise InvalidInput(field, "Something has to stand here.")
    if len(text) > longest:
        raise InvalidInput(field, f"At most {longest} characters.")
    if "\x00" in text:
        raise InvalidInput(field, "This holds a character that cannot be kept.")
    return text
