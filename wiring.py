"""What the web process is made of: receivers and pages, over the parts of every process."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from flask import Flask
from prometheus_client import CollectorRegistry

from config import Config
from desk.crm.client import SYSTEM as WEBCRM
from desk.usedesk.client import SYSTEM as USEDESK
from desk.usedesk.zone import Zone
from receivers import automation, jira, ping, usedesk, usedesk_block, webcrm
from receivers.body import parse
from receivers.counters import Counters
from receivers.openapi import document, doors_of
from receivers.reading import understand
from receivers.redaction import redact
from receivers.refusal import Refusal
from receivers.webcrm_file import taken
from runtime.dry_run import Understood
from runtime.inbox import Arrival
from runtime.jira_reconciling import look_soon
from runtime.process import Process
from web import rooms
from web.agent.block import card
from web.agent.issue_panel import issue_panel
from web.parts import Parts, UnreadableError


def connect(app: Flask, process: Process) -> None:
    """Add all routes to the application. Raises NoSecretError for a receiver without a secret."""
    app.extensions["process"] = process
    registry = CollectorRegistry()
    counters = Counters(registry)
    given = process.settings
    app.register_blueprint(jira.blueprint(given.jira_webhook_secrets, process.inbox, process.reloader, counters))
    app.register_blueprint(ping.blueprint(given.secret_key))
    if given.jira_automation_tokens:
        tokens, look = given.jira_automation_tokens, partial(_look_soon, process)
        app.register_blueprint(automation.blueprint(tokens, process.inbox, process.reloader, counters, look))
    if WEBCRM in given.crms:
        app.register_blueprint(webcrm.blueprint(given.webcrm_webhook_secrets, process.inbox, counters))
    if USEDESK in given.crms:
        entrance = usedesk.Entrance.of(given)
        zone_of = Zone(process.engine).of_fresh
        app.register_blueprint(usedesk.blueprint(entrance, process.inbox, counters, process.clock.now, zone_of))
    doors = doors_of(given)
    parts = Parts(
        process,
        redact,
        lambda: document(doors),
        registry,
        webcrm.understand,
        partial(_read, given.crms),
        _taken,
    )
    rooms.register(app, parts)
    if given.forge_app_id:
        _open_to_forge(app, parts, counters)
    if given.usedesk_block_secret:
        app.register_blueprint(usedesk_block.blueprint(usedesk_block.BlockEntrance.of(given), counters, card(parts)))


def _open_to_forge(app: Flask, parts: Parts, counters: Counters) -> None:
    # here, because cryptography costs every web process its memory
    from receivers import forge  # noqa: PLC0415
    from receivers.forge_keys import ForgeKeys, fetched  # noqa: PLC0415
    from receivers.forge_token import ForgeVerifier  # noqa: PLC0415

    process, given = parts.process, parts.process.settings
    assert given.forge_app_id  # noqa: S101 # for the type alone
    verifier = ForgeVerifier(given.forge_app_id, given.forge_cloud_ids, ForgeKeys(partial(fetched, given)))
    door = forge.ForgeDoor(verifier, partial(_look_soon, process), issue_panel(parts))
    app.register_blueprint(forge.blueprint(door, process.inbox, process.reloader, counters))


def _look_soon(process: Process, site: str) -> None:
    look_soon(process.engine, process.reloader.current(), site)


def _read(crms: Collection[str], body: bytes, config: Config) -> Understood:
    try:
        return understand(parse(body), config, crms)
    except Refusal as refusal:
        raise UnreadableError(_said(refusal)) from None


def _taken(body: bytes) -> Arrival:
    try:
        return taken(body)[0]
    except Refusal as refusal:
        raise UnreadableError(_said(refusal)) from None


def _said(refusal: Refusal) -> str:
    return ": ".join(filter(None, (refusal.path, f"{refusal.problem}; {refusal.fix}")))
