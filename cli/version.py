"""`version`: which release of the bot this is, and on what it runs. The number stands in `pyproject.toml` alone."""

from __future__ import annotations

import platform
import tomllib
from pathlib import Path

import sqlalchemy as sa

from cli.words import say

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def version() -> str:
    """The number of this release, as 0.2.0."""
    found: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return found


def versions(database_url: str) -> str:
    """What to say when a fault is reported: version, Python, kind of database; no address."""
    kind = _KINDS[sa.make_url(database_url).get_backend_name()]
    return say("version", version=version(), python=platform.python_version(), database=kind)
