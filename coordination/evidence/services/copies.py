"""Copies made from an exhibit: redacted by a person, or stripped of metadata here. The original stays."""

import io
from typing import IO

from coordination.access.services import User
from coordination.core.errors import InvalidInput, Refused
from coordination.evidence.models import Exhibit
from coordination.evidence.services import intake, reading, store
from coordination.evidence.workflow import ExhibitKind

LARGEST_IMAGE = 32 * 1024 * 1024
MOST_PIXELS = 50_000_000
IMAGES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def strip_metadata(exhibit: Exhibit, *, by: User | None, why: str) -> Exhibit:
    """Make a copy of an image from its pixels alone: no place, no device, no time, no thumbnail.

    The picture is turned as its metadata said it should be. Raises Refused for what is no JPEG, PNG or WebP,
    or is too large.
    """
    if exhibit.media_type not in IMAGES or exhibit.size > LARGEST_IMAGE:
        raise Refused(
            f"Metadata is stripped from JPEG, PNG and WebP of up to {LARGEST_IMAGE // 2**20} MiB; add a"
            " redacted copy instead.",
            rule="evidence.not-strippable",
        )
    pixels = b"".join(reading.copy_out(exhibit, by=by, why=why))
    stripped = _stripped(pixels, IMAGES[exhibit.media_type])
    return _copy(exhibit, io.BytesIO(stripped), ExhibitKind.STRIPPED, by=by, why=why)


def add_redacted(
    exhibit: Exhibit, *, by: User | None, content: IO[bytes], filename: str, why: str
) -> Exhibit:
    """Take in what somebody redacted from an exhibit, linked to it."""
    return _copy(exhibit, content, ExhibitKind.REDACTED, by=by, why=why, filename=filename)


def _copy(
    exhibit: Exhibit,
    content: IO[bytes],
    kind: ExhibitKind,
    *,
    by: User | None,
    why: str,
    filename: str = "",
) -> Exhibit:
    copy, is_new = intake.take_in(
        exhibit.case_reference,
        by=by,
        content=content,
        filename=filename or store.words_of(exhibit)["filename"],
        why=why,
        what=f"A {kind.value} copy of {exhibit.reference}",
        kind=kind,
        made_from=exhibit,
    )
    if not is_new and copy.made_from_id != exhibit.pk:
        raise InvalidInput("content", f"This is the content of exhibit {copy.reference} already.")
    return copy


def _stripped(image: bytes, form: str) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image), formats=[form]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise InvalidInput("content", f"An image of more than {MOST_PIXELS} pixels.")
            turned = ImageOps.exif_transpose(opened)
            plain = Image.frombytes(turned.mode, turned.size, turned.tobytes())
            if turned.mode == "P":
                plain.putpalette(turned.getpalette("RGBA") or [], "RGBA")
            written = io.BytesIO()
            plain.save(written, form, **({"quality": 95} if form != "PNG" else {}))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InvalidInput("content", "This is not an image that can be opened.") from error
    return written.getvalue()
