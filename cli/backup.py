"""`backup`: copies the database into one file while processes run, and checks the copy before it is kept."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import click
import sqlalchemy as sa

from cli.words import say

_SECRET = {"password", "sslpassword"}  # query parameters of a database address that may hold a secret


class BackupError(click.ClickException):
    """No backup was made; nothing is left at its path. Exit status 1."""


def backup(database_url: str, path: Path) -> str:
    """Copy an SQLite database to `path`, a new file that only its owner may read; return a message about it.

    Raises BackupError when the path exists, the copy is not sound, or the database is PostgreSQL; then the message
    names the command to use.
    """
    if path.exists():
        raise BackupError(say("backup_taken", path=path))
    url = sa.make_url(database_url)
    if url.get_backend_name() != "sqlite":
        raise BackupError(say("backup_postgresql", command=pg_dump(url, path)))
    part = path.with_name(f".{path.name}.part")
    try:
        _copy(Path(url.database or ""), part)
        count = _checked(part)
        os.link(part, path)  # fails if the path exists by now, which a rename would overwrite
    except (OSError, sqlite3.Error) as error:
        raise BackupError(say("backup_failed", path=path, said=error)) from None
    finally:
        part.unlink(missing_ok=True)
    return say("backup_made", path=path, count=count)


def pg_dump(url: sa.URL, path: Path) -> str:
    """Return the shell command for a PostgreSQL database; the password has to be in PGPASSWORD or ~/.pgpass."""
    query = {name: value for name, value in url.query.items() if name not in _SECRET}
    shown = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    address = shown.render_as_string(hide_password=False)
    return shlex.join(["pg_dump", "--format=custom", "--no-owner", f"--file={path}", f"--dbname={address}"])


def _copy(database: Path, part: Path) -> None:
    """Copy in one read transaction, so the copy is of a single moment; writers are not blocked."""
    if not database.is_file():
        raise FileNotFoundError(say("backup_nothing", path=database))
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm beside it
    with part.open("rb") as file:
        os.fsync(file.fileno())


def _checked(part: Path) -> int:
    """Return how many deliveries a copy has; sqlite3.DatabaseError if it is not sound or not a database of the bot."""
    with closing(sqlite3.connect(f"{part.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        count: int = copy.execute("SELECT count(*) FROM deliveries").fetchone()[0]
        return count
