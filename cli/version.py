"""`version`: the release of the bot, and what it runs on. The number is only in `pyproject.toml`."""

from __future__ import annotations

import platform
import tomllib
from pathlib import Path

import sqlalchemy as sa

from cli.words import say

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def version() -> str:
    """Return the number of this release, such as 0.2.0."""
    found: str = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return found


def versions(database_url: str) -> str:
    """Return what to state when reporting a bug: version, Python, kind of database, but no address."""
    kind = _KINDS[sa.make_url(database_url).get_backend_name()]
    return say("version", version=version(), python=platform.python_version(), database=kind)
