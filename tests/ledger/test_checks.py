"""The checks of the ledger's name and keys: a production without them would never sign a checkpoint."""

from typing import Any

import pytest
from django.core.checks import run_checks

from coordination.core.checks import serious
from coordination.ledger import checks


@pytest.mark.parametrize(
    ("setting", "value", "check", "words"),
    [
        ("LEDGER_SIGNING_KEYS", [], "coordination.ledger.E001", "holds no key"),
        ("LEDGER_SIGNING_KEYS", ["c2hvcnQ="], "coordination.ledger.E001", "32 bytes"),
        ("LEDGER_SIGNING_KEYS", ["…"], "coordination.ledger.E001", "32 bytes"),
        ("LEDGER_VERIFIER_KEYS", ["nobody's"], "coordination.ledger.E001", "LEDGER_VERIFIER_KEYS"),
        ("LEDGER_ORIGIN", "", "coordination.ledger.E002", "LEDGER_ORIGIN"),
        ("LEDGER_ORIGIN", "our ledger", "coordination.ledger.E002", "without space"),
    ],
)
def test_a_ledger_that_could_not_be_signed_is_named(
    settings: Any, setting: str, value: Any, check: str, words: str
) -> None:
    assert [*checks.checkpoints_can_be_signed(), *checks.ledger_is_named()] == []
    setattr(settings, setting, value)
    (found,) = serious(run_checks())
    assert found.id == check
    assert words in found.msg
