"""Sections of the documentation that are printed from the code, between markers, and tested for freshness."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HINT = "Out of date: run `python manage.py write_docs`."


def section(page: str, name: str) -> str:
    """Return what stands between the markers of section `name` of a page ("docs/security.md")."""
    text = (ROOT / page).read_text()
    start, end = _markers(name)
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"{page} needs the markers of the section {name!r} once.")
    return text.split(start)[1].split(end)[0].strip()


def write_section(page: str, name: str, content: str) -> bool:
    """Put `content` between the markers; tell whether that changed the page."""
    if section(page, name) == content.strip():
        return False
    path = ROOT / page
    start, end = _markers(name)
    before, rest = path.read_text().split(start)
    after = rest.split(end)[1]
    path.write_text(f"{before}{start}\n{content.strip()}\n{end}{after}")
    return True


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
