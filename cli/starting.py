"""What every process checks before it starts; faults are reported with their fixes, never as a traceback."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import click
import sqlalchemy as sa

from cli.words import say
from config import ConfigError
from config.faults import Fault
from config.settings import Settings
from runtime import logs
from runtime.process import Process
from store.migrate import NewerDatabaseError


class StartError(click.ClickException):
    """The process must not start; the message has a line for each reason, with what to do. Exit status 1."""

    def __init__(self, reasons: Sequence[object]) -> None:
        super().__init__("\n".join([say("refused"), *(f"  {reason}" for reason in reasons), say("check_again")]))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the reasons without click's «Error:»."""
        click.echo(self.format_message(), file=file, err=True)


def read(settings: Settings | None) -> Settings:
    """Return the given settings, else those of the environment; StartError when the environment is faulty."""
    try:
        found = settings or Settings.read()
    except ConfigError as error:
        raise StartError(error.faults) from None
    logs.set_up(os.environ, found)
    return found


def start(settings: Settings | None) -> Process:
    """Return a process that may serve: its secrets are set, its tables are valid, its database answers."""
    found = read(settings)
    return _opened(Process(found), lacking(found))


def start_by_hand(settings: Settings | None) -> Process:
    """Do the same for a command that a person runs: it serves nobody, so it needs no secrets of receivers."""
    found = read(settings)
    return _opened(Process(found), found.half_set())


def lacking(settings: Settings) -> list[Fault]:
    """Return what must be set before anything serves; in the sandbox only what a partly set-up system lacks."""
    return settings.half_set() if settings.smezhnik_sandbox else settings.missing_for_production()


def _opened(process: Process, faults: list[Fault]) -> Process:
    try:
        _ = process.reloader
    except ConfigError as error:
        faults = [*faults, *error.faults]
    if faults:
        raise StartError(faults)
    return open_database(process)


def open_database(process: Process) -> Process:
    """Migrate the database to this release; StartError when it does not answer or is from a newer one.

    At the end of a command its connections are closed.
    """
    url = sa.make_url(process.settings.database_url)
    place = url.database if url.drivername == "sqlite" else f"{url.host}:{url.port or 5432}/{url.database}"
    try:
        _ = process.engine
    except NewerDatabaseError as error:
        raise StartError([say("database_newer", place=place, said=error)]) from None
    except OSError as error:
        raise StartError([say("data_dir", place=place, said=error.strerror)]) from None
    except sa.exc.DBAPIError as error:
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        silent = isinstance(error, sa.exc.OperationalError)
        raise StartError([say("database" if silent else "database_unfit", place=place, said=lines[0])]) from None
    command = click.get_current_context(silent=True)
    if command is not None:
        command.call_on_close(process.engine.dispose)
    return process


def folder_of(settings: Settings | None) -> Path:
    """Return the folder of the tables, even when the rest of the environment is faulty."""
    default: Path = Settings.model_fields["config_dir"].default
    return settings.config_dir if settings else Path(os.environ.get("CONFIG_DIR") or default)
