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
from desk.faults import Dead, Later
from desk.gates import Gates
from desk.jira.client import JiraSite, session_for
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
def site(engine: sa.Engine, shipped: Config) -> JiraSite:
    """The client of the shipped site."""
    return JiraSite(
        "main", shipped.jira.sites["main"], shipped.runtime, Gates(engine, shipped.runtime, lambda *_: None)
    )


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
    session = session_for(shipped.runtime)
    for timeout in (None, 75, (1, 1)):  # the library gives a number of its own
        with pytest.raises(requests.ReadTimeout):
            session.request(method, URL, timeout=timeout)
    assert seen == [(3, read)] * 3
    assert session.trust_env is False  # a proxy or a .netrc would replace the credentials


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
