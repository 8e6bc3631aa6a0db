"""How large a body may be, and what reading a large one costs."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from receivers.body import LIMIT

if TYPE_CHECKING:
    from tests.receivers.conftest import Door

MB = 1024 * 1024
TOO_LARGE = {
    "error": {
        "count": 1,
        "problem": "the body is over 25 MB",
        "fix": "send it without attachments or long histories",
    }
}


@pytest.fixture
def large(event: Callable[[str], dict[str, Any]]) -> Callable[[int], bytes]:
    """A comment event of about so many bytes: one long text and many small objects."""

    def make(size: int) -> bytes:
        body = event("comment_created__internal")
        history = {"id": "10012", "author": {"displayName": "Оператор"}, "text": "Звоните +7 900 000-00-00 " * 40}
        body["history"] = [history] * (size // 2 // len(json.dumps(history, ensure_ascii=False).encode()))
        body["comment"]["body"] = "Поставка 2000012345, user@example.test. " * (size // 2 // 50)
        return json.dumps(body, ensure_ascii=False).encode()

    return make


def test_20_mb_are_read_in_three_seconds(door: Door, large: Callable[[int], bytes]) -> None:
    raw = large(20 * MB)
    assert 18 * MB < len(raw) < 22 * MB
    started = time.process_time()
    assert door.jira(raw).json == {"status": "accepted"}
    assert time.process_time() - started < 3


def test_20_mb_cost_a_bounded_multiple_of_memory(door: Door, large: Callable[[int], bytes]) -> None:
    raw = large(20 * MB)
    tracemalloc.start()
    try:
        assert door.jira(raw).json == {"status": "accepted"}
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(raw)


def test_26_mb_are_too_large_by_their_length_alone(door: Door) -> None:
    answer = door.jira(b" " * 26 * MB)
    assert (answer.status_code, answer.json) == (413, TOO_LARGE)
    assert door.count("jira", "too_large") == 1


def test_26_mb_in_chunks_are_cut_at_the_limit(door: Door) -> None:
    stream = io.BytesIO(b" " * 26 * MB)
    with door.app.test_client() as client:
        answer = client.post("/webhooks/jira", input_stream=stream, environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 413
    assert stream.tell() <= LIMIT + MB


def test_25_mb_to_the_byte_are_not_too_large(door: Door) -> None:
    gunicorn = {"wsgi.input_terminated": True}
    with door.app.test_client() as client:
        answer = client.post("/webhooks/jira", data=b" " * LIMIT, environ_overrides=gunicorn)
        assert answer.status_code == 401  # it was read, and is not signed
        answer = client.post("/webhooks/jira", data=b" " * (LIMIT + 1), environ_overrides=gunicorn)
    assert (answer.status_code, answer.json) == (413, TOO_LARGE)


@pytest.mark.parametrize("signed", [True, False])
def test_a_zip_bomb_is_cut_at_the_limit(door: Door, signed: bool) -> None:
    bomb = gzip.compress(b"0" * 300 * MB)
    assert len(bomb) < MB
    tracemalloc.start()
    try:
        headers = {"Content-Encoding": "gzip"}
        answer = door.jira(bomb, headers) if signed else door.post("/webhooks/jira", bomb, headers)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.json) == (413, TOO_LARGE)
    assert peak < 3 * LIMIT


def test_20_mb_may_come_compressed(door: Door, large: Callable[[int], bytes]) -> None:
    answer = door.jira(gzip.compress(large(20 * MB), compresslevel=1), {"Content-Encoding": "gzip"})
    assert answer.json == {"status": "accepted"}


def test_a_body_that_ends_early_is_malformed(door: Door) -> None:
    with door.app.test_client() as client:
        answer = client.post(
            "/webhooks/jira", input_stream=io.BytesIO(b'{"a"'), environ_overrides={"CONTENT_LENGTH": "100"}
        )
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["problem"] == "the body ended early"


MARK = "\ufeff".encode()


def test_a_byte_order_mark_is_signed_and_not_read(door: Door, event: Callable[[str], dict[str, Any]]) -> None:
    of_jira, of_crm = (
        json.dumps(event(name)).encode() for name in ("comment_created__internal", "ticket_closing__escalation")
    )
    assert door.jira(MARK + of_jira).json == {"status": "accepted"}
    assert door.crm(MARK + of_crm).json == {"status": "accepted"}
    assert door.jira(gzip.compress(MARK + of_crm), {"Content-Encoding": "gzip"}).status_code == 202


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_of_unicode_is_named(door: Door, encoding: str) -> None:
    answer = door.jira('{"webhookEvent": "jira:issue_updated"}'.encode(encoding))
    assert answer.status_code == 400
    assert answer.json["error"]["problem"] == "the body is not in UTF-8 but in UTF-16 or UTF-32"


@pytest.mark.parametrize("content", [b"", b" \n", MARK])
def test_an_empty_body_is_called_empty(door: Door, content: bytes) -> None:
    assert door.jira(content).json["error"]["problem"] == "the body is empty"
