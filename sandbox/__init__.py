"""A Jira Cloud, a WebCRM and a Usedesk on this machine, for the demo and the tests. It imports nothing of the bot."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue

from sandbox import (
    chats,
    closing,
    control,
    jira_attachments,
    jira_comments,
    jira_components,
    jira_hooks,
    jira_issues,
    jira_links,
    jira_projects,
    jira_properties,
    jira_search,
    jira_setup,
    jira_site,
    jira_transitions,
    jsm,
    jsm_desks,
    middleware,
    page,
    usedesk,
    usedesk_act,
    webcrm,
)
from sandbox.core import Sandbox, here, serve
from sandbox.settings import SandboxSettings
from sandbox.versions import OLDER

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WITHOUT_LOCK = {
    "control.send_event",
    "closing.ask",
    "closing.close",
}  # waits for the bot, which may call back meanwhile


class SandboxApp(Flask):
    """Serves one request at a time from the one state; faults that wait do so outside the lock."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the route under the sandbox's lock."""
        if request.endpoint in WITHOUT_LOCK:
            return super().dispatch_request()
        with here().lock:
            return super().dispatch_request()


class PlainJson(DefaultJSONProvider):
    """JSON as Jira writes it: keys in their order, letters as they are."""

    ensure_ascii = False
    sort_keys = False


def create_app(settings: SandboxSettings | None = None) -> WSGIApplication:
    """The sandbox as a WSGI app; without settings they come from the environment."""
    return serve(routes(), Sandbox(settings or SandboxSettings.from_env(os.environ)))


@cache
def routes() -> Flask:
    """The routes of all systems, made once in a process: what they answer from comes with each request."""
    app = SandboxApp(__name__)
    app.json = PlainJson(app)
    middleware.install(app)
    issues = (jira_issues, jira_attachments, jira_comments, jira_links, jira_properties, jira_transitions, jira_search)
    for platform in (*issues, jira_projects, jira_components, jira_site):
        app.register_blueprint(platform.routes)
        for name, prefix in OLDER.items():
            app.register_blueprint(platform.routes, name=f"{platform.routes.name}_{name}", url_prefix=prefix)
    for other in (jira_hooks, jira_setup, jsm, jsm_desks, webcrm, usedesk, usedesk_act, chats, closing, control, page):
        app.register_blueprint(other.routes)
    return app
