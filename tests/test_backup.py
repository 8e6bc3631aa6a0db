"""A backup holds the state of its moment, and a restore brings it back."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import stat
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.backup import BackupError, backup, pg_dump
from desk.clock import machine_now
from store.database import connect
from store.migrate import upgrade
from store.tables import deliveries
from tests.databases import Postgres, Sqlite

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "backup.ru.md"


def accept(engine: sa.Engine, name: str) -> None:
    """One delivery that waits."""
    row = {"source": "jira", "delivery_id": name, "case_id": "webcrm:7", "type": "ticket.closing", "state": "dead"}
    with engine.begin() as connection:
        connection.execute(sa.insert(deliveries).values(**row, body="{}", event="{}", received_at=machine_now()))


def names(url: str) -> list[str]:
    """The deliveries that a database holds."""
    engine = connect(url)
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.scalars(sa.select(deliveries.c.delivery_id).order_by(deliveries.c.id)).all()
    engine.dispose()
    return list(found)


def shell(language: str, **variables: str) -> None:
    """Run what the page says for restoring, as it stands there."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for block in blocks:
        subprocess.run(["sh", "-euc", block], env=os.environ | variables, check=True)  # noqa: S603, S607


def test_the_page_restores_sqlite(sqlite: Sqlite, tmp_path: Path) -> None:
    url = sqlite.fresh(tmp_path)
    database, copy = Path(url.removeprefix("sqlite:///")), tmp_path / "copy.sqlite"
    engine = connect(url)
    accept(engine, "before")
    assert "доставок в ней: 1" in backup(url, copy)
    accept(engine, "after")
    left = tmp_path / "left"  # as kill -9 leaves it: the last writes stand in -wal alone
    left.mkdir()
    for file in tmp_path.glob(f"{database.name}*"):
        shutil.copy(file, left)
    engine.dispose()
    crashed = left / database.name
    assert Path(f"{crashed}-wal").stat().st_size
    shell("sh restore-sqlite", DATABASE=str(crashed), BACKUP=str(copy))
    assert names(f"sqlite:///{crashed}") == ["before"]


def test_the_page_restores_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("pg_dump and pg_restore are not installed here")
    url, copy = postgres.fresh(tmp_path), tmp_path / "copy.dump"
    engine = connect(url)
    try:
        accept(engine, "before")
        password = sa.make_url(url).password or ""
        command = pg_dump(sa.make_url(url), copy)
        made = subprocess.run(shlex.split(command), env=os.environ | {"PGPASSWORD": password}, check=False)  # noqa: S603
        if made.returncode:
            pytest.skip("this pg_dump does not fit the server")
        accept(engine, "after")
        engine.dispose()
        place = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        shell("sh restore-postgresql", DATABASE_URL=place, BACKUP=str(copy))
        assert names(url) == ["before"]
    finally:
        engine.dispose()
        postgres.drop(url)


def test_a_copy_beside_a_writer_is_of_one_moment(sqlite: Sqlite, tmp_path: Path) -> None:
    url, over = sqlite.fresh(tmp_path), threading.Event()
    engine = connect(url)

    def write() -> None:
        for number in range(10_000):
            if over.is_set():
                return
            accept(engine, f"{number:05}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy = tmp_path / f"{number}.sqlite"
            backup(url, copy)
            kept = names(f"sqlite:///{copy}")
            assert kept == [f"{each:05}" for each in range(len(kept))]
    finally:
        over.set()
        writer.join()
        engine.dispose()


def test_a_copy_is_one_file_for_its_owner_alone(sqlite: Sqlite, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    backup(sqlite.fresh(tmp_path), folder / "copy.sqlite")
    (made,) = folder.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_what_stands_there_is_never_written_over(sqlite: Sqlite, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(BackupError, match="уже есть"):
        backup(sqlite.fresh(tmp_path), taken)
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("state", ["absent", "damaged", "another"])
def test_what_is_no_sound_database_leaves_nothing(state: str, sqlite: Sqlite, tmp_path: Path) -> None:
    database, folder = Path(sqlite.fresh(tmp_path).removeprefix("sqlite:///")), tmp_path / "kept"
    folder.mkdir()
    if state == "damaged":
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (database.stat().st_size - 4096))
    else:
        database.unlink()
    if state == "another":
        with closing(sqlite3.connect(database)) as made:
            made.execute("CREATE TABLE other (id)")
    with pytest.raises(BackupError, match="не сделана"):
        backup(f"sqlite:///{database}", folder / "copy.sqlite")
    assert list(folder.iterdir()) == []
    assert database.exists() == (state != "absent")


def test_postgresql_is_told_its_command_without_the_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://bot:se%40cret@db.example.test:5433/desk?sslmode=require&password=se%40cret"
    with pytest.raises(BackupError) as told:
        backup(url, tmp_path / "a copy.dump")
    command = shlex.split(told.value.message.splitlines()[-1])
    assert command[0] == "pg_dump"
    assert command[-2:] == [
        f"--file={tmp_path}/a copy.dump",
        "--dbname=postgresql://bot@db.example.test:5433/desk?sslmode=require",
    ]
    assert "cret" not in told.value.message
