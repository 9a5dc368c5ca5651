"""docs/liaison.md has every task that there is, under the words and the buttons that the desk shows."""

import re
from collections import Counter

import pytest
from django.conf import settings
from django.contrib import admin

from coordination.access.recordadmin import RecordAdmin
from coordination.cases.duties import DUTIES

PAGE = (settings.BASE_DIR / "docs" / "liaison.md").read_text()
ENTRIES = re.findall(r"^- ((?:.|\n(?!\n|- |#))*)", PAGE.partition("## Decide")[2], re.MULTILINE)
KINDS = [kind for entry in ENTRIES for kind in re.findall(r"`(\w+)`", entry.partition(")")[0])]
BUTTONS = {
    *(
        act.label
        for each in admin.site._registry.values()
        if isinstance(each, RecordAdmin)
        for act in each.acts.values()
    ),
    "What to do",
    "Waiting for me",
}


def test_every_kind_of_task_has_its_paragraph_once() -> None:
    assert Counter(KINDS) == Counter(list(DUTIES))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry[:40]))
def test_a_paragraph_says_what_to_do(entry: str) -> None:
    said = entry.partition(").")[2]
    assert len(said.split()) >= 8, "more than a title"


def test_the_titles_are_those_of_the_desk() -> None:
    sources = [*(settings.BASE_DIR / "coordination").rglob("*.py")]
    sources += (settings.BASE_DIR / "fixtures" / "policy").rglob("*.toml")
    written = "\n".join(path.read_text() for path in sources)
    titles = [title for entry in ENTRIES for title in re.findall(r"\*\*(.+?)\*\*", entry.partition("(`")[0])]
    assert len(titles) >= len(ENTRIES)
    for title in titles:
        for part in title.split("…"):
            words = part.strip(" ,")
            assert words.casefold() in written.casefold(), words


def test_the_buttons_are_those_of_the_desk() -> None:
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", PAGE))
    assert len(named) > 15
    assert named <= BUTTONS, named - BUTTONS
