"""Reads a webhook's body: bounded in size and depth, verified before it is parsed, and strict JSON."""

from __future__ import annotations

import json
import math
import re
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Mapping

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from receivers.refusal import BadSignature, Refusal, TooLarge
from runtime.serving.request import BODY_LIMIT

LIMIT = BODY_LIMIT  # also for a body once it is decompressed
DEPTH = 64  # nesting; Jira's own bodies stay under 20
_CHUNK = 64 * 1024
_WINDOW = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}  # zlib's wbits; some send deflate without a header
# PostgreSQL's text cannot hold NUL, nor UTF-8 a lone surrogate; both can only come in as escapes.
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Verify = Callable[[bytes], bool]


def read(request: Request, verify: Verify) -> bytes:
    """Return the verified and decompressed body.

    The signature is checked over the bytes as received, and again over the decompressed ones for a sender that signs
    before it compresses. Raises TooLarge, BadSignature, or Refusal for a broken compression.
    """
    raw = _receive(request)
    encoding = (request.content_encoding or "").strip().lower()
    verified = verify(raw)
    if encoding not in ("", "identity"):
        raw = _inflate(raw, encoding, verified=verified)
        verified = verified or verify(raw)
    if not verified:
        raise _unverified()
    return raw


def parse(content: bytes) -> dict[str, object]:
    """Return the JSON object in a body; raises Refusal with the position or path of the first fault."""
    try:
        document = json.loads(decoded(content))
    except json.JSONDecodeError as error:
        raise Refusal(_position(error), "send one JSON object") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer of more than 4300 digits
        raise Refusal("a number has too many digits", "send long ids as strings") from None
    if not isinstance(document, dict):
        raise Refusal("not a JSON object", "send one JSON object", path="$")
    _check(document)
    return _storable_object(document) if _UNSTORABLE_ESCAPE.search(content) else document


def decoded(content: bytes) -> str:
    """Return a body as text, without a byte order mark; raises Refusal when it is not UTF-8."""
    if b"\0" in content[:4] or content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise Refusal("the body is not in UTF-8 but in UTF-16 or UTF-32", "send it in UTF-8")
    try:
        return content.removeprefix(BOM_UTF8).decode()  # takes half as long as the codec utf-8-sig
    except UnicodeDecodeError as error:
        raise Refusal(f"not UTF-8 at byte {error.start}", "send it in UTF-8") from None


def _receive(request: Request) -> bytes:
    request.max_content_length = LIMIT + 1  # werkzeug refuses a stream of exactly this length too
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := request.stream.read(_CHUNK):
            size += len(chunk)
            if size > LIMIT:
                raise _too_large()
            chunks.append(chunk)
    except RequestEntityTooLarge:
        raise _too_large() from None
    except ClientDisconnected:
        raise Refusal("the body ended early", "send the whole body again") from None
    return b"".join(chunks)


def _inflate(raw: bytes, encoding: str, *, verified: bool) -> bytes:
    for window in _WINDOW.get(encoding, ()):
        try:
            return _decompress(raw, window)
        except zlib.error:
            continue
    if not verified:
        raise _unverified()
    raise Refusal("the compressed body is broken", "send it whole, as gzip, deflate or uncompressed")


def _decompress(raw: bytes, window: int) -> bytes:
    engine = zlib.decompressobj(window)
    content = engine.decompress(raw, LIMIT + 1)
    if len(content) > LIMIT:
        raise _too_large()
    # One member only: a body of a million tiny ones would cost minutes.
    if not engine.eof or engine.unused_data:
        raise zlib.error("cut short, or followed by other bytes")
    return content


def _position(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return "the body is empty"
    return f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}"


class _Fault(Exception):
    """A value that cannot be accepted; `path` grows on the way out of the recursion."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = ""


def _check(document: dict[str, object]) -> None:
    try:
        _visit(document, 1)
    except _Fault as fault:
        if fault.problem == "":
            raise _too_deep() from None
        raise Refusal(fault.problem, "send null instead", path="$" + fault.path) from None


_NESTED = (dict, list)  # made once, as every value of a large body is checked against it


def _visit(value: dict[str, object] | list[object], depth: int) -> None:
    if depth > DEPTH:
        raise _Fault("")
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in members:
        try:
            if isinstance(member, _NESTED):
                _visit(member, depth + 1)
            elif isinstance(member, float) and not math.isfinite(member):
                raise _Fault("not a finite number")
        except _Fault as fault:
            fault.path = (f"[{name}]" if isinstance(name, int) else f".{name[:64]}") + fault.path
            raise


def _storable_object(value: Mapping[str, object]) -> dict[str, object]:
    return {_UNSTORABLE.sub("\ufffd", key): _storable(member) for key, member in value.items()}


def _storable(value: object) -> object:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return _storable_object(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value


def _unverified() -> BadSignature:
    return BadSignature(
        "the signature is missing or wrong",
        "check that both sides have the same secret, and that nothing changes the body on its way",
    )


def _too_deep() -> Refusal:
    return Refusal(f"nested deeper than {DEPTH} levels", "send it flatter", path="$")


def _too_large() -> TooLarge:
    return TooLarge(f"the body is over {LIMIT // 1024 // 1024} MB", "send it without attachments or long histories")
