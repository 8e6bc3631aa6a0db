"""A sandbox on a free port of this process, for tests and benchmarks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox import routes
from sandbox.core import STATE, Sandbox, serve
from sandbox.jira_issues import issue_shape
from sandbox.jira_links import remote_shape
from sandbox.jira_state import SandboxIssue
from sandbox.settings import SandboxSettings
from sandbox.usedesk_shapes import full

TIMEOUT = 40  # seconds


class QuietHandler(WSGIRequestHandler):
    """Serves without a line of log for every call."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class LiveSandbox:
    """A running sandbox; use it as a context manager. Search does not lag and retries come at once unless told."""

    def __init__(self, bot_url: str | None = None, data_dir: Path | str = "var", retry_seconds: float = 0.05) -> None:
        """`bot_url` (no trailing slash) is where webhooks go, None: nowhere; `data_dir` gets the clock's file."""
        env = {"BOT_URL": bot_url or "", "DATA_DIR": str(data_dir), "SANDBOX_RETRY_SECONDS": str(retry_seconds)}
        self.state = Sandbox(SandboxSettings.from_env({**env, "SANDBOX_SEARCH_LAG": "0.0"}))
        """Hold its `lock` while reading."""
        app = serve(routes(), self.state)
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True)

    def __enter__(self) -> LiveSandbox:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving and delivering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.state.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call a route of the sandbox (Jira: as the bot); the JSON of its answer, None for an empty one."""
        settings = self.state.settings
        auth = (settings.jira_user, settings.jira_token) if path.startswith("/rest/") else None
        return self._call(method, path, json=body, auth=auth)

    def call_as(self, account: str, method: str, path: str, body: Any = None) -> Any:
        """Call a route of Jira's as a person or a customer."""
        return self._call(method, path, json=body, headers={"X-Sandbox-As": account})

    def _call(self, method: str, path: str, **more: Any) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, self.url + path, timeout=TIMEOUT, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Back to the start."""
        self.call("POST", "/sandbox/reset")

    def fault(self, **fault: Any) -> None:
        """Make the next calls fail; the keys are those of `POST /sandbox/faults`."""
        self.call("POST", "/sandbox/faults", fault)

    def calls(self, system: str | None = None) -> list[dict[str, Any]]:
        """The calls received: `at`, `method`, `path`, `body`, `status`."""
        return self.state.calls.listed(system)

    def search_lag(self, seconds: float) -> None:
        """Let Jira's search stay behind."""
        self.call("POST", "/sandbox/search-lag", {"seconds": seconds})

    def drain(self, seconds: float = 10) -> None:
        """Wait until every webhook was delivered; TimeoutError when that takes longer."""
        usedesk = self.state.usedesk.messenger
        if not self.state.courier.settle(seconds) or (usedesk and not usedesk.settle(seconds)):
            raise TimeoutError(f"webhooks are still under way after {seconds} s")

    def clock(self, **move: str) -> None:
        """Move the clock: `set` or `advance`."""
        self.call("POST", "/sandbox/clock", move)

    def permissions(self, **rights: bool) -> None:
        """Give the bot rights in Jira, or take them away."""
        self.call("POST", "/sandbox/jira/permissions", rights)

    def put_ticket(self, ticket: dict[str, Any]) -> dict[str, Any]:
        """Put a ticket (neutral shape, with its `id`) into the CRM."""
        return cast(dict[str, Any], self.call("PUT", f"/sandbox/webcrm/tickets/{ticket['id']}", ticket))

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """A ticket as it stands in the CRM; KeyError when there is none."""
        with self.state.lock:
            return dict(self.state.tickets[ticket_id])

    def put_usedesk(self, ticket_id: int, **ticket: Any) -> dict[str, Any]:
        """Put a ticket into Usedesk without a webhook; the keys are those of `PUT /sandbox/usedesk/tickets/<id>`."""
        return cast(dict[str, Any], self.call("PUT", f"/sandbox/usedesk/tickets/{ticket_id}", ticket))

    def usedesk_ticket(self, ticket_id: int | str) -> dict[str, Any]:
        """A ticket as Usedesk's `/ticket` answers it; KeyError when there is none."""
        with self.state.lock:
            return full(self.state.usedesk, self.state.usedesk.tickets[int(ticket_id)])

    def usedesk_act(self, who: str, **change: Any) -> dict[str, Any]:
        """Do what a client or an agent would in Usedesk; the webhooks go out, `drain` waits for them."""
        return cast(dict[str, Any], self.call("POST", "/sandbox/usedesk/act", {"as": who, **change}))

    def usedesk_settings(self, **switches: bool | int) -> None:
        """Throw Usedesk's switches: `rate_limit`, `form`, `webhooks`; `zone` is minutes."""
        self.call("POST", "/sandbox/usedesk/settings", switches)

    def issues(self) -> list[dict[str, Any]]:
        """All issues as Jira gives them, with their comments and properties, the oldest first."""
        with self.state.lock:
            return [self.issue(issue_id) for issue_id in self.state.jira.issues]

    def issue(self, id_or_key: str) -> dict[str, Any]:
        """One issue as Jira gives it, with its comments and properties; KeyError when there is none."""
        with self._inside():
            return issue_shape(self._found(id_or_key), ["*all"], ["*all"])

    def remote_links(self, id_or_key: str) -> list[dict[str, Any]]:
        """The remote links of an issue."""
        with self._inside():
            issue = self._found(id_or_key)
            return [remote_shape(issue, link) for link in issue.remote_links]

    def chat(self, name: str) -> list[dict[str, Any]]:
        """What arrived in a chat."""
        with self.state.lock:
            return list(self.state.chats.get(name, []))

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Look without making a call that `calls` would list."""
        with self.state.lock, routes().test_request_context(base_url=self.url, environ_overrides={STATE: self.state}):
            yield

    def _found(self, id_or_key: str) -> SandboxIssue:
        issue = self.state.jira.find(id_or_key)
        if issue is None:
            raise KeyError(id_or_key)
        return issue
