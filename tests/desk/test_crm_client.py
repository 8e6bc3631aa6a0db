"""WebCRM's client: a call counts as done only by the answer of the contract, and nothing is sent anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import sqlalchemy as sa
from pydantic import SecretStr

from config import load
from desk.circuit_breaker import Down, Onlooker, Refused
from desk.crm.client import ANSWERS, WebCrm
from desk.crm.files import File
from desk.faults import Later
from desk.http import session_for
from desk.network import Network
from tests import openapi
from tests.bot import environment

ROOT = Path(__file__).resolve().parent.parent.parent
URL = "http://127.0.0.1:9/webcrm"
TICKET = {"id": "1", "status": "В работе", "messages": []}
CALLS: dict[str, tuple[str, str, Callable[[WebCrm], object]]] = {
    "ticket": ("GET", "/tickets/1", lambda crm: crm.ticket("1")),
    "update": ("PATCH", "/tickets/1", lambda crm: crm.update("1", {"jira_key": "FBO-1"})),
    "note": ("POST", "/tickets/1/messages", lambda crm: crm.note("1", "Текст", "key")),
    "close": ("POST", "/tickets/1/close", lambda crm: crm.close("1", {}, "key")),
}
NO_ANSWERS: dict[str, dict[str, Any]] = {
    "a login page": {"status": 200, "body": "<html>log in", "content_type": "text/html"},
    "an empty object": {"status": 200, "json": {}},
    "a list": {"status": 200, "json": []},
    "no id": {"status": 201, "json": {"id": None}},
    "nothing": {"status": 204},
    "a cut body": {"status": 200, "body": '{"id": "1", "sta'},
    "an odd status": {"status": 202, "json": {"id": "1"}},
}


@pytest.fixture
def crm() -> WebCrm:
    """A client without breaker: what an answer means is asked, not what follows from it."""
    running = load(ROOT / "config", environment("http://127.0.0.1:9", "sqlite://", Path("var"))).runtime
    breaker = Onlooker(sa.create_engine("sqlite://"), running, lambda *_: None)
    return WebCrm(URL, SecretStr("an-invented-token"), session_for(running.http, Network()), breaker)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_counts_as_done_only_by_the_answer_of_the_contract(crm: WebCrm, name: str) -> None:
    method, path, call = CALLS[name]
    for answer in NO_ANSWERS.values():
        with responses.RequestsMock() as answers:
            answers.add(method, URL + path, **answer)
            with pytest.raises(Later) as raised:
                call(crm)
            assert (raised.value.no_effect, raised.value.spends) == (False, True)
            assert len(answers.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(crm: WebCrm, status: int) -> None:
    for method, path, call in CALLS.values():
        with responses.RequestsMock() as answers:
            answers.add(method, URL + path, status=status, headers={"Location": "https://x.example.test/?a=secret"})
            with pytest.raises(Down) as raised:
                call(crm)
            assert len(answers.calls) == 1
        assert raised.value.reason == f"{status}: redirects to x.example.test"
        assert not raised.value.no_effect


def test_the_answers_of_the_contract_are_taken(crm: WebCrm) -> None:
    with responses.RequestsMock() as answers:
        for method in ("GET", "PATCH"):
            answers.add(method, f"{URL}/tickets/1", json=TICKET)
        answers.add("POST", f"{URL}/tickets/1/messages", status=201, json={"id": "m1"})
        answers.add("POST", f"{URL}/tickets/1/close", json=TICKET)
        answered = {name: call(crm) for name, (_, _, call) in CALLS.items()}
    assert answered == {"ticket": TICKET, "update": None, "note": "m1", "close": None}


def test_a_refusal_says_what_it_is(crm: WebCrm) -> None:
    with responses.RequestsMock() as answers:
        answers.add("POST", f"{URL}/tickets/1/close", status=409, json={"code": "already_closed", "message": "Closed."})
        with pytest.raises(Refused, match=r"409: Closed\."):
            crm.close("1", {}, "key")


@pytest.mark.parametrize("name", ANSWERS)
def test_the_statuses_are_those_of_the_contract(name: str) -> None:
    method, path = name.split(" ")
    found = openapi.find("webcrm", method, path.replace("/tickets", "/tickets/1"))
    assert {int(status) for status in found.spec["responses"] if int(status) < 300} == set(ANSWERS[name].statuses)


FILE = f"{URL}/files/1.jpg"
PHOTO: dict[str, Any] = {"status": 200, "body": b"photo", "content_type": "image/jpeg; charset=binary"}


def test_a_photo_is_fetched_with_the_token(crm: WebCrm) -> None:
    with responses.RequestsMock() as answers:
        answers.add("GET", f"{FILE}?size=full", **PHOTO)
        assert crm.file(f"{FILE}?size=full#top") == File(b"photo", "image/jpeg")
        assert answers.calls[0].request.headers["Authorization"] == "Bearer an-invented-token"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:9/webcrm/files/1.jpg",
        "http://127.0.0.1/webcrm/files/1.jpg",
        "http://127.0.0.1:99999/webcrm/files/1.jpg",
        "http://127.0.0.2:9/webcrm/files/1.jpg",
        "http://127.0.0.1.example.test:9/1.jpg",
        "http://bot@127.0.0.1:9/1.jpg",
        "http://127.0.0.1:9@example.test/1.jpg",
        "http://example.test\\@127.0.0.1:9/1.jpg",
        "http://[::1/1.jpg",
        "file:///etc/passwd",
        "//127.0.0.1:9/1.jpg",
        "/webcrm/files/1.jpg",
        "",
    ],
)
def test_no_other_address_is_called(crm: WebCrm, url: str) -> None:
    with responses.RequestsMock() as answers, pytest.raises(Refused, match="own host"):
        crm.file(url)
    assert len(answers.calls) == 0


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 302, "headers": {"Location": "http://127.0.0.1:9/other.jpg"}},
        {"status": 401, "json": {"code": "unauthorized"}},
        {"status": 404, "json": {"code": "not_found"}},
        PHOTO | {"content_type": "text/html"},
        PHOTO | {"content_type": "image/svg+xml"},
        PHOTO | {"content_type": ""},
        PHOTO | {"body": b""},
        PHOTO | {"body": b"x" * (10 * 2**20 + 1)},
    ],
    ids=["redirect", "unauthorized", "gone", "a page", "a drawing", "no type", "nothing", "too large"],
)
def test_what_is_no_photo_is_not_asked_for_again(crm: WebCrm, answer: dict[str, Any]) -> None:
    with responses.RequestsMock() as answers:
        answers.add("GET", FILE, **answer)
        with pytest.raises(Refused):
            crm.file(FILE)
        assert len(answers.calls) == 1


@pytest.mark.parametrize("answer", [{"status": 429}, {"status": 503}, {"body": requests.ReadTimeout()}])
def test_another_try_may_fetch_a_photo(crm: WebCrm, answer: dict[str, Any]) -> None:
    with responses.RequestsMock() as answers:
        answers.add("GET", FILE, **answer)
        with pytest.raises(Later) as raised:
            crm.file(FILE)
    assert (raised.value.spends, raised.value.system) == (True, None)
