"""Copies: made from the original, which stays as it was; where and with what it was taken stays behind."""

import io

import pytest
from PIL import Image

from coordination.access.services import User
from coordination.core.errors import InvalidInput, Refused
from coordination.evidence import selectors, services
from coordination.evidence.models import Exhibit
from tests.exhibits import WHY, Keep

GPS_IFD, MODEL, ORIENTATION = 0x8825, 0x0110, 0x0112


def photo(form: str = "JPEG") -> bytes:
    image = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[MODEL], exif[ORIENTATION] = "Tell-tale 3000", 6
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (51.0, 30.0, 26.0), 3: "W", 4: (0.0, 7.0, 39.0)})
    written = io.BytesIO()
    image.save(written, form, exif=exif)
    return written.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_vic_07_a_copy_tells_no_place_and_the_original_stays(keep: Keep, liaison: User, form: str) -> None:
    original = keep(photo(form), filename="me.jpg")
    assert dict(Image.open(io.BytesIO(photo(form))).getexif().get_ifd(GPS_IFD))
    copy = services.strip_metadata(original, by=liaison, why=WHY)
    pixels = b"".join(services.view(copy, by=liaison, why=WHY))
    opened = Image.open(io.BytesIO(pixels))
    assert dict(opened.getexif()) == {}
    assert not set(opened.info) & {"exif", "xmp", "comment"}
    assert b"Tell-tale" not in pixels
    assert opened.size == (20, 40), "turned as its metadata said"
    assert (copy.made_from, copy.kind) == (original, "stripped")
    assert b"".join(services.view(original, by=liaison, why=WHY)) == photo(form)
    assert "copied" in [each.act for each in selectors.custody_of(original)]


def test_a_redacted_copy_is_linked_to_its_original(exhibit: Exhibit, liaison: User) -> None:
    content = io.BytesIO(b"Meet me at the [redacted] on Monday.\n")
    copy = services.add_redacted(exhibit, by=liaison, content=content, filename="chat-redacted.txt", why=WHY)
    assert (copy.made_from, copy.kind, copy.case_reference) == (exhibit, "redacted", exhibit.case_reference)


def test_a_copy_that_changes_nothing_is_none(exhibit: Exhibit, keep: Keep, liaison: User) -> None:
    content = b"".join(services.view(exhibit, by=liaison, why=WHY))
    with pytest.raises(InvalidInput):
        services.add_redacted(exhibit, by=liaison, content=io.BytesIO(content), filename="a", why=WHY)


def test_what_is_no_image_is_not_stripped(exhibit: Exhibit, keep: Keep, liaison: User) -> None:
    with pytest.raises(Refused):
        services.strip_metadata(exhibit, by=liaison, why=WHY)
    broken = keep(photo()[:200], filename="broken.jpg")
    with pytest.raises(InvalidInput):
        services.strip_metadata(broken, by=liaison, why=WHY)
