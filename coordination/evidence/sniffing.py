"""What content is, by its own bytes: neither the name of a file nor what a browser says of it is believed."""

from typing import Final

import puremagic

UNKNOWN: Final = "application/octet-stream"
SURE: Final = 0.3  # three bytes that say so
_CONTROL = bytes({*range(32)} - {*b"\t\n\r\f\x1b"})


def media_type(head: bytes, *, size: int) -> str:
    """Return the media type of content that begins with `head`."""
    if not size:
        return UNKNOWN
    if _is_text(head, whole=len(head) == size):
        return "text/plain"
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"  # the documents that are archives begin alike, and are not told apart here
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return UNKNOWN
    best = next((each for each in found if each.mime_type and each.confidence >= SURE), None)
    return str(best.mime_type) if best else UNKNOWN


def _is_text(head: bytes, *, whole: bool) -> bool:
    # A head may end in the middle of a character.
    text = head if whole else head[:-3] if len(head) > 3 else head  # noqa: PLR2004 - the longest rest in UTF-8
    if text.translate(None, _CONTROL) != text or head.startswith(b"%PDF-"):
        return False
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return not whole and error.start >= len(text) - 3
    return True
