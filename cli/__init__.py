"""The command line: `flask --app app worker | clock | migrate | check-config | doctor | simulate | replay | …`.

A command imports what it alone needs when it runs: a worker has no use for the pages, nor a clock for the receivers.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO

import click
import sqlalchemy as sa
from flask import Flask

from cli import people, roles
from cli.starting import open_database, read, start, start_by_hand
from cli.words import say
from config.settings import Settings
from runtime.process import Process
from store import deliveries
from web.admin.actions import Actions

_NUMBER = re.compile(r"[0-9]{1,18}")  # of a delivery


def register(app: Flask, settings: Settings | None) -> None:
    """Add the commands to the application; nothing is read or opened before one of them runs."""
    _processes(app, settings)
    _by_hand(app, settings)
    _with_events(app, settings)
    _telling(app, settings)
    _keeping(app, settings)
    people.register(app, settings)


def _processes(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("worker")
    def worker() -> None:
        """Do the work: any number of these may run, on any machine."""
        roles.work(start(settings))

    @app.cli.command("clock")
    def clock() -> None:
        """Do what must happen by itself: retries, taking over, probes, purge."""
        roles.keep_time(start(settings))

    @app.cli.command("migrate")
    def migrate() -> None:
        """Bring the database to this release."""
        open_database(Process(read(settings)))
        click.echo(say("migrated"))


def _by_hand(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("version")
    def version() -> None:
        """Say which release this is, and on which Python and database it runs."""
        from cli.version import versions

        click.echo(versions(read(settings).database_url))

    @app.cli.command("check-config")
    def check_config_() -> None:
        """Say everything that is wrong with the tables, the templates and the environment."""
        from cli.checking import check_config

        check_config(settings)

    _webhooks(app, settings)
    _first_hour(app, settings)


def _first_hour(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("doctor")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
    @click.option("--fix", is_flag=True, help="Mend components and the webhook, after showing the change.")
    @click.option("--yes", "agreed", is_flag=True, help="Mend without asking.")
    @click.option("--tell", is_flag=True, help="Send a test message to every chat and mailbox.")
    def doctor_(*, as_json: bool, fix: bool, agreed: bool, tell: bool) -> None:
        """Say what is wrong with tables, processes, Jira, CRMs and events, and what to do about it."""
        from cli.doctor import doctor

        doctor(start(settings), as_json=as_json, fix=fix, agreed=agreed, tell=tell)

    @app.cli.command("setup")
    @click.option("--url", help="Jira's address; else JIRA_URL, or you are asked.")
    @click.option("--user", help="The e-mail of the bot's account; else JIRA_USER, or you are asked.")
    @click.option("--token", help="Its API token; else JIRA_TOKEN, or you are asked.")
    @click.option(
        "--project", "projects", multiple=True, metavar="OURS=JIRAS", help="Which project of Jira stands for ours."
    )
    @click.option(
        "--agent", "agents", multiple=True, metavar="NUMBER=E-MAIL", help="Whose account an agent of the CRM has."
    )
    @click.option("--yes", "agreed", is_flag=True, help="Write without asking.")
    def setup_(*, agreed: bool, projects: tuple[str, ...], agents: tuple[str, ...], **jira: str | None) -> None:
        """Look at Jira, propose the tables, write what you agree to, and say what is left to do."""
        from cli.setup import SetupWishes, setup

        setup(SetupWishes({f"JIRA_{name.upper()}": value for name, value in jira.items()}, projects, agents, agreed))


def _with_events(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("simulate")
    @click.argument("file", type=click.File("rb"))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def simulate_(file: IO[bytes], *, as_json: bool) -> None:
        """Say what the bot would do about the event in FILE (- = stdin), without doing it."""
        from cli.simulation import simulate

        simulate(start_by_hand(settings), file, as_json=as_json)

    @app.cli.command("import")
    @click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Say what is in it, keep nothing.")
    @click.option("--skip-bad", is_flag=True, help="Take the good lines of a file with bad ones.")
    def import_(path: Path, *, dry_run: bool, skip_bad: bool) -> None:
        """Take closings from PATH (CSV or JSON lines), as if the CRM had sent each; what is known stays as it is."""
        from cli.importing import Import

        Import(start_by_hand(settings), path, dry_run=dry_run, skip_bad=skip_bad).run()

    @app.cli.command("replay")
    @click.argument("delivery_id")
    def replay(delivery_id: str) -> None:
        """Let a delivery run again: our number, or source/delivery id."""
        _replay(start_by_hand(settings).engine, delivery_id)


def _webhooks(app: Flask, settings: Settings | None) -> None:
    @app.cli.group("webhooks")
    def webhooks() -> None:
        """The bot's webhook in Jira: once under its name, with the events and projects that the rules need."""

    address = click.option("--url", help="The bot's address as Jira sees it, where PUBLIC_URL is not set.")

    @webhooks.command("list")
    @address
    def list_(url: str | None) -> None:
        """Say how it stands; status 1 when it is not as it should be."""
        from cli.webhooks import Webhooks

        if not Webhooks(start_by_hand(settings), url).show():
            raise click.exceptions.Exit(1)

    @webhooks.command("apply")
    @address
    def apply(url: str | None) -> None:
        """Create it, or put it right in place; needs a token of an admin of Jira."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings), url).apply()

    @webhooks.command("rules")
    @address
    def rules(url: str | None) -> None:
        """Print the rules of Jira Automation that tell of the same, to copy where no webhook can be made."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings), url).print_rules()

    @webhooks.command("remove")
    def remove() -> None:
        """Take it away: from then on Jira tells the bot nothing."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings)).remove()


def _telling(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("report")
    @click.option("--days", default=7, show_default=True, help="Up to yesterday.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def report_(days: int, *, as_json: bool) -> None:
        """Who waits too long, and how departments answered: the figures of the page and the digest."""
        from cli.report import report

        report(start_by_hand(settings), days, as_json=as_json)

    @app.cli.command("texts")
    def texts_() -> None:
        """All notes and comments as people read them, filled with examples."""
        from cli import texts
        from desk.factory import ROOT
        from desk.templates import Templates

        click.echo(texts.printed(Templates(ROOT)))

    @app.cli.command("rules")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    @click.option("--built", is_flag=True, help="Only the rules that the bot can do.")
    def rules(*, as_json: bool, built: bool) -> None:
        """The manuals as a table: rule, mode, where it is done, its tests."""
        from cli import rules_table

        process = start_by_hand(settings)
        known = rules_table.rows(process.effective_config.current(), process.settings.crms, process.clock.now())
        found = [row for row in known if row.built or not built]
        click.echo(rules_table.printed(found, as_json=as_json))
        if not as_json:
            click.echo(rules_table.totals(known))

    @app.cli.command("procedures")
    def procedures_() -> None:
        """Which procedures an event goes through, in this order, with their rules."""
        from cli import procedures

        click.echo(procedures.printed())


def _keeping(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("backup")
    @click.argument("path", type=click.Path(path_type=Path))
    def backup_(path: Path) -> None:
        """Copy the database to PATH, a new file; workers may run on (PostgreSQL: says which command does)."""
        from cli.backup import backup

        click.echo(backup(read(settings).database_url, path))


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
