"""The shipped packs, loaded; and packs written for one test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from coordination.policy import services
from coordination.policy.models import Pack

SHIPPED = Path(settings.BASE_DIR) / "fixtures" / "policy"

HEADER = """
[pack]
name = "{name}"
title = "A pack for a test"
jurisdiction = "US"
version = "{version}"
time_zone = "{zone}"
effective_from = {begins}
"""

WritePack = Callable[..., Path]


@pytest.fixture
def shipped(db: None) -> list[Pack]:
    """Load the packs that ship."""
    return services.load(SHIPPED)


@pytest.fixture
def write_pack(tmp_path: Path) -> WritePack:
    """Return a function that writes one pack file and returns the directory to load."""

    def write(
        body: str = "",
        *,
        name: str = "test",
        version: str = "1",
        begins: str = "2026-01-01",
        zone: str = "UTC",
    ) -> Path:
        path = tmp_path / name / f"{version}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER.format(name=name, version=version, begins=begins, zone=zone) + body)
        return tmp_path

    return write
