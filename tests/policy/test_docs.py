"""docs/policy.md shows the rows as they ship, and says what they are not."""

import re
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from coordination.policy.criteria import CONDITIONS

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "policy.md"


def test_the_rows_in_the_document_are_the_rows_that_ship() -> None:
    out = StringIO()
    call_command("policy_check", "--table", stdout=out)
    shown = DOCUMENT.read_text().split("<!-- rows: begin -->")[1].split("<!-- rows: end -->")[0]
    assert shown.strip() == out.getvalue().strip(), "Paste the output of `manage.py policy_check --table`."


def test_the_document_says_that_it_is_no_legal_advice() -> None:
    assert "Nothing here is legal advice" in DOCUMENT.read_text()


def test_the_document_names_every_condition_of_a_rule_and_no_other() -> None:
    part = DOCUMENT.read_text().split("## Criteria and their rules")[1].split("## The rows")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall("`([a-z_]+)`", row)} == {*CONDITIONS}
