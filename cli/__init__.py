"""The command line: `flask --app app worker | clock | migrate | check-config | doctor | simulate | replay | …`."""

from __future__ import annotations

import re
from typing import IO

import click
import sqlalchemy as sa
from flask import Flask

from cli import people, rules_table
from cli.checking import check_config
from cli.doctor import doctor
from cli.report import report
from cli.simulation import simulate
from cli.starting import open_database, read, start, start_by_hand
from cli.version import versions
from cli.words import say
from config.settings import Settings
from desk.usedesk.client import SYSTEM as USEDESK
from receivers.usedesk_polled import understand
from runtime import clock
from runtime.process import Process
from runtime.usedesk_polling import Polling
from runtime.worker import Worker
from store import deliveries
from web.admin.actions import Actions

_NUMBER = re.compile(r"[0-9]{1,18}")  # of a delivery


def register(app: Flask, settings: Settings | None) -> None:
    """Add the commands to the application; nothing is read or opened before one of them runs."""
    _processes(app, settings)
    _by_hand(app, settings)
    people.register(app, settings)


def _processes(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("worker")
    def worker() -> None:
        """Do the work: any number of these may run, on any machine."""
        process = start(settings)
        Worker(process.engine, process.office, process.watch).run()

    @app.cli.command("clock")
    def clock_() -> None:
        """Do what must happen by itself: retries, taking over, probes, purge."""
        process = start(settings)
        clock.run(clock.Clock(process.engine, process.office, process.watch, _polling(process)))

    @app.cli.command("migrate")
    def migrate() -> None:
        """Bring the database to this release."""
        open_database(Process(read(settings)))
        click.echo(say("migrated"))


def _polling(process: Process) -> Polling | None:
    """Who asks Usedesk for what its webhooks lost; None when it is not set up."""
    if USEDESK not in process.settings.crms:
        return None
    return Polling(process.office, process.watch, process.inbox, understand)


def _by_hand(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("version")
    def version() -> None:
        """Say which release this is, and on which Python and database it runs."""
        click.echo(versions(read(settings).database_url))

    @app.cli.command("check-config")
    def check_config_() -> None:
        """Say everything that is wrong with the tables, the templates and the environment."""
        check_config(settings)

    @app.cli.command("doctor")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
    def doctor_(*, as_json: bool) -> None:
        """Say what is wrong with tables, processes, Jira, CRMs and events, and what to do about it."""
        doctor(start(settings), as_json=as_json)

    @app.cli.command("simulate")
    @click.argument("file", type=click.File("rb"))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def simulate_(file: IO[bytes], *, as_json: bool) -> None:
        """Say what the bot would do about the event in FILE (- = stdin), without doing it."""
        simulate(start_by_hand(settings), file, as_json=as_json)

    @app.cli.command("replay")
    @click.argument("delivery_id")
    def replay(delivery_id: str) -> None:
        """Let a delivery run again: our number, or source/delivery id."""
        _replay(start_by_hand(settings).engine, delivery_id)

    @app.cli.command("report")
    @click.option("--days", default=7, show_default=True, help="Up to yesterday.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def report_(days: int, *, as_json: bool) -> None:
        """Who waits too long, and how departments answered: the figures of the page and the digest."""
        report(start_by_hand(settings), days, as_json=as_json)

    @app.cli.command("rules")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    @click.option("--built", is_flag=True, help="Only the rules that the bot can do.")
    def rules(*, as_json: bool, built: bool) -> None:
        """The manuals as a table: rule, mode, where it is done, its tests."""
        process = start_by_hand(settings)
        known = rules_table.rows(process.switchboard.current(), process.settings.crms)
        found = [row for row in known if row.built or not built]
        click.echo(rules_table.printed(found, as_json=as_json))


def _replay(engine: sa.Engine, name: str) -> None:
    source, slash, delivery_id = name.partition("/")
    with engine.connect() as connection:
        if slash:
            row = deliveries.find(connection, source, delivery_id)
        else:
            row = deliveries.get(connection, int(name)) if _NUMBER.fullmatch(name) else None
    if row is None:
        raise click.ClickException(say("unknown", name=name))
    if not Actions(engine).replay(row.id, people.operator()):
        raise click.ClickException(say("not_replayed", name=name))
    click.echo(say("replayed", name=f"{row.source}/{row.delivery_id}"))
