"""A site on SQLite, and one on both databases where SQL may differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot import Bot
from tests.databases import Sqlite
from tests.web.site import Site, opened, own_logs


@pytest.fixture
def site(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Pages and API on SQLite."""
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def any_site(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The same on both databases."""
    with opened(database_url, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def day(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The pages over the bot's own database, whose worker is `bot.work()`."""
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    with own_logs():
        site = Site(bot.env)
        yield site
        site.engine.dispose()
