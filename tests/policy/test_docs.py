"""docs/policy.md shows the rows as they ship, and says what they are not."""

from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "policy.md"


def test_the_rows_in_the_document_are_the_rows_that_ship() -> None:
    out = StringIO()
    call_command("policy_check", "--table", stdout=out)
    shown = DOCUMENT.read_text().split("<!-- rows: begin -->")[1].split("<!-- rows: end -->")[0]
    assert shown.strip() == out.getvalue().strip(), "Paste the output of `manage.py policy_check --table`."


def test_the_document_says_that_it_is_no_legal_advice() -> None:
    assert "Nothing here is legal advice" in DOCUMENT.read_text()
