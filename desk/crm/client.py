"""Calls to WebCRM, as in its contract (`docs/webcrm.openapi.yml`), behind the circuit breaker."""

from __future__ import annotations

import re
from copy import copy
from typing import Annotated, Any, Self

import requests
from pydantic import ConfigDict, Field, SecretStr, TypeAdapter, with_config
from typing_extensions import TypedDict

from desk.circuit_breaker import Call, CircuitBreaker
from desk.crm.files import File, address_of, fetch
from desk.http import Documented, checked
from desk.run import Run
from events import TICKET_ID

SYSTEM = "webcrm"
NOT_FOUND = 404
_ID = re.compile(TICKET_ID)
_OPEN = with_config(ConfigDict(extra="allow", coerce_numbers_to_str=True))


@_OPEN
class _Ticket(TypedDict):
    id: Annotated[str, Field(pattern=TICKET_ID)]


@_OPEN
class _Message(TypedDict):
    id: Annotated[str, Field(min_length=1, max_length=200)]


@_OPEN
class _Tickets(TypedDict):
    tickets: list[dict[str, object]]


@_OPEN
class _Refusal(TypedDict):
    code: str


_TICKET = Documented((200,), TypeAdapter(_Ticket))
# From the contract, by the endpoint names that the circuit breaker uses.
ANSWERS = {
    "GET /tickets": _TICKET,
    "PATCH /tickets": _TICKET,
    "POST /tickets/messages": Documented((201,), TypeAdapter(_Message)),
    "POST /tickets/close": _TICKET,
    "POST /tickets/escalate": _TICKET,
}
_LIST = "GET /tickets?"  # a rate limit on lists does not apply to single tickets
_TICKETS = Documented((200,), TypeAdapter(_Tickets))
_NO_TICKET = TypeAdapter(_Refusal)


class WebCrm:
    """WebCRM's REST API. Every POST has an idempotency key, so that a repeat changes nothing."""

    def __init__(self, url: str, token: SecretStr, session: requests.Session, breaker: CircuitBreaker) -> None:
        self._url = url.rstrip("/")
        self._breaker = breaker
        self._session = session
        self._session.headers["Authorization"] = f"Bearer {token.get_secret_value()}"

    def asked_by(self, run: Run) -> Self:
        """Return this client, with its session, for the calls of a run."""
        other = copy(self)
        other._breaker = self._breaker.asked_by(run)
        return other

    def _send(
        self, method: str, ticket: str, path: str = "", *, body: dict[str, Any] | None = None, key: str | None = None
    ) -> dict[str, Any]:
        if not _ID.fullmatch(ticket):
            raise ValueError(f"not a ticket id: {ticket!r}")
        headers = {"Idempotency-Key": key} if key else {}
        endpoint = f"{method} /tickets{path}"

        def send() -> dict[str, Any]:
            answer = self._session.request(method, f"{self._url}/tickets/{ticket}{path}", json=body, headers=headers)
            content: dict[str, Any] = ANSWERS[endpoint].read(answer)
            return content

        return self._breaker.pass_through(Call(SYSTEM, endpoint), send)

    def see_tickets(self) -> None:
        """Check whether WebCRM still answers the bot; raise `Refused` if it does not."""
        self._breaker.pass_through(Call(SYSTEM, "GET /tickets"), self.alive)

    def alive(self) -> None:
        """Check whether WebCRM answers, bypassing its breaker; its own error for a missing ticket is an answer too."""
        answer = self._session.get(f"{self._url}/tickets/0")
        if answer.status_code == NOT_FOUND:
            checked(answer, _NO_TICKET)
        else:
            ANSWERS["GET /tickets"].read(answer)

    def ticket(self, ticket: str) -> dict[str, Any]:
        """Read a ticket."""
        return self._send("GET", ticket)

    def tickets_of(self, audience: str, party_id: str, limit: int) -> list[dict[str, object]]:
        """Return the tickets of a seller (`partner`) or client (`customer`), newest first, at most `limit` (W-12)."""
        asked: dict[str, str | int] = {"client_id" if audience == "customer" else "seller_id": party_id, "limit": limit}

        def send() -> list[dict[str, object]]:
            found: _Tickets = _TICKETS.read(self._session.get(f"{self._url}/tickets", params=asked))
            return found["tickets"][:limit]

        return self._breaker.pass_through(Call(SYSTEM, _LIST), send)

    def file(self, url: str) -> File:
        """Fetch a file that a client sent. Raises `Refused`, or `Later` if another try may help."""
        return fetch(self._session, address_of(url, self._url))

    def update(self, ticket: str, changes: dict[str, Any]) -> None:
        """Change fields of a ticket (`jira_key`)."""
        self._send("PATCH", ticket, body=changes)

    def note(self, ticket: str, text: str, key: str) -> str:
        """Write an internal message for the agents (W-19); return its id."""
        return self.message(ticket, {"visibility": "internal", "text": text, "draft": False}, key)

    def message(self, ticket: str, message: dict[str, Any], key: str) -> str:
        """Write a message (`visibility`, `text`, `draft`); return its id."""
        return str(self._send("POST", ticket, "/messages", body=message, key=key)["id"])

    def close(self, ticket: str, changes: dict[str, Any], key: str) -> None:
        """Close a ticket."""
        self._send("POST", ticket, "/close", body=changes, key=key)

    def escalate(self, ticket: str, changes: dict[str, Any], key: str) -> None:
        """Escalate a ticket to another line (`reason`, `comment`); WebCRM refuses a closed one with 409."""
        self._send("POST", ticket, "/escalate", body=changes, key=key)
