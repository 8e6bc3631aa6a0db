"""What every call to another system passes: it ends in time, and an answer has a size."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterable
from datetime import timedelta

import pytest
import requests

from config.running import Http
from desk.faults import Kind, classify
from desk.http import LARGEST, AnswerError, session_for
from desk.network import Network
from tests.wire import Wire, answer

JSON = b'{"id": "10001"}'


def patient(read: float = 0.5, whole: float = 0.8) -> requests.Session:
    """A session with timeouts in seconds."""
    given = {"connect": 5, "read": read, "write": read, "whole": whole}
    http = Http.model_validate({name: timedelta(seconds=seconds) for name, seconds in given.items()})
    return session_for(http, Network())


def drips(text: bytes) -> list[bytes]:
    """Byte by byte."""
    return [text[place : place + 1] for place in range(len(text))]


def head_without_end(_: bytes) -> Iterable[bytes]:
    """Headers that never end."""
    yield b"HTTP/1.1 200 OK\r\nX-More: "
    while True:
        yield b"x"


def body_without_end(_: bytes) -> Iterable[bytes]:
    """A body that takes hours."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:
        yield b" "


def chunk_without_end(_: bytes) -> Iterable[bytes]:
    """The same in one chunk."""
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"
    while True:
        yield b" "


def welcome_without_end(_: bytes) -> Iterable[bytes]:
    """«Go on» again and again."""
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("say", [head_without_end, body_without_end, chunk_without_end, welcome_without_end])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_drips_is_given_up_in_time(method: str, say: object) -> None:
    with Wire(say, gap=0.05) as wire, patient() as session:  # type: ignore[arg-type]
        begun = time.monotonic()
        with pytest.raises(requests.ReadTimeout) as raised:
            session.request(method, wire.url, json={"a": 1})
        assert 0.7 < time.monotonic() - begun < 5
    trouble = classify(raised.value)
    assert (trouble.kind, trouble.reason, trouble.no_effect) == (Kind.FAILING, "no answer in time", False)


def test_silence_is_given_up_sooner() -> None:
    with Wire(lambda _: [b""], gap=20) as wire, patient(read=0.2, whole=20) as session:
        begun = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            session.get(wire.url)
        assert time.monotonic() - begun < 5


def test_the_time_of_one_call_is_not_that_of_the_next() -> None:
    pieces = drips(answer(JSON))
    with Wire(lambda _: pieces, gap=0.005) as wire, patient(whole=5) as session:
        for _ in range(3):
            assert session.post(wire.url, json={}).json() == {"id": "10001"}
        assert len(wire.heard) == 3


def test_a_body_that_nobody_takes_is_given_up_in_time() -> None:
    with Wire(lambda _: [], gap=0.0) as wire, patient() as session:
        wire.deaf = True
        begun = time.monotonic()
        with pytest.raises(requests.RequestException) as raised:
            session.post(wire.url, data=b"x" * 50_000_000)
        assert time.monotonic() - begun < 5
    assert not classify(raised.value).no_effect


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
def test_an_answer_has_a_size(*, told: bool) -> None:
    def say(_request: bytes) -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        yield b"Content-Length: %d\r\n\r\n" % (LARGEST + 1) if told else b"Connection: close\r\n\r\n"
        for _ in range(LARGEST // 1_000_000 + 1):
            yield b" " * 1_000_000

    with Wire(say) as wire, patient(5, 30) as session, pytest.raises(AnswerError) as raised:
        session.get(wire.url)
    trouble = classify(raised.value)
    assert (trouble.kind, trouble.reason, trouble.no_effect) == (Kind.FAILING, "an answer of more than 10 MB", False)


def test_a_small_answer_that_unpacks_into_a_large_one_has_a_size() -> None:
    packed = gzip.compress(b" " * (LARGEST + 1))
    assert len(packed) < 100_000
    say = [answer(packed, "Content-Encoding: gzip")]
    with Wire(lambda _: say) as wire, patient(5, 30) as session, pytest.raises(AnswerError):
        session.get(wire.url)


def test_an_answer_of_just_that_size_is_taken() -> None:
    body = b'"' + b"x" * (LARGEST - 2) + b'"'
    packed = gzip.compress(body)
    with (
        Wire(lambda _: [answer(packed, "Content-Encoding: gzip")]) as wire,
        patient(5, 30) as session,
    ):
        assert session.get(wire.url).content == body


@pytest.mark.parametrize("whole", [False, True], ids=["cut", "whole"])
def test_a_cut_body_is_an_unknown_outcome(*, whole: bool) -> None:
    text = answer(JSON)
    with Wire(lambda _: [text if whole else text[:-3]]) as wire, patient() as session:
        wire.hang_up = True
        if whole:
            assert session.post(wire.url).json() == {"id": "10001"}
            return
        with pytest.raises(requests.RequestException) as raised:
            session.post(wire.url)
    assert (classify(raised.value).kind, classify(raised.value).no_effect) == (Kind.FAILING, False)


def test_a_cookie_is_not_sent_back() -> None:
    bodies: list[bytes] = []

    def say(request: bytes) -> Iterable[bytes]:
        bodies.append(request)
        yield b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}"

    with Wire(say) as wire, patient() as session:
        for _ in range(2):
            assert session.get(wire.url, params={"q": "а б"}, headers={"X-One": "1"}).json() == {}
    assert len(bodies) == 2
    assert all(b"GET /?q=%D0%B0+%D0%B1 HTTP/1.1" in body and b"X-One: 1" in body for body in bodies)
    assert not any(b"cookie" in body.lower() for body in bodies)
