"""A production is warned of rules that say themselves that they are fictional."""

from pathlib import Path

import pytest
from pytest_django import Settings

from coordination.policy import checks, services
from coordination.policy.models import Pack

ROOT = Path(__file__).parents[2]


@pytest.fixture
def loaded(db: None) -> None:
    """The packs that ship."""
    services.load(ROOT / "fixtures/policy")


def _ids() -> list[str | None]:
    return [each.id for each in checks.packs_are_real(databases=["default"])]


def test_a_production_with_the_numbers_of_the_demo_is_warned_of(loaded: None, settings: Settings) -> None:
    settings.PRODUCTION = True
    [warning] = checks.packs_are_real(databases=["default"])
    assert warning.id == "coordination.policy.W001"
    assert "places" in str(warning)
    assert not warning.is_serious(40)


def test_neither_development_nor_a_production_with_its_own_is_warned_of(
    loaded: None, settings: Settings
) -> None:
    settings.PRODUCTION = False
    assert _ids() == []
    settings.PRODUCTION = True
    assert not Pack.objects.exclude(name="places").filter(title__icontains=checks.FICTIONAL).exists()
    assert checks.packs_are_real(databases=[]) == []


def test_the_warning_stands_in_the_operators_page() -> None:
    assert "| `coordination.policy.W001` |" in (ROOT / "docs/operations.md").read_text()
