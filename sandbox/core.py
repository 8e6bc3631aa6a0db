"""The sandbox itself: all state behind one lock, shared by the rooms of all systems."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, request

from sandbox.calls import CallLog
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.jira_state import JiraState
from sandbox.settings import SandboxSettings
from sandbox.usedesk_hooks import Messenger
from sandbox.usedesk_state import UsedeskState
from sandbox.webhooks import Courier, Hook
from sandbox.world import load_world

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATE = "sandbox.state"  # of a request's environ
START_EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "issuelink_created",
    "issuelink_deleted",
)


class Sandbox:
    """Everything that one running sandbox knows."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Begin with the world's table and the bot's webhook."""
        self.settings = settings
        self.lock = threading.RLock()
        self.clock = SandboxClock(settings.data_dir)
        self.calls = CallLog()
        self.faults = Faults()
        self.courier = Courier(settings.retry_seconds)
        self.jira = JiraState(load_world(), self.clock.now, settings.search_lag)
        self.usedesk = UsedeskState(self.clock.now, _messenger(settings), limited=settings.usedesk_limited)
        self.watchers: list[Callable[[], None]] = []  # called within each request, before the lock
        self._forget()

    def _forget(self) -> None:
        self.hooks: dict[int, Hook] = {}
        self.tickets: dict[str, dict[str, Any]] = {}
        self.answered: dict[str, tuple[int, dict[str, Any]]] = {}  # WebCRM's answers by Idempotency-Key
        self.chats: dict[str, list[dict[str, Any]]] = {}
        if self.settings.bot_url:
            url = f"{self.settings.bot_url}/webhooks/jira"
            self.hooks[1] = Hook(1, "Смежник", url, START_EVENTS, self.settings.jira_secret)

    def reset(self) -> None:
        """Back to the start, but for ids, keys and webhook identifiers, which are never used again."""
        self.faults.pending.clear()
        self.calls.clear()
        self.courier.reset()
        self.clock.reset()
        self.jira.reset()
        if self.usedesk.messenger:
            self.usedesk.messenger.reset()
        self.usedesk.reset()
        self._forget()

    def close(self) -> None:
        """Stop the background threads."""
        self.courier.close()
        if self.usedesk.messenger:
            self.usedesk.messenger.close()


def _messenger(settings: SandboxSettings) -> Messenger | None:
    if not settings.bot_url:
        return None
    url = f"{settings.bot_url}/webhooks/usedesk/{settings.usedesk_path_token}"
    return Messenger(url, settings.usedesk_secret)


def serve(routes: Flask, sandbox: Sandbox) -> WSGIApplication:
    """The routes, answering from this sandbox."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return routes({**environ, STATE: sandbox}, start_response)

    return answer


def here() -> Sandbox:
    """The sandbox that serves this request."""
    return cast(Sandbox, request.environ[STATE])
