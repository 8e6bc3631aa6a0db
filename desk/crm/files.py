"""Files that clients send, fetched from WebCRM's own host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from desk.circuit_breaker import Refused
from desk.faults import Kind, Later, Trouble, classify
from desk.http import ERROR, AnswerError

KINDS = ("image/", "application/pdf")
NO_FILES = ("image/svg+xml",)  # a page with scripts rather than a photo
_PERMANENT = (Kind.REFUSED, Kind.CONFLICT)


@dataclass(frozen=True)
class File:
    """The content of a file, and its media type."""

    content: bytes
    kind: str


def address_of(url: str, host: str) -> str:
    """Return the address of a file on the host of `host`, WebCRM's own address. Raises `Refused`.

    It is put together anew, so that whatever the event says, no other host is called.
    """
    try:
        wanted, own = urlsplit(url), urlsplit(host)
        same = (wanted.scheme, wanted.hostname, wanted.port) == (own.scheme, own.hostname, own.port)
    except ValueError:
        same = False
    if not same or "@" in wanted.netloc:
        raise _refused("the file is not on WebCRM's own host")
    query = f"?{wanted.query}" if wanted.query else ""
    return f"{own.scheme}://{own.netloc}/{wanted.path.lstrip('/')}{query}"


def fetch(session: requests.Session, address: str) -> File:
    """Fetch a photo or a PDF. Raises `Refused`, or `Later` if another try may help.

    It bypasses the circuit breaker: what is wrong with one file says nothing about WebCRM.
    """
    try:
        answer = session.get(address)
        if answer.status_code >= ERROR:
            raise requests.HTTPError(response=answer)
    except requests.RequestException as error:
        trouble = classify(error)
        lasting = trouble.kind in _PERMANENT or (trouble.kind is Kind.DOWN and trouble.status > 0)
        if lasting or isinstance(error, AnswerError):
            raise Refused(f"GET file: {trouble.reason}", trouble) from error
        raise Later(f"GET file: {trouble.reason}", no_effect=True) from error
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not kind.startswith(KINDS) or kind in NO_FILES or not answer.content:
        raise _refused(f"the file is {kind[:40] or 'of no type'}, not a photo or a PDF")
    return File(answer.content, kind)


def _refused(reason: str) -> Refused:
    return Refused(reason, Trouble(Kind.REFUSED, reason, no_effect=True))
