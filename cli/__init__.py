"""The command line: `flask --app app worker | clock | migrate | check-config | doctor | simulate | replay | …`.

A command imports what only it needs when it runs: a worker needs no pages, and a clock no receivers.
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
    """Add the commands to the application; nothing is read or opened until one of them runs."""
    _processes(app, settings)
    _by_hand(app, settings)
    _with_events(app, settings)
    _telling(app, settings)
    _describing_rules(app, settings)
    _keeping(app, settings)
    people.register(app, settings)


def _processes(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("worker")
    def worker() -> None:
        """Run a worker, which handles events; any number of workers may run, on any machines."""
        roles.work(start(settings))

    @app.cli.command("clock")
    def clock() -> None:
        """Run the clock: timers, digests, probes of systems that are down, purging of old data."""
        roles.keep_time(start(settings))

    @app.cli.command("migrate")
    def migrate() -> None:
        """Migrate the database to this release."""
        open_database(Process(read(settings)))
        click.echo(say("migrated"))


def _by_hand(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("version")
    def version() -> None:
        """Print the release, and the Python and the kind of database that it runs on."""
        from cli.version import versions

        click.echo(versions(read(settings).database_url))

    @app.cli.command("check-config")
    def check_config_() -> None:
        """Report everything that is wrong with the tables, the templates and the environment."""
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
        """Report what is wrong with tables, processes, Jira, CRMs and events, and what to do about it."""
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
        """Look at Jira, propose the tables, write what you agree to, and list what is left to do."""
        from cli.setup import SetupAnswers, setup

        given = {f"JIRA_{name.upper()}": value for name, value in jira.items()}
        setup(SetupAnswers(given, projects, agents, agreed))


def _with_events(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("simulate")
    @click.argument("file", type=click.File("rb"))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def simulate_(file: IO[bytes], *, as_json: bool) -> None:
        """Print what the bot would do about the event in FILE (- for stdin), without doing it."""
        from cli.simulation import simulate

        simulate(start_by_hand(settings), file, as_json=as_json)

    @app.cli.command("import")
    @click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Say what is in it, keep nothing.")
    @click.option("--skip-bad", is_flag=True, help="Take the good lines of a file with bad ones.")
    def import_(path: Path, *, dry_run: bool, skip_bad: bool) -> None:
        """Import closings from PATH (CSV or JSON lines) as if the CRM had sent them; known ones are skipped."""
        from cli.importing import Import

        Import(start_by_hand(settings), path, dry_run=dry_run, skip_bad=skip_bad).run()

    @app.cli.command("replay")
    @click.argument("delivery_id")
    def replay(delivery_id: str) -> None:
        """Run a delivery again, given its number or source/delivery id."""
        _replay(start_by_hand(settings).engine, delivery_id)


def _webhooks(app: Flask, settings: Settings | None) -> None:
    @app.cli.group("webhooks")
    def webhooks() -> None:
        """Manage the bot's webhook in Jira: one under its name, with the events and projects that the rules need."""

    address = click.option("--url", help="The bot's address as Jira sees it, where PUBLIC_URL is not set.")

    @webhooks.command("list")
    @address
    def list_(url: str | None) -> None:
        """Compare the webhook with what it should be; exit status 1 when it differs."""
        from cli.webhooks import Webhooks

        if not Webhooks(start_by_hand(settings), url).show():
            raise click.exceptions.Exit(1)

    @webhooks.command("apply")
    @address
    def apply(url: str | None) -> None:
        """Create or correct the webhook; needs the token of a Jira admin."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings), url).apply()

    @webhooks.command("rules")
    @address
    def rules(url: str | None) -> None:
        """Print Jira Automation rules for the same events, to copy where no webhook can be created."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings), url).print_rules()

    @webhooks.command("remove")
    def remove() -> None:
        """Remove the webhook: from then on Jira sends the bot nothing."""
        from cli.webhooks import Webhooks

        Webhooks(start_by_hand(settings)).remove()


def _telling(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("report")
    @click.option("--days", default=7, show_default=True, help="Up to yesterday.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    def report_(days: int, *, as_json: bool) -> None:
        """Print who waits too long and how departments answered, with the figures of the page and the digest."""
        from cli.report import report

        report(start_by_hand(settings), days, as_json=as_json)

    @app.cli.command("openapi")
    @click.option("--all", "every", is_flag=True, help="Also what this installation has not set up.")
    def openapi_(*, every: bool) -> None:
        """Print the OpenAPI document of what programs may call, as /openapi.json serves it."""
        from cli import openapi

        click.echo(openapi.printed(read(settings), every=every))

    @app.cli.command("texts")
    def texts_() -> None:
        """Print all notes and comments as people read them, filled with examples."""
        from cli import texts
        from desk.factory import ROOT
        from desk.templates import Templates

        click.echo(texts.printed(Templates(ROOT)))


def _describing_rules(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("rules")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    @click.option("--built", is_flag=True, help="Only the rules that the bot can do.")
    def rules(*, as_json: bool, built: bool) -> None:
        """Print the manuals as a table: each rule with its mode, where it is implemented, and its tests."""
        from cli import rules_table

        process = start_by_hand(settings)
        known = rules_table.rows(process.effective_config.current(), process.settings.crms, process.clock.now())
        found = [row for row in known if row.built or not built]
        click.echo(rules_table.printed(found, as_json=as_json))
        if not as_json:
            click.echo(rules_table.totals(known))

    @app.cli.command("procedures")
    def procedures_() -> None:
        """Print the procedures that each event goes through, in order, with their rules."""
        from cli import procedures

        click.echo(procedures.printed())


def _keeping(app: Flask, settings: Settings | None) -> None:
    @app.cli.command("backup")
    @click.argument("path", type=click.Path(path_type=Path))
    def backup_(path: Path) -> None:
        """Copy the database to PATH, a new file, while workers run (for PostgreSQL, name the command to use)."""
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
