"""What a failed call means: the only place that classifies errors.

An action raises `Later` (wait, then run the handler again) or `Dead` (a person must look). Handlers catch neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import requests

from desk.clock import machine_now
from desk.http import AnswerError

LONGEST_ADVICE = 86_400  # seconds; more than a day is taken for the sender's mistake
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
# In this order. Only the groups in brackets are quoted from the texts, since the rest names addresses.
_UNSENT = (
    (re.compile(r"certificate verify failed: ([^(\]]*[^(\] ])"), "the certificate is not trusted: {}"),
    (re.compile(r"Tunnel connection failed: (\d{3}[\w -]*)"), "no way through the proxy: {}"),
    (re.compile(r"Unable to connect to proxy"), "no connection to the proxy"),
    (re.compile(r"ConnectionRefused|NewConnectionError|NameResolutionError"), "connection refused"),
)
_GATEWAY = range(500, 600)


class ActionFault(Exception):
    """Why an action could not be done. `no_effect`: the other system certainly did nothing."""

    def __init__(self, reason: str, *, no_effect: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.no_effect = no_effect


class Later(ActionFault):
    """Run the handler again: at `at`, or when `system` is back; if neither is given, by the retry schedule.

    `spends`: this uses up an attempt of the schedule; what is nobody's fault (a rate limit, a system that is down) does
    not.
    """

    def __init__(
        self,
        reason: str,
        *,
        at: datetime | None = None,
        system: str | None = None,
        spends: bool | None = None,
        no_effect: bool = False,
    ) -> None:
        super().__init__(reason, no_effect=no_effect)
        self.at = at
        self.system = system
        self.spends = (at is None and system is None) if spends is None else spends


class Dead(ActionFault):
    """No retry can help: the delivery becomes a dead letter with this reason."""


class AbsentError(Exception):
    """The call needs a CRM that is not set up here: an action ends as refused, a look-up finds nothing."""

    def __init__(self, system: str) -> None:
        super().__init__(f"{system} is not set up here")


class LeaseLostError(Exception):
    """The run may not go on: its delivery is another worker's, or this worker stops. Nothing more is written."""


class WouldWriteError(Exception):
    """A dry run reached a call that would change something."""


class Kind(Enum):
    """The kinds of errors."""

    BUSY = "busy"  # 429: wait as told, in the scope of the limit
    DOWN = "down"  # unreachable, token refused, or redirected: trip the breaker
    FAILING = "failing"  # timeouts, 408, 5xx: retry; several in a row trip the breaker
    CONFLICT = "conflict"  # 409; Jira: a concurrent write; WebCRM: the ticket is already closed
    REFUSED = "refused"  # any other 4xx: a person must look


@dataclass(frozen=True)
class Trouble:
    """A classified error. `no_effect`: certainly nothing was done. `status` is 0 if there was no usable answer.

    `moved_to`: the host that the system redirects to. `fields`: the fields that Jira refuses, with its message for
    each.
    """

    kind: Kind
    reason: str
    no_effect: bool
    status: int = 0
    retry_after: timedelta | None = None
    limit: str | None = None  # RateLimit-Reason
    moved_to: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


_KINDS = {401: Kind.DOWN, 407: Kind.DOWN, 408: Kind.FAILING, 409: Kind.CONFLICT, 429: Kind.BUSY}


def classify(error: requests.RequestException) -> Trouble:
    """Classify an exception of requests, or of a client built on it."""
    response = error.response
    if response is None:
        return _without_answer(error)
    status = response.status_code
    if response.is_redirect:
        # some systems redirect after they have done what was asked
        host = _host(response)
        return Trouble(Kind.DOWN, f"{status}: redirects to {host}", False, status, moved_to=host)
    kind = _KINDS.get(status, Kind.FAILING if status in _GATEWAY else Kind.REFUSED)
    limit = response.headers.get("RateLimit-Reason") or None
    reason = f"{status}: {_words(response)}"
    certain, advice, fields = kind is not Kind.FAILING, _advice(response), _fields(response)
    return Trouble(kind, reason, certain, status, retry_after=advice, limit=limit, fields=fields)


def _without_answer(error: requests.RequestException) -> Trouble:
    if isinstance(error, AnswerError):
        return Trouble(Kind.FAILING, str(error), False)
    if isinstance(error, requests.ConnectTimeout):
        return Trouble(Kind.FAILING, "no connection in time", True)
    if isinstance(error, requests.ConnectionError) and (reason := _unsent(error)):
        return Trouble(Kind.DOWN, reason, True)
    if isinstance(error, requests.Timeout):
        return Trouble(Kind.FAILING, "no answer in time", False)
    return Trouble(Kind.FAILING, f"connection broken ({type(error).__name__})", False)


def _unsent(error: BaseException) -> str | None:
    """Return why the call was certainly not sent, by the texts of the error and its causes; otherwise `None`."""
    seen: BaseException | None = error
    text = ""
    while seen is not None:
        text += f"{type(seen).__name__} {seen} "
        seen = seen.__cause__ or seen.__context__
    found = ((pattern.search(text), reason) for pattern, reason in _UNSENT)
    return next((reason.format(*match.groups()) for match, reason in found if match), None)


def _host(response: requests.Response) -> str:
    """Return the host a redirect leads to, without path and query, which may contain secrets."""
    try:
        return urlsplit(response.headers["Location"]).hostname or "another path of the same host"
    except ValueError:
        return "an address that cannot be read"


def _advice(response: requests.Response) -> timedelta | None:
    """Return Retry-After: seconds, possibly with a fraction, or a date, taken relative to the response's own date."""
    header = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(header):
        return timedelta(seconds=min(float(header), LONGEST_ADVICE))
    until = _date(header)
    if until is None:
        return None
    wait = until - (_date(response.headers.get("Date", "")) or machine_now())
    return min(max(wait, timedelta(0)), timedelta(seconds=LONGEST_ADVICE))


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _words(response: requests.Response) -> str:
    """Return the other system's own error text, shortened: Jira's errorMessages and errors, or WebCRM's error."""
    body = _body(response)
    messages = body.get("errorMessages")
    words = [str(message) for message in messages] if isinstance(messages, list) else []
    words += [f"{name}: {problem}" for name, problem in _fields(response).items()]
    words += [str(body[name]) for name in ("error", "errorMessage", "message") if body.get(name)]
    return "; ".join(words)[:500] or response.reason or "no text"


def _fields(response: requests.Response) -> dict[str, str]:
    errors = _body(response).get("errors")
    return {name: str(problem) for name, problem in errors.items()} if isinstance(errors, dict) else {}


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
