"""HTTP to other systems: what every call and every answer of every client passes.

A call ends in time, no redirect is followed, and a call counts as done only by the answer that is documented for it.
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
    """An answer that is not documented for the call: whether it was done is unknown."""


class Bounded(HTTPAdapter):
    """Gives every answer its size, and nothing else, for sessions that are not ours."""

    def send(self, request: requests.PreparedRequest, stream: bool = False, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send, and read the answer unless the caller does so himself."""
        answer = super().send(request, stream=stream, **kwargs)
        if not stream:
            answer._content = _content(answer)
        return answer


def bound_answers() -> None:
    """Let sessions that libraries open by themselves in this process take no larger answer than ours do.

    Apprise's plugins call `requests.post`, which knows no other place for this.
    """
    requests.sessions.HTTPAdapter = Bounded


class Adapter(HTTPAdapter):
    """Gives every call its time, and every answer its size."""

    def __init__(self, http: Http, network: Network) -> None:
        self._http, self._network = http, network
        self._deadline = Deadline()
        self._connections = connections(self._deadline)
        super().__init__(pool_connections=2, pool_maxsize=2)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """The pool of connections for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._connections[pool.scheme]
        return pool

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and read the whole answer; reads are given up sooner than writes, which may have happened.

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
        except requests.ConnectionError as error:  # what requests makes of a timeout within a body
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

    A call costs half of what it costs with a session of requests.
    """

    def request(self, method: str, url: str, **given: Any) -> requests.Response:  # type: ignore[override]
        """Send; of the arguments of requests it takes params, data, json and headers."""
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.prepare_url(url, given.get("params"))
        request.prepare_headers({**self.headers, **(given.get("headers") or {})})
        request.prepare_body(given.get("data"), None, given.get("json"))
        request.prepare_auth(self.auth, url)
        return self.get_adapter(url).send(request)


def session_for(http: Http, network: Network) -> Session:
    """A session whose calls pass through here."""
    session = Session()
    equip(session, http, network)
    return session


def equip(session: requests.Session, http: Http, network: Network) -> None:
    """Let a session's calls pass through here."""
    session.trust_env = False
    adapter = Adapter(http, network)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


@dataclass(frozen=True)
class Documented:
    """The answer to a call that was done: its statuses, and its body as far as it is read (None: not at all)."""

    statuses: tuple[int, ...]
    body: TypeAdapter[Any] | None = None

    def read(self, answer: requests.Response) -> Any:
        """The body; HTTPError for what the other system refused, AnswerError for what it does not document."""
        if answer.status_code >= ERROR:
            raise requests.HTTPError(response=answer)
        if answer.status_code not in self.statuses:
            wanted = " or ".join(map(str, self.statuses))
            raise AnswerError(f"answered {answer.status_code} ({_kind(answer)}), documented is {wanted}")
        return None if self.body is None else checked(answer, self.body)


def checked(answer: requests.Response, body: TypeAdapter[Any]) -> Any:
    """The JSON of an answer in the documented form; AnswerError for anything else, none of whose words it repeats."""
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
