"""The client of a Jira site: one call a method, each ends in time, none is repeated, no address is built from text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import sqlalchemy as sa
from requests.adapters import HTTPAdapter

from config import Config, load
from desk.circuit_breaker import CircuitBreaker, Down, Onlooker
from desk.faults import Dead, Later
from desk.http import session_for
from desk.jira.client import JiraSite
from desk.network import Network
from store import systems
from tests.bot import environment

ROOT = Path(__file__).resolve().parent.parent.parent
URL = "http://127.0.0.1:9"
API = f"{URL}/rest/api/3"
MARK = {"purpose": "escalation"}


@pytest.fixture(scope="module")
def shipped() -> Config:
    """The shipped configuration."""
    return load(ROOT / "config", environment(URL, "sqlite://", Path("var")))


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """What Jira answers."""
    with responses.RequestsMock() as made:
        yield made


@pytest.fixture
def plain(shipped: Config) -> JiraSite:
    """The same without breaker: what an answer means is asked, not what follows from it."""
    breaker = Onlooker(sa.create_engine("sqlite://"), shipped.runtime, lambda *_: None)
    return JiraSite("main", shipped.jira.sites["main"], session_for(shipped.runtime.http, Network()), breaker)


@pytest.fixture
def site(engine: sa.Engine, shipped: Config) -> JiraSite:
    """The client of the shipped site."""
    breaker = CircuitBreaker(engine, shipped.runtime, lambda *_: None)
    return JiraSite("main", shipped.jira.sites["main"], session_for(shipped.runtime.http, Network()), breaker)


def body(answers: responses.RequestsMock) -> Any:
    """The JSON of the last request."""
    return json.loads(answers.calls[-1].request.body or "null")


@pytest.mark.parametrize(("method", "read"), [("GET", 10), ("POST", 30), ("PUT", 30), ("DELETE", 30)])
def test_every_call_ends_in_time(shipped: Config, monkeypatch: pytest.MonkeyPatch, method: str, read: int) -> None:
    seen: list[Any] = []

    def send(_: HTTPAdapter, __: requests.PreparedRequest, **how: Any) -> requests.Response:
        seen.append(how["timeout"])
        raise requests.ReadTimeout

    monkeypatch.setattr(HTTPAdapter, "send", send)
    session = session_for(shipped.runtime.http, Network())
    for timeout in (None, 75, (1, 1)):  # the library gives a number of its own
        with pytest.raises(requests.ReadTimeout):
            session.request(method, URL, timeout=timeout)
    assert seen == [(3, read)] * 3
    assert session.trust_env is False  # a proxy or a .netrc would replace the credentials


def test_the_library_does_not_write_the_token_out(
    site: JiraSite, answers: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers.add(responses.POST, f"{API}/issue", status=201, json={"id": "1", "key": "FBO-1", "self": ""})
    monkeypatch.setattr("atlassian.rest_client._curl_quote", lambda _: pytest.fail("a curl line was made"))
    with caplog.at_level("DEBUG", "atlassian"):
        site.create({"summary": "s"}, MARK)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("status", [413, 429, 500, 503])
@pytest.mark.parametrize("advice", [{}, {"Retry-After": "1800"}], ids=["", "with advice"])
def test_the_library_neither_waits_nor_repeats(
    site: JiraSite, answers: responses.RequestsMock, status: int, advice: dict[str, str]
) -> None:
    answers.add(responses.POST, f"{API}/issue", status=status, headers=advice, json={"errorMessages": ["No."]})
    with pytest.raises((Later, Dead), match=f"{status}"):
        site.create({"summary": "s"}, MARK)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("address", ["A-1/../../myself", "FBO-1?x", "", "1 OR 1", "ФБО-1", "FBO-1\n", "../1"])
def test_nothing_but_a_key_or_an_id_enters_an_address(site: JiraSite, address: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: site.issue(address, []),
        lambda: site.edit(address, {}),
        lambda: site.comment(address, {}, MARK, public=False),
        lambda: site.remote_link(address, {}),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="not an issue"):
            call()
    with pytest.raises(ValueError, match="not a project"):
        site.components(address)


def test_an_issue_is_created_with_its_mark_in_one_call(site: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(responses.POST, f"{API}/issue", status=201, json={"id": "10001", "key": "FBO-1", "self": "x"})
    made = site.create({"summary": "s"}, MARK)
    assert (made.id, made.key, made.fields, made.properties) == ("10001", "FBO-1", {}, {})
    assert body(answers) == {"fields": {"summary": "s"}, "properties": [{"key": "smezhnik", "value": MARK}]}
    assert str(answers.calls[0].request.headers["Authorization"]).startswith("Basic ")


def test_a_search_asks_for_the_bots_mark(site: JiraSite, answers: responses.RequestsMock) -> None:
    found = {"id": 10001, "key": "FBO-1", "fields": None, "properties": {"smezhnik": MARK}}
    answers.add(responses.POST, f"{API}/search/jql", json={"issues": [found], "isLast": True})
    (issue,) = site.search('labels = "webcrm-1"', ["labels"])
    assert (issue.id, issue.properties) == ("10001", {"smezhnik": MARK})
    assert body(answers)["jql"] == 'labels = "webcrm-1"'
    assert body(answers)["properties"] == ["smezhnik"]


def test_a_comment_is_internal_unless_it_is_said_to_be_public(site: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(responses.POST, f"{API}/issue/10001/comment", status=201, json={"id": "7", "jsdPublic": False})
    site.comment("10001", {"type": "doc"}, MARK, public=False)
    internal = {"key": "sd.public.comment", "value": {"internal": True}}
    assert body(answers)["properties"] == [{"key": "smezhnik", "value": MARK}, internal]
    site.comment("10001", {"type": "doc"}, MARK, public=True)
    assert body(answers)["properties"] == [{"key": "smezhnik", "value": MARK}]


def test_components_are_read_page_by_page(site: JiraSite, answers: responses.RequestsMock) -> None:
    for start, name, last in ((0, "FF:Склад", False), (1, "FF:Тверь", True)):
        page = {"values": [{"id": 100 + start, "name": name}], "isLast": last}
        matches = [responses.matchers.query_param_matcher({"startAt": start, "maxResults": 100}, strict_match=False)]
        answers.add(responses.GET, f"{API}/project/FBO/component", json=page, match=matches)
    assert site.components("FBO") == {"FF:Склад": "100", "FF:Тверь": "101"}


def test_an_answer_that_is_no_json_is_an_unknown_outcome(site: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(responses.POST, f"{API}/issue", status=200, body="<html>log in")
    with pytest.raises(Later) as raised:
        site.create({"summary": "s"}, MARK)
    assert not raised.value.no_effect


LOGIN = {"status": 200, "body": "<html>log in", "content_type": "text/html"}
WRITES: dict[str, tuple[str, str, Callable[[JiraSite], object]]] = {
    "create": ("POST", "/issue", lambda site: site.create({"summary": "s"}, MARK)),
    "edit": ("PUT", "/issue/10001", lambda site: site.edit("10001", {})),
    "transition": ("POST", "/issue/10001/transitions", lambda site: site.transition("10001", "5")),
    "comment": ("POST", "/issue/10001/comment", lambda site: site.comment("10001", {}, MARK, public=False)),
    "delete comment": ("DELETE", "/issue/10001/comment/7", lambda site: site.delete_comment("10001", "7")),
    "remote link": ("POST", "/issue/10001/remotelink", lambda site: site.remote_link("10001", {})),
    "link": ("POST", "/issueLink", lambda site: site.link({})),
    "assign": ("PUT", "/issue/10001/assignee", lambda site: site.assign("10001", None)),
    "component": ("POST", "/component", lambda site: site.create_component("FBO", "FF:Тверь")),
}
READS: dict[str, tuple[str, str, Callable[[JiraSite], object]]] = {
    "myself": ("GET", "/myself", lambda site: site.myself()),
    "search": ("POST", "/search/jql", lambda site: site.search("labels = x", [])),
    "issue": ("GET", "/issue/10001", lambda site: site.issue("10001", ["status"])),
    "transitions": ("GET", "/issue/10001/transitions", lambda site: site.transitions("10001")),
    "comments": ("GET", "/issue/10001/comment", lambda site: site.comments("10001")),
    "components": ("GET", "/project/FBO/component", lambda site: site.components("FBO")),
}
BODILESS = ("edit", "transition", "delete comment", "link", "assign")  # whose answer says nothing but its status
NO_ANSWERS: dict[str, dict[str, Any]] = {
    "a login page": LOGIN,
    "an empty object": {"status": 200, "json": {}},
    "a list": {"status": 200, "json": []},
    "null": {"status": 200, "json": None},
    "nothing": {"status": 200, "body": b""},
    "a cut body": {"status": 200, "body": '{"id": "10001", "key": "FB'},
    "a very deep one": {"status": 200, "body": "[" * 100_000},
    "an odd status": {"status": 202, "json": {"id": "10001", "key": "FBO-1"}},
}


def unknown(call: Callable[[JiraSite], object], site: JiraSite) -> Later:
    """Call; the outcome is unknown, and an attempt of the schedule is spent."""
    with pytest.raises(Later) as raised:
        call(site)
    assert (raised.value.no_effect, raised.value.spends) == (False, True)
    return raised.value


@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_a_call_counts_as_done_only_by_the_answer_that_jira_documents(plain: JiraSite, name: str) -> None:
    method, path, call = {**WRITES, **READS}[name]
    for answer in NO_ANSWERS.values():
        with responses.RequestsMock() as answers:
            answers.add(method, API + path, **answer)
            unknown(call, plain)
            assert len(answers.calls) == 1


@pytest.mark.parametrize("name", sorted(set(WRITES) - set(BODILESS)))
def test_an_id_that_is_none_is_an_unknown_outcome(plain: JiraSite, name: str) -> None:
    method, path, call = WRITES[name]
    for wrong in (None, True, "7/../8", [7], "", "7\n", 1.5):
        with responses.RequestsMock() as answers:
            answers.add(method, API + path, status=201, json={"key": "FBO-1", "id": wrong})
            assert "id" in unknown(call, plain).reason


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("create", {"id": "10001", "key": "fbo 1"}),
        ("create", {"id": "10001"}),
        ("myself", {"accountId": ""}),
        ("myself", {"accountId": "a/b?c"}),
        ("search", {"issues": [{"id": "10001", "key": "FBO-1"}, {"id": "1"}]}),
        ("search", {"issues": {}}),
        ("issue", {"id": "10001", "key": "FBO-1"}),  # the fields that were asked for are missing
        ("transitions", {"transitions": [{"id": "5", "to": {}}]}),
        ("transitions", {"transitions": [{"id": "5/6", "to": {"name": "В работе"}}]}),
        ("comments", {"comments": [{"id": "x"}]}),
        ("components", {"values": [{"id": "1"}]}),
    ],
)
def test_keys_and_ids_inside_an_answer_are_checked(
    plain: JiraSite, answers: responses.RequestsMock, name: str, answer: dict[str, Any]
) -> None:
    method, path, call = {**WRITES, **READS}[name]
    answers.add(method, API + path, status=201 if name == "create" else 200, json=answer)
    unknown(call, plain)


def test_no_word_of_an_odd_answer_is_repeated(plain: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(responses.POST, f"{API}/issue", status=201, json={"id": "secret of somebody", "key": "FBO-1"})
    assert "secret" not in unknown(WRITES["create"][2], plain).reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(plain: JiraSite, status: int) -> None:
    for method, path, call in {**WRITES, **READS}.values():
        with responses.RequestsMock() as answers:
            elsewhere = "https://sso.example.test/login?token=a-secret"
            answers.add(method, API + path, status=status, headers={"Location": elsewhere})
            with pytest.raises(Down) as raised:
                call(plain)
            assert [one.request.url.partition("?")[0] for one in answers.calls] == [API + path]
        assert raised.value.reason == f"{status}: redirects to sso.example.test"
        assert not raised.value.no_effect


def test_a_redirect_trips_the_breaker(engine: sa.Engine, site: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(responses.POST, f"{API}/issue", status=302, headers={"Location": "https://sso.example.test/"})
    with pytest.raises(Later) as raised:
        site.create({"summary": "s"}, MARK)
    assert (raised.value.system, raised.value.no_effect, raised.value.spends) == ("jira:main", False, False)
    with engine.connect() as connection:
        assert systems.is_tripped(connection, "jira:main")


def test_components_of_a_list_without_end_are_read_once(site: JiraSite, answers: responses.RequestsMock) -> None:
    answers.add(
        responses.GET, f"{API}/project/FBO/component", json={"values": [{"id": 1, "name": "x"}], "isLast": False}
    )
    assert site.components("FBO") == {"x": "1"}
    assert len(answers.calls) == 2
