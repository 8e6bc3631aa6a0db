"""Adds all pages and routes of `web/` to the application."""

from __future__ import annotations

import secrets

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from web import api, errors, frame, health
from web.access import entrance, guard, me, people
from web.admin import changes, console, dead, event_sources, files, setup, staff, status, switches, trial
from web.agent import block, card, closing_form, department_hold, duplicates, many_actions, mine, person_actions, search
from web.lead import board, cases, incidents, report, rule_hits
from web.parts import Parts

_ROOMS = (
    entrance,
    me,
    board,
    report,
    rule_hits,
    incidents,
    cases,
    card,
    closing_form,
    search,
    mine,
    department_hold,
    duplicates,
    person_actions,
    many_actions,
    status,
    event_sources,
    setup,
    console,
    dead,
    switches,
    trial,
    files,
    staff,
    changes,
    api,
    health,
)


def register(app: Flask, parts: Parts) -> None:
    """Add all pages and routes, and the middleware that they need."""
    settings = parts.process.settings
    # only a sandbox runs without SECRET_KEY: a server refuses to start
    app.secret_key = settings.secret_key.get_secret_value() if settings.secret_key else secrets.token_hex(32)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    card.let_frames(app, parts)  # before the guard, so that it runs after the guard has set its headers
    guard.register(app, parts)
    frame.register(app, parts)
    for room in _ROOMS:
        app.register_blueprint(room.blueprint(parts))
    if settings.usedesk_block_secret:
        app.register_blueprint(block.blueprint(parts))
    app.register_blueprint(card.framed(parts))
    app.register_blueprint(card.links_for_programs(parts))
    app.register_blueprint(api.described(parts))
    errors.register(app)
    if settings.smezhnik_sandbox:
        people.add_sandbox_users(parts.process.engine)
