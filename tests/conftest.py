"""What all tests share: databases, a sandbox, and a bot that runs against it in this process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox.live import LiveSandbox
from store.database import connect
from tests.bot import Bot, free_port
from tests.databases import Postgres, Sqlite, reachable
from tests.once import made_once

# Begun first, the longest before the others: no process is left with a long one when all the rest is done.
LONG = ("two_thousand", "two_hundred", "browser/", "test_hold_crashes", "test_crashes", "test_worker")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, after they were shuffled."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: next((places[name] for name in LONG if name in item.nodeid), len(LONG)))


def pytest_collection_finish() -> None:
    """What was imported by now lives to the end: look for garbage in what comes after, and not with every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def once() -> Iterator[None]:
    """What is costly to make and the same for every bot and every site is made once a process."""
    with pytest.MonkeyPatch.context() as patch:
        made_once(patch)
        yield


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """Makes SQLite databases."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Makes PostgreSQL databases; skips where none answers."""
    if not reachable():
        pytest.skip("no PostgreSQL answers at TEST_DATABASE_URL: its tests are skipped")
    made = Postgres()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind in turn."""
    maker: Sqlite | Postgres = request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres")
    url = maker.fresh(tmp_path)
    yield url
    maker.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind in turn, without any table."""
    maker: Sqlite | Postgres = request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres")
    url = maker.empty(tmp_path)
    yield url
    maker.drop(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a fresh database of each kind."""
    made = connect(database_url, pool_size=5)
    yield made
    made.dispose()


@pytest.fixture
def bot(sqlite: Sqlite, tmp_path: Path) -> Iterator[Bot]:
    """A bot on SQLite with a sandbox that sends it webhooks."""
    yield from bot_beside_a_sandbox(sqlite.fresh(tmp_path), tmp_path)


@pytest.fixture
def any_bot(database_url: str, tmp_path: Path) -> Iterator[Bot]:
    """The same on both databases."""
    yield from bot_beside_a_sandbox(database_url, tmp_path)


def bot_beside_a_sandbox(database_url: str, folder: Path) -> Iterator[Bot]:
    port = free_port()
    sandbox = LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=folder)
    with sandbox, Bot(database_url, sandbox, folder, port) as made:
        yield made
