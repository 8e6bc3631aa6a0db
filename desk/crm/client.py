"""Calls to WebCRM by its contract (`docs/webcrm.openapi.yml`), behind the gates."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr

from config.running import RuntimeConfig
from desk.gates import Call, Gates
from desk.jira.client import session_for
from events import TICKET_ID

SYSTEM = "webcrm"
NOT_FOUND = 404
_ID = re.compile(TICKET_ID)


class WebCrm:
    """WebCRM's REST API. Every POST carries an idempotency key, so that a repeat changes nothing."""

    def __init__(self, url: str, token: SecretStr, running: RuntimeConfig, gates: Gates) -> None:
        self._url = url.rstrip("/")
        self._gates = gates
        self._session = session_for(running)
        self._session.headers["Authorization"] = f"Bearer {token.get_secret_value()}"

    def _send(
        self, method: str, ticket: str, path: str = "", *, body: dict[str, Any] | None = None, key: str | None = None
    ) -> dict[str, Any]:
        if not _ID.fullmatch(ticket):
            raise ValueError(f"not a ticket id: {ticket!r}")
        headers = {"Idempotency-Key": key} if key else {}

        def send() -> dict[str, Any]:
            answer = self._session.request(method, f"{self._url}/tickets/{ticket}{path}", json=body, headers=headers)
            answer.raise_for_status()
            content: dict[str, Any] = answer.json() if answer.content else {}
            return content

        return self._gates.pass_through(Call(SYSTEM, f"{method} /tickets{path}"), send)

    def alive(self) -> None:
        """Ask whether WebCRM answers, past its gate; a ticket that does not exist is an answer."""
        answer = self._session.get(f"{self._url}/tickets/0")
        if answer.status_code != NOT_FOUND:
            answer.raise_for_status()

    def ticket(self, ticket: str) -> dict[str, Any]:
        """Read a ticket."""
        return self._send("GET", ticket)

    def update(self, ticket: str, changes: dict[str, Any]) -> None:
        """Change fields of a ticket (`jira_key`)."""
        self._send("PATCH", ticket, body=changes)

    def note(self, ticket: str, text: str, key: str) -> str:
        """Write an internal message for the agents (W-19); its id."""
        return self.message(ticket, {"visibility": "internal", "text": text, "draft": False}, key)

    def message(self, ticket: str, message: dict[str, Any], key: str) -> str:
        """Write a message (`visibility`, `text`, `draft`); its id."""
        return str(self._send("POST", ticket, "/messages", body=message, key=key).get("id", ""))

    def close(self, ticket: str, changes: dict[str, Any], key: str) -> None:
        """Close a ticket."""
        self._send("POST", ticket, "/close", body=changes, key=key)
