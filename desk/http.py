"""HTTP to other systems: the rules for every call and answer of every client.

A call has a deadline, redirects are not followed, and a call counts as done only by an answer documented for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from pydantic import TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter

from config.running import Http
from desk.deadline import Deadline, connections
from desk.network import Network

ERROR = 400
LARGEST = 10 * 2**20  # bytes of an answer, unpacked
_PIECE = 2**16


class AnswerError(requests.RequestException):
    """An answer that is not documented for the call: it is unknown whether the call was done."""


class Bounded(HTTPAdapter):
    """Limits the size of every answer, and nothing else, for sessions that are not ours."""

    def send(self, request: requests.PreparedRequest, stream: bool = False, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send, and read the answer unless the caller streams it."""
        answer = super().send(request, stream=stream, **kwargs)
        if not stream:
            answer._content = _content(answer)
        return answer


def bound_answers() -> None:
    """Make sessions that libraries open in this process refuse larger answers than ours accept.

    Apprise's plugins call `requests.post`, which can be reached in no other way.
    """
    requests.sessions.HTTPAdapter = Bounded


class Adapter(HTTPAdapter):
    """Gives every call a deadline, and limits the size of every answer."""

    def __init__(self, http: Http, network: Network) -> None:
        self._http, self._network = http, network
        self._deadline = Deadline()
        self._connections = connections(self._deadline)
        super().__init__(pool_connections=2, pool_maxsize=2)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the connection pool for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._connections[pool.scheme]
        return pool

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and read the whole answer; reads time out sooner than writes, which may already have taken effect.

        A redirect raises HTTPError, so that nobody follows it with the call's body and credentials.
        """
        self._deadline.set(self._http.whole.total_seconds())
        patience = self._http.read if request.method == "GET" else self._http.write
        kwargs["proxies"] = self._network.proxies_for(request.url or "")
        kwargs["verify"] = self._network.certificates or True
        kwargs["timeout"] = (self._http.connect.total_seconds(), patience.total_seconds())
        answer = super().send(request, *args, **kwargs)
        if answer.is_redirect:
            answer.close()
            raise requests.HTTPError(request=request, response=answer)
        try:
            answer._content = _content(answer)
        except requests.ConnectionError as error:  # requests raises this for a timeout while reading the body
            raise requests.ReadTimeout(error, request=request) from error
        return answer


def _content(answer: requests.Response) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            answer.close()
            raise AnswerError(f"an answer of more than {LARGEST // 2**20} MB")
    return b"".join(pieces)


class Session(requests.Session):
    """Sends a request and reads its answer: no cookies, redirects or hooks, and nothing from the environment.

    A call costs half as much as with a plain requests session.
    """

    def request(self, method: str, url: str, **given: Any) -> requests.Response:  # type: ignore[override]
        """Send; of the arguments of requests, params, data, files, json and headers are supported."""
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.prepare_url(url, given.get("params"))
        request.prepare_headers({**self.headers, **(given.get("headers") or {})})
        request.prepare_body(given.get("data"), given.get("files"), given.get("json"))
        request.prepare_auth(self.auth, url)
        return self.get_adapter(url).send(request)


def session_for(http: Http, network: Network) -> Session:
    """Return a session whose calls use this module's adapter."""
    session = Session()
    equip(session, http, network)
    return session


def equip(session: requests.Session, http: Http, network: Network) -> None:
    """Make a session's calls use this module's adapter, and nothing from the environment."""
    session.trust_env = False
    adapter = Adapter(http, network)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


@dataclass(frozen=True)
class Documented:
    """The documented answer of a successful call: its statuses, and the body as far as it is read (`None`: unread)."""

    statuses: tuple[int, ...]
    body: TypeAdapter[Any] | None = None

    def read(self, answer: requests.Response) -> Any:
        """Return the body. Raises HTTPError if the other system refused, `AnswerError` for an undocumented answer."""
        if answer.status_code >= ERROR:
            raise requests.HTTPError(response=answer)
        if answer.status_code not in self.statuses:
            wanted = " or ".join(map(str, self.statuses))
            raise AnswerError(f"answered {answer.status_code} ({_kind(answer)}), documented is {wanted}")
        return None if self.body is None else checked(answer, self.body)


def checked(answer: requests.Response, body: TypeAdapter[Any]) -> Any:
    """Return the JSON of an answer; raise `AnswerError`, which quotes none of it, if it has not the documented form."""
    try:
        return body.validate_python(answer.json())
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "the body"
        raise AnswerError(f"answered {answer.status_code}, but {place}: {wrong['type']}") from error
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"answered {answer.status_code} ({_kind(answer)}) without readable JSON") from error


def _kind(answer: requests.Response) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0][:40] or "no type"
