"""A template and its values in, the bytes of a tagged PDF (PDF/UA) out: the same in, the same out."""

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.utils import translation

if TYPE_CHECKING:
    from weasyprint.text.fonts import FontConfiguration

OWN_ROOT: Final = Path(__file__).resolve().parent.parent.parent / "templates"
BASE_URL: Final = "https://assets.invalid/"
# Tagged: a screen reader finds the headings, the language and the reading order.
VARIANT: Final = "pdf/ua-1"
LARGEST_HTML: Final = 4 * 1024 * 1024
LARGEST_ASSET: Final = 4 * 1024 * 1024
MEDIA_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".ttf": "font/ttf"}

ONE_AT_A_TIME: Final = (
    threading.Lock()
)  # fonts are shared (1.3 times as fast), and Pango's maps are not for two threads at once


class Unrenderable(Exception):
    """The document cannot be made: a template or an asset is missing or broken, or it is too much."""


def render_pdf(template: str, context: Mapping[str, Any], *, roots: Sequence[Path] = ()) -> bytes:
    """Return the PDF of a template found in `roots` or in our own templates. Raises Unrenderable.

    `context["created_at"]` (aware) dates the document; without it SOURCE_DATE_EPOCH does: there is no clock
    here. Values are escaped. Style sheets, images and fonts are read from the roots by relative name; nothing
    else is fetched, and an asset that cannot be had stops the document rather than be left out.
    """
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError

    places = (*(root.resolve() for root in roots), OWN_ROOT)
    html = _html(template, context, places)
    try:
        document = HTML(string=html, base_url=BASE_URL, url_fetcher=_fetcher(places))
        with ONE_AT_A_TIME:
            written = document.write_pdf(pdf_variant=VARIANT, font_config=_fonts())
    except FatalURLFetchingError as error:
        raise Unrenderable(f"{template}: {error}") from error
    except Exception as error:
        raise Unrenderable(f"{template}: {type(error).__name__}") from error
    return bytes(written)


def _html(template: str, context: Mapping[str, Any], places: Sequence[Path]) -> str:
    values = {"lang": "en", **context, "created_at": _created_at(context)}
    try:
        # Neither zone nor language of the process shows: a host and the web process make the same bytes.
        with translation.override(None):
            html = _engine(tuple(places)).get_template(template).render(Context(values, use_tz=False))
    except (TemplateDoesNotExist, TemplateSyntaxError, OSError) as error:
        raise Unrenderable(f"{template}: {type(error).__name__}") from error
    if len(html) > LARGEST_HTML:
        raise Unrenderable(f"{template}: more than {LARGEST_HTML} characters")
    return str(html)


def _created_at(context: Mapping[str, Any]) -> datetime:
    moment = context.get("created_at")
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment.astimezone(UTC).replace(microsecond=0)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdecimal():
        return datetime.fromtimestamp(int(epoch), UTC)
    raise Unrenderable("the document has no date: give created_at with a time zone")


@cache
def _engine(places: tuple[Path, ...]) -> Engine:
    # Not the settings' engine: a plugin host has no applications, and a document sees its own folders only.
    return Engine(dirs=[str(place) for place in places], autoescape=True, string_if_invalid="")


@cache
def _fonts() -> "FontConfiguration":
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def _fetcher(places: Sequence[Path]) -> Any:
    """Return a fetcher that reads our templates' assets and refuses everything else, loudly."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Assets(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002 - WeasyPrint's signature
            try:
                path = _asset(url, places)
            except Unrenderable as error:
                raise FatalURLFetchingError(str(error)) from error
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": MEDIA_TYPES[path.suffix]})

    return Assets()


def _asset(url: str, places: Sequence[Path]) -> Path:
    parts = urlsplit(url)
    name = unquote(parts.path).lstrip("/")
    # A name below the root that is nobody's, so that relative names resolve; whatever else was named is
    # refused.
    if "\x00" in name or url != BASE_URL.rstrip("/") + parts.path:
        raise Unrenderable("a document fetches nothing but the assets of its own templates")
    for place in places:
        path = (place / name).resolve()
        if path.is_relative_to(place) and path.is_file() and path.suffix in MEDIA_TYPES:
            if path.stat().st_size > LARGEST_ASSET:
                break
            return path
    raise Unrenderable(f"there is no asset {name!r} for this document")
