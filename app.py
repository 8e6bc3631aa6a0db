"""Where `flask --app app …` and `gunicorn 'app:create_app()'` start; a command imports no more than it needs."""

from __future__ import annotations

import os

import click
from flask import Flask

import cli
from cli.starting import StartError, start
from config import zones
from config.settings import Settings
from runtime import logs

GIVE_UP = 4  # gunicorn's own «the application cannot be loaded»: with any other status it would start it for ever


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application: the command line always, the routes unless it is a command that is wanted.

    Says why and exits when the process must not serve: a receiver without a secret, a fault in the configuration,
    no database.
    """
    zones.pin()
    logs.set_up(os.environ, settings)
    app = Flask("smezhnik", static_folder=None, static_url_path="/static")
    cli.register(app, settings)
    if not _command_wanted():
        _serve(app, settings)
    return app


def _command_wanted() -> bool:
    """True while `flask` looks up one of our commands; they must work when the process could not serve."""
    context = click.get_current_context(silent=True)
    return context is not None and context.parent is None


def _serve(app: Flask, settings: Settings | None) -> None:
    from receivers.signatures import NoSecretError  # noqa: PLC0415 # pages and receivers are the web process's alone
    from wiring import connect  # noqa: PLC0415

    try:
        connect(app, start(settings))
    except (StartError, NoSecretError) as refused:
        (refused if isinstance(refused, StartError) else StartError([refused])).show()
        raise SystemExit(GIVE_UP) from None
