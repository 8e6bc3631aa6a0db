"""The web process's worker class: HTTP as it was, and slow clients who cost nobody else anything."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from runtime.serving import worker as serving
from runtime.serving.connection import Limits
from runtime.serving.request import BODY_LIMIT, MEMORY
from tests.runtime.served import ANSWERS, THREADS, Client, Server, told

TIMEOUT = 0.4

HEAD = b"POST /x HTTP/1.1\r\nHost: h\r\n"
SIZED = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
HELLO = told("POST", "/x", b"hello")
SLOW = {
    "nothing": b"",
    "a head": HEAD,
    "a body": HEAD + b"Content-Length: 5\r\n\r\nhell",
    "a body in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
    "a second head": GET + HEAD,
}
Serve = Callable[..., Server]
Connect = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers whose clients have so many seconds; the other arguments are gunicorn's settings."""
    started: list[Server] = []

    def start(seconds: float = TIMEOUT, **settings: Any) -> Server:
        started.append(Server(Limits(seconds), settings))
        return started[-1]

    yield start
    for server in started:
        server.end()


@pytest.fixture
def server(serve: Serve) -> Server:
    """A server whose clients have `TIMEOUT` seconds."""
    return serve()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections to a server."""
    opened: list[Client] = []

    def open_one(server: Server, buffer: int | None = None) -> Client:
        opened.append(Client(server.port, buffer))
        return opened[-1]

    yield open_one
    for client in opened:
        client.socket.close()


@pytest.mark.parametrize("request_", [SIZED, CHUNKED, b"\r\n" + SIZED])
def test_a_request_is_answered_however_it_is_cut_into_segments(
    server: Server, connect: Connect, request_: bytes
) -> None:
    client = connect(server)
    for place in range(1, len(request_), 3):
        status, headers, body = client.send(request_[:place], request_[place:]).answer()
        assert (status, headers["connection"], body) == (200, "keep-alive", HELLO)
    assert client.send(*(bytes([byte]) for byte in request_)).answer()[2] == HELLO


def test_requests_that_come_at_once_are_answered_in_order(server: Server, connect: Connect) -> None:
    client = connect(server).send(SIZED + CHUNKED + GET + SIZED[:-3], SIZED[-3:] + GET)
    asked = [client.answer()[2] for _ in range(5)]
    assert asked == [HELLO, HELLO, told("GET", "/x", b""), HELLO, told("GET", "/x", b"")]


def test_a_body_that_the_application_leaves_is_not_taken_for_the_next_request(server: Server, connect: Connect) -> None:
    client = connect(server).send(SIZED.replace(b"/x", b"/unread") + GET)
    assert client.answer()[2] == told("POST", "/unread", b"")
    assert client.answer()[2] == told("GET", "/x", b"")


def test_head_requests_have_no_body_and_keep_the_connection(server: Server, connect: Connect) -> None:
    client = connect(server).send(GET.replace(b"GET", b"HEAD") + GET)
    head = client.head()
    assert b"Content-Length: " in head
    assert client.answer()[2] == told("GET", "/x", b"")


@pytest.mark.parametrize(
    "head", [b"GET /x HTTP/1.0\r\n\r\n", GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")]
)
def test_a_client_that_wants_its_connection_closed_is_not_waited_for(
    server: Server, connect: Connect, head: bytes
) -> None:
    clients = [connect(server).send(head) for _ in range(5)]  # none of them closes
    began = time.monotonic()
    for client in clients:
        assert client.everything().endswith(told("GET", "/x", b""))
    assert connect(server).send(GET).answer()[0] == 200
    assert time.monotonic() - began < serving.LINGER


def test_a_client_may_say_that_it_has_sent_all_before_it_is_answered(server: Server, connect: Connect) -> None:
    client = connect(server).send(SIZED)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer()[2] == HELLO
    assert client.everything() == b""


def test_a_body_is_asked_for_once_when_the_client_waits_for_that(server: Server, connect: Connect) -> None:
    head, body = SIZED.split(b"\r\n\r\n")
    client = connect(server).send(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.send(body).answer()[2] == HELLO


def test_a_body_that_is_too_long_is_not_asked_for(server: Server, connect: Connect) -> None:
    told_length = b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (BODY_LIMIT + 1)
    client = connect(server).send(HEAD.replace(b"/x", b"/unread") + told_length)
    status, headers, _ = client.answer()
    assert (status, headers["connection"]) == (200, "close")  # the application's answer; ours says 413
    assert client.everything() == b""


def test_of_too_many_chunks_the_application_gets_more_than_the_limit_and_no_end(
    server: Server, connect: Connect
) -> None:
    chunk = b"100000\r\n" + bytes(1024 * 1024) + b"\r\n"
    client = connect(server).send(HEAD.replace(b"/x", b"/limited") + b"Transfer-Encoding: chunked\r\n\r\n")
    client.send_until_closed(chunk, every=0)
    assert told("POST", "/limited", bytes(BODY_LIMIT + 1)) in client.everything()


@pytest.mark.parametrize(
    "malformed",
    [
        b"GET /x HTTP/1.1\nHost: h\n\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_at_once_and_nothing_after_it_is_read(
    server: Server, connect: Connect, malformed: bytes
) -> None:
    answer = connect(server).send(malformed + GET).everything()
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_refused(server: Server, connect: Connect) -> None:
    answer = connect(server).send(HEAD + b"X: " + b"x" * 70_000).everything()
    assert answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("kind", SLOW)
def test_what_does_not_come_in_time_is_closed(server: Server, connect: Connect, kind: str) -> None:
    began = time.monotonic()
    client = connect(server).send(SLOW[kind])
    if kind == "a second head":
        client.answer()
    answer = client.everything()
    assert TIMEOUT * 0.9 < time.monotonic() - began < TIMEOUT + 3
    assert answer.startswith(b"HTTP/1.1 408") if SLOW[kind] else answer == b""


def test_a_byte_now_and_then_wins_no_time(server: Server, connect: Connect) -> None:
    client = connect(server).send(SLOW["a head"])
    began = time.monotonic()
    client.send_until_closed(b"x", every=0.02)
    assert time.monotonic() - began < TIMEOUT + 3


def test_a_longer_body_has_more_time() -> None:
    limits = Limits(10)
    assert limits.for_body(0) == 10
    assert limits.for_body(BODY_LIMIT) == 30
    assert limits.for_body(2 * BODY_LIMIT) == 30


@pytest.mark.parametrize("kind", SLOW)
def test_slow_senders_keep_no_thread_from_others(serve: Serve, connect: Connect, kind: str) -> None:
    server = serve(seconds=60)
    for _ in range(3 * THREADS):
        connect(server).send(SLOW[kind])
    client = connect(server)
    client.socket.settimeout(5)
    for _ in range(10):
        assert client.send(SIZED).answer()[2] == HELLO


def test_clients_who_do_not_read_keep_no_thread_from_others(serve: Serve, connect: Connect) -> None:
    server = serve(seconds=60)
    for _ in range(3 * THREADS):
        connect(server, 2048).send(GET.replace(b"/x", b"/medium") * 100)
    for _ in range(20 * THREADS):  # while each of the others is served until the system takes no more for it
        client = connect(server)
        client.socket.settimeout(5)
        assert client.send(SIZED).answer()[2] == HELLO


def test_an_answer_that_is_not_read_in_time_is_given_up_and_its_thread_is_free(serve: Serve, connect: Connect) -> None:
    server = serve(threads=1)
    connect(server, 2048).send(GET.replace(b"/x", b"/long"))
    assert connect(server).send(GET).answer()[0] == 200


def test_a_long_answer_arrives_whole_although_the_client_reads_it_late(serve: Serve, connect: Connect) -> None:
    server = serve(seconds=60)
    client = connect(server).send(GET.replace(b"/x", b"/long") + GET)
    assert connect(server).send(GET).answer()[0] == 200  # the long one has been begun
    assert client.answer()[2] == ANSWERS["/long"]
    assert client.answer()[2] == told("GET", "/x", b"")


def test_a_long_body_is_kept_on_disk_and_arrives_whole(server: Server, connect: Connect) -> None:
    body = bytes(range(256)) * (20 * MEMORY // 256)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
    client = connect(server)
    for _ in range(2 * serving.LONG_AT_ONCE):
        assert client.send(head, body[:MEMORY], body[MEMORY:] + GET).answer()[2] == told("POST", "/x", body)
        assert client.answer()[2] == told("GET", "/x", b"")


def test_a_body_that_cannot_be_kept_is_to_be_sent_again_later(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(TIMEOUT, "/no/such/folder")
    monkeypatch.setattr(type(server.worker), "limits", limits)
    client = connect(server).send(HEAD + b"Content-Length: 200000\r\n\r\n" + bytes(200_000))
    status, headers, _ = client.answer()
    assert (status, headers["retry-after"]) == (503, "30")


def test_the_long_body_that_has_come_for_longest_makes_room_on_disk(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "DISK", 4 * MEMORY)
    server = serve(seconds=60)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % (2 * MEMORY)
    first, second = (_on_disk(connect, server, head + bytes(MEMORY + 1)) for _ in range(2))
    third = connect(server).send(head + bytes(2 * MEMORY))
    assert third.answer()[2] == told("POST", "/x", bytes(2 * MEMORY))
    assert first.answer()[0] == 503
    assert third.send(GET).answer()[0] == 200  # so its long one is off the disk
    assert second.send(bytes(MEMORY - 1)).answer()[2] == told("POST", "/x", bytes(2 * MEMORY))


def _on_disk(connect: Connect, server: Any, sent: bytes) -> Any:
    """A client whose bytes have been read: what came after it has been answered, twice."""
    client = connect(server).send(sent)
    for _ in range(2):
        connect(server).send(GET).answer()
    return client


def test_the_client_that_has_waited_longest_makes_room(serve: Serve, connect: Connect) -> None:
    server = serve(seconds=60, worker_connections=10)
    for kind in SLOW.values():
        for _ in range(10):
            connect(server).send(kind)
    assert connect(server).send(GET).answer()[0] == 200


def test_no_more_files_make_room_instead_of_ending_the_worker(serve: Serve, connect: Connect) -> None:
    server = serve(seconds=60)
    waiting = connect(server).send(HEAD)
    connect(server).send(GET).answer()  # by now the one before has been taken
    server.worker.method_queue.defer(server.worker.accept, Exhausted())
    assert waiting.everything() == b""
    assert connect(server).send(GET).answer()[0] == 200


class Exhausted:
    """A listener in a process that may not open another file."""

    def accept(self) -> None:
        """What the system says."""
        raise OSError(errno.EMFILE, "too many open files")


def test_clients_who_leave_in_the_middle_leave_nothing_behind(server: Server, connect: Connect) -> None:
    for kind in SLOW.values():
        connect(server).send(kind).socket.close()
    client = connect(server)
    assert client.send(GET).answer()[0] == 200
    client.socket.close()
    server.stop()
    assert server.ended(serving.LINGER)
    assert server.worker.nr_conns == 0


def test_sigterm_lets_requests_under_way_end_and_waits_for_nobody_else(serve: Serve, connect: Connect) -> None:
    server = serve(seconds=60)
    idle, half, kept = connect(server), connect(server).send(SIZED[:-1]), connect(server).send(GET)
    kept.answer()  # the other two came before it, so the server has them by now
    server.stop()
    assert idle.everything() == kept.everything() == b""
    status, headers, body = half.send(SIZED[-1:]).answer()
    assert (status, headers["connection"], body) == (200, "close", HELLO)
    half.socket.close()
    assert server.ended(5)


def test_the_limits_are_those_of_the_environment(tmp_path: Path) -> None:
    given = {"REQUEST_TIMEOUT": "1500ms", "DATA_DIR": str(tmp_path / "data")}
    assert Limits.of(Settings.read(given)) == Limits(1.5, str(tmp_path / "data"))
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "data", "/proc"):  # cannot be made; is there, and takes no file from anybody
        assert Limits.of(Settings.read({"DATA_DIR": str(folder)})) == Limits(10, None)
