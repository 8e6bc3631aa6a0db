"""A folder of tables to spoil, and the environment that it needs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SHIPPED = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def env() -> dict[str, str]:
    """What the shipped tables take from the environment."""
    return {
        "JIRA_URL": "https://example.atlassian.net",
        "JIRA_USER": "bot@example.test",
        "JIRA_TOKEN": "an-invented-token",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables."""
    copy = tmp_path / "config"
    copy.mkdir()
    for path in SHIPPED.glob("*.yml"):
        shutil.copy(path, copy)
    return copy
