"""Calls to Usedesk's public API, behind the circuit breaker and a limit shared by all processes.

Usedesk reports errors inside 200 answers (`{"error": …, "code": …}`) and documents no codes, so the text decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

import requests
from pydantic import SecretStr

from desk.circuit_breaker import Call, CircuitBreaker
from desk.http import AnswerError
from desk.run import Run
from desk.usedesk.limit import Level, Limit
from desk.usedesk.words import STATUS_IDS, to_html
from events import TICKET_ID
from events.untrusted import entries, part, text

SYSTEM = "usedesk"
PAGE = 100  # tickets in one answer
TOO_MANY, UNAUTHORISED, NOT_FOUND, BAD, BROKEN = 429, 401, 404, 400, 500
_ID = re.compile(TICKET_ID)
# In this order: the first match gives the HTTP status for an error inside a 200 answer.
_WORDS = (
    # not just «limit»: a text over its limit of characters would be retried forever
    (
        TOO_MANY,
        re.compile(
            r"too many (?:request|call|attempt)|rate.?limit|(?:request|call)s?.{0,12}limit"
            r"|слишком (?:много запрос|часто)|лимит\w*.{0,12}запрос|запрос\w*.{0,12}лимит"
        ),
    ),
    (UNAUTHORISED, re.compile(r"token|токен|unauthori[sz]ed|не авторизован")),
    (NOT_FOUND, re.compile(r"not found|не найден")),
)


@dataclass(frozen=True)
class UsedeskAccount:
    """Usedesk's address, the token of the API channel, and the agent in whose name the bot writes."""

    url: str
    token: SecretStr
    agent_id: str


class Usedesk:
    """Usedesk's API. Calls raise `Later` and `Dead`, never an exception of requests.

    It never solves a ticket: status 2 sends the client a request for a rating (U-10).
    """

    def __init__(
        self, account: UsedeskAccount, session: requests.Session, breaker: CircuitBreaker, limit: Limit
    ) -> None:
        self.agent_id = account.agent_id
        self._account = account
        self._breaker = breaker
        self._limit = limit
        self._session = session

    def asked_by(self, run: Run) -> Self:
        """Return this client, with its session, for the calls of a run, whose delivery keeps its turn at the limit."""
        other = copy(self)
        other._breaker = self._breaker.asked_by(run)
        if not run.is_dry:
            other._limit = replace(self._limit, delivery=run.label)
        return other

    def ticket(self, ticket: str) -> dict[str, Any]:
        """Return `{ticket, comments, tags, custom_fields, changes}`; ids in it are strings or numbers."""
        answer: dict[str, Any] = self._send("ticket", {"ticket_id": _checked(ticket)})
        return answer

    def tickets(
        self,
        *,
        updated_after: datetime | None = None,
        statuses: Sequence[str] = (),
        client: str | None = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Return a page of at most 100 tickets in order of id, from `offset`; `statuses` are our words (`on_hold`)."""
        query: dict[str, Any] = {"offset": offset, "sort": "id", "order": "asc"}
        if updated_after is not None:
            query["updated_after"] = f"{updated_after.astimezone(UTC):%Y-%m-%d %H:%M}"
        if statuses:
            query["fstatus"] = ",".join(str(STATUS_IDS[word]) for word in statuses)
        if client is not None:
            query["client_id"] = _checked(client)
        answer = self._send("tickets", query)
        rows: list[Any] = list(entries(answer) or entries(part(answer).get("tickets")))
        return rows

    def create_ticket(self, subject: str, said: str, fields: Mapping[str, Any]) -> str:
        """Make a ticket with Usedesk's own `fields` (`client_id`, `additional_id`, `tag` …); return its id.

        `status` is our word; `done` raises ValueError.
        """
        body = {**_with_status(fields), "subject": subject, "message": to_html(said), "from": "user"}
        return str(self._send("create/ticket", body | self._agent(), makes="ticket_id"))

    def comment(self, ticket: str, said: str, *, public: bool = False, level: Level = Level.COURTESY) -> str:
        """Write a comment as the bot's agent, private unless `public`; return its id. There is no idempotency key."""
        body = {"ticket_id": _checked(ticket), "message": to_html(said), "type": "public" if public else "private"}
        return str(self._send("create/comment", body | {"from": "user"} | self._agent(), level, makes="comment_id"))

    def set_status(self, ticket: str, status: str) -> None:
        """Give a ticket a status (our word); `done` raises ValueError."""
        body = {"ticket_id": _checked(ticket), **_with_status({"status": status})}
        self._send("update/ticket", body | self._agent())

    def see_groups(self) -> None:
        """Read what every token may read; raise `Refused` if this one may not."""
        self._send("groups", {})

    def alive(self) -> None:
        """Check whether Usedesk answers and accepts the token, bypassing its circuit breaker."""
        self._limit.take(Level.FIRST)
        self._post("groups", {})

    def _agent(self) -> dict[str, str]:
        return {"user_id": self.agent_id}  # without it Usedesk uses the company's first user

    def _send(self, method: str, body: dict[str, Any], level: Level = Level.FIRST, *, makes: str | None = None) -> Any:
        """Call a method; return its answer, or the id `makes` in it, without which the outcome is unknown."""
        call = Call(SYSTEM, f"POST /{method}")

        def send() -> Any:
            self._limit.take(level)
            self._breaker.confirm(call)
            answer = self._post(method, body)
            return _made(answer, makes) if makes else answer

        return self._breaker.pass_through(call, send)

    def _post(self, method: str, body: dict[str, Any]) -> Any:
        url = f"{self._account.url.rstrip('/')}/{method}"
        token = self._account.token.get_secret_value()
        answer = self._session.post(url, json={"api_token": token, **body}, allow_redirects=False)
        answer.raise_for_status()
        return _content(answer)


def _content(answer: requests.Response) -> Any:
    """Return the content of a 200 answer; an error inside it raises HTTPError with the status it stands for."""
    content = answer.json()
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        answer.status_code = BROKEN
        raise requests.HTTPError("neither an object nor a list", response=answer)
    error = content.get("error")
    if error or content.get("status") in ("error", "fail", "failed"):
        answer.status_code = _meaning(f"{error} {content.get('message', '')}".lower(), content.get("code"))
        raise requests.HTTPError(response=answer)
    return content


def _made(answer: object, name: str) -> str:
    number = text(part(answer).get(name))
    if number is None or not _ID.fullmatch(number) or number == "0":
        raise AnswerError(f"answered 200 without a {name}")
    return number


def _meaning(words: str, code: object) -> int:
    for status, pattern in _WORDS:
        if pattern.search(words) or str(code) == str(status):
            return status
    return BROKEN if str(code).startswith("5") and len(str(code)) == len("500") else BAD


def _with_status(changes: Mapping[str, Any]) -> dict[str, Any]:
    if "status" not in changes:
        return dict(changes)
    if changes["status"] == "done":
        raise ValueError("status done is an agent's alone: it mails the client a rating (U-10)")
    return {**changes, "status": STATUS_IDS[changes["status"]]}


def _checked(number: str) -> str:
    if not _ID.fullmatch(number):
        raise ValueError(f"not an id: {number!r}")
    return number
