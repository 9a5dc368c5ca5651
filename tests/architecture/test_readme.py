"""The README names only what there is, and its channel is the guide's."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize(("name", "file"), re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", README))
def test_a_guarantee_names_a_test_that_exists(name: str, file: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_a_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_channel_in_the_readme_is_the_guides_which_is_run() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    assert code[1] in (ROOT / "docs/channels.md").read_text()


def test_the_readme_can_be_read_in_five_minutes() -> None:
    assert len(README.splitlines()) <= 200
