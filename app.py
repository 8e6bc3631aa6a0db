"""The web process: wiring only. `flask --app app …` and `gunicorn 'app:create_app()'` start here."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial

import click
from flask import Flask
from prometheus_client import CollectorRegistry

import cli
import web
from cli.starting import StartError, start
from config import Config, zones
from config.settings import Settings
from desk.crm.client import SYSTEM as WEBCRM
from desk.usedesk.client import SYSTEM as USEDESK
from desk.usedesk.zone import Zone
from receivers import jira, usedesk, usedesk_block, webcrm
from receivers.body import parse
from receivers.counters import Counters
from receivers.openapi import document
from receivers.reading import understand
from receivers.redaction import redact
from receivers.refusal import Refusal
from receivers.signatures import NoSecretError
from runtime import logs
from runtime.process import Process
from runtime.rehearsal import Understood
from web.agent.block import card
from web.parts import Parts, UnreadableError

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
        try:
            _serve(app, start(settings))
        except (StartError, NoSecretError) as refused:
            (refused if isinstance(refused, StartError) else StartError([refused])).show()
            raise SystemExit(GIVE_UP) from None
    return app


def _command_wanted() -> bool:
    """True while `flask` looks up one of our commands; they must work when the process could not serve."""
    context = click.get_current_context(silent=True)
    return context is not None and context.parent is None


def _serve(app: Flask, process: Process) -> None:
    app.extensions["process"] = process
    registry = CollectorRegistry()
    counters = Counters(registry)
    given = process.settings
    app.register_blueprint(jira.blueprint(given.jira_webhook_secrets, process.inbox, process.watch, counters))
    if WEBCRM in given.crms:
        app.register_blueprint(webcrm.blueprint(given.webcrm_webhook_secrets, process.inbox, counters))
    if USEDESK in given.crms:
        entrance = usedesk.Entrance.of(given)
        zone_of = Zone(process.engine).of_fresh
        app.register_blueprint(usedesk.blueprint(entrance, process.inbox, counters, process.clock.now, zone_of))
    doors = (*given.crms, *(["block"] if given.usedesk_block_secret else []))
    parts = Parts(process, redact, lambda: document(doors), registry, webcrm.understand, partial(_read, given.crms))
    web.register(app, parts)
    if given.usedesk_block_secret:
        app.register_blueprint(usedesk_block.blueprint(usedesk_block.BlockEntrance.of(given), counters, card(parts)))


def _read(crms: Collection[str], body: bytes, config: Config) -> Understood:
    try:
        return understand(parse(body), config, crms)
    except Refusal as refusal:
        raise UnreadableError(": ".join(filter(None, (refusal.path, f"{refusal.problem}; {refusal.fix}")))) from None
