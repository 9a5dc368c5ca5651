"""The scanner of our source runs at its full strength, and each line it is told to pass over says why."""

import re
import tomllib

import pytest

from tests.architecture.source import ROOT, files, name_of

PASSED_OVER = [
    (f"{name_of(path)}:{number}", line)
    for path in [*files("coordination", "plugins"), ROOT / "scripts/audit"]
    for number, line in enumerate(path.read_text().splitlines(), 1)
    if "nosec" in line
]
_WITH_REASON = re.compile(r"# nosec( B\d{3})+\b.* - \w.{4,}$")


def test_it_reports_every_severity_at_every_confidence() -> None:
    [command] = [line for line in (ROOT / "scripts/lint").read_text().splitlines() if "bandit" in line]
    assert not re.search(r"--(severity|confidence|skip|ini|baseline|exit-zero)| -[lis]+ ", command)
    assert command.endswith("coordination plugins")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["bandit"]
    # Assertions for the tests of plugins: a check for pytest, which these modules are part of.
    assert settings == {"exclude_dirs": ["tests", "benchmarks", "coordination/channels/testing"]}


@pytest.mark.parametrize(("where", "line"), PASSED_OVER, ids=[where for where, _ in PASSED_OVER])
def test_a_line_that_is_passed_over_names_the_finding_and_the_reason(where: str, line: str) -> None:
    assert _WITH_REASON.search(line), where
