"""Search: bounded, ids alone, by pages, behind the writes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import OPERATOR, Jira, doc

SEARCH = "/rest/api/3/search/jql"


def test_ids_alone_unless_fields_are_asked_for(jira: Jira) -> None:
    made = jira.create(labels=["webcrm-1"])
    jira.take("PUT", f"/rest/api/3/issue/{made['key']}/properties/smezhnik", {"purpose": "escalation"})
    bare = jira.take("POST", SEARCH, {"jql": "labels = webcrm-1"})
    assert bare == {"issues": [{"id": made["id"]}], "isLast": True}
    full = jira.take("POST", SEARCH, {"jql": "labels = webcrm-1", "fields": ["summary"], "properties": ["smezhnik"]})
    assert full["issues"][0]["fields"] == {"summary": "Проверка"}
    assert full["issues"][0]["properties"] == {"smezhnik": {"purpose": "escalation"}}
    by_get = jira.take("GET", f"{SEARCH}?jql=labels%20%3D%20webcrm-1&fields=summary&properties=smezhnik")
    assert by_get == full


def test_pages_follow_by_token(jira: Jira) -> None:
    keys = [jira.create()["key"] for _ in range(5)]
    seen: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = jira.take(
            "POST", SEARCH, {"jql": "project = FBO ORDER BY key", "fields": ["key"], "maxResults": 2, **more}
        )
        seen += [one["key"] for one in page["issues"]]
        if page["isLast"]:
            break
        more = {"nextPageToken": page["nextPageToken"]}
    assert seen == keys
    assert "nextPageToken" not in page


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jql": ""},
        {"jql": "ORDER BY created"},
        {"jql": "project = FBO", "properties": ["a", "b", "c", "d", "e", "f"]},
        {"jql": "project = FBO", "reconcileIssues": list(range(51))},
        {"jql": "project = FBO", "nextPageToken": "junk"},
        {"jql": "project = FBO", "maxResults": 0},
        {"jql": "project = FBO", "fields": "summary"},
    ],
)
def test_a_wrong_search_is_refused(jira: Jira, body: dict[str, Any]) -> None:
    answer = jira("POST", SEARCH, body)
    assert answer.status_code == 400
    assert answer.json()["errorMessages"]


def test_search_lags_and_reconciling_does_not(live: LiveSandbox, jira: Jira) -> None:
    old = jira.create(labels=["a"])
    live.search_lag(3600)
    made = jira.create(labels=["a"])
    jira.take("PUT", f"/rest/api/3/issue/{old['key']}", {"fields": {"labels": ["b"]}})
    assert jira.found("labels = a") == [old["key"]]
    assert jira.found("labels = a", reconcileIssues=[int(made["id"]), int(old["id"])]) == [made["key"]]
    jira.take("DELETE", f"/rest/api/3/issue/{old['key']}")
    assert jira.found("project = FBO") == [old["key"]]
    live.search_lag(0)
    assert jira.found("project = FBO") == [made["key"]]


def test_without_the_right_nothing_is_found(live: LiveSandbox, jira: Jira) -> None:
    jira.create()
    live.permissions(BROWSE_PROJECTS=False)
    assert jira.found("created >= -1d") == []


FINDS = [
    ("project = fbo", "FBO-1 FBO-2"),
    ('project in (FBO, "Контроль качества")', "FBO-1 FBO-2 QC-1"),
    ("key = FBO-2", "FBO-2"),
    ("key in (FBO-1, QC-1)", "FBO-1 QC-1"),
    ("key != FBO-1 AND project = FBO", "FBO-2"),
    ("project = FBO AND labels = webcrm-1", "FBO-1"),
    ("labels in (webcrm-1, webcrm-2)", "FBO-1 FBO-2"),
    ("labels not in (webcrm-1)", "FBO-2"),
    ("labels is EMPTY", "QC-1"),
    ("labels is not EMPTY", "FBO-1 FBO-2"),
    ('component = "FF:Склад"', "FBO-1"),
    ("component != FF:Склад", "FBO-2"),
    ('status = "В работе"', "FBO-2"),
    ('status not in ("В работе")', "FBO-1 QC-1"),
    ('issuetype = "Обращение партнёра"', "FBO-1 FBO-2 QC-1"),
    (f'assignee = "{OPERATOR}"', "QC-1"),
    ("assignee is EMPTY", "FBO-1 FBO-2"),
    ("created >= -5m AND updated <= now()", "FBO-1 FBO-2 QC-1"),
    ('created > "2099-01-01 10:00"', ""),
    ('updated < "2099/01/01"', "FBO-1 FBO-2 QC-1"),
    ('summary ~ "машину"', "FBO-1"),
    ('summary ~ "маш*"', "FBO-1"),
    ('summary !~ "машину"', "FBO-2 QC-1"),
    ('description ~ "ждёт утра"', "FBO-1"),
    ('text ~ "\\"ждёт с утра\\""', "FBO-1"),
    ('text ~ "\\"утра ждёт\\""', ""),
    ('text ~ "заметка"', "FBO-2"),
    ("cf[10050] ~ 777", "QC-1"),
    ('"Номер обращения" ~ 777', "QC-1"),
    ("project = QC OR labels = webcrm-2", "FBO-2 QC-1"),
    ("NOT (project = FBO AND labels = webcrm-1)", "FBO-2 QC-1"),
    ("reporter != qm:nobody", None),
]


@pytest.fixture
def three(jira: Jira) -> Jira:
    """Three issues to look for."""
    jira.create(
        labels=["webcrm-1"],
        components=[{"name": "FF:Склад"}],
        summary="Не приняли машину",
        description=doc("Водитель ждёт с утра"),
    )
    jira.create(labels=["webcrm-2"], components=[{"name": "FF:Казань"}])
    jira.create("QC", assignee={"id": OPERATOR}, customfield_10050="777")
    jira.take("POST", "/rest/api/3/issue/FBO-2/transitions", {"transition": {"id": "11"}})
    jira.take("POST", "/rest/api/3/issue/FBO-2/comment", {"body": doc("Заметка")})
    return jira


@pytest.mark.parametrize(("jql", "keys"), FINDS)
def test_what_jql_finds(three: Jira, jql: str, keys: str | None) -> None:
    if keys is None:
        assert three("POST", SEARCH, {"jql": jql}).status_code == 400
    else:
        assert sorted(three.found(jql)) == keys.split()


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("created >= -1d", "QC-1 FBO-2 FBO-1"),
        ("created >= -1d ORDER BY created ASC", "FBO-1 FBO-2 QC-1"),
        ("created >= -1d ORDER BY updated DESC", "FBO-2 QC-1 FBO-1"),
        ("created >= -1d order by project desc, key", "QC-1 FBO-1 FBO-2"),
    ],
)
def test_the_order_of_what_is_found(three: Jira, jql: str, keys: str) -> None:
    assert three.found(jql) == keys.split()


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("project = NOPE", "'NOPE' does not exist"),
        ("status = Нигде", "'Нигде' does not exist"),
        ("component = FF:Луна", "'FF:Луна' does not exist"),
        ("key = FBO-99", "'FBO-99' does not exist"),
        ("id = 1", "'1' does not exist"),
        ("nonsense = 1", "'nonsense' does not exist"),
        ("issue.property[smezhnik].purpose = escalation", "does not exist"),
        ("project ~ FBO", "operator '~'"),
        ("summary = машина", "operator '='"),
        ("labels > a", "operator '>'"),
        ("created = 2026-01-01", "operator '='"),
        ("created > yesterday", "'yesterday' for field 'created' is invalid"),
        ("created > 1763670000000", "is invalid"),
        ("project =", "Unexpected end"),
        ("project FBO", "Expecting"),
        ("project = FBO labels = a", "Expecting"),
        ("project = FBO AND", "Unexpected end"),
        ("labels in (a", "Unexpected end"),
        ("labels = a.b", "reserved"),
        ("labels = and", "reserved"),
        ('labels = "a', "reserved"),
        ("(project = FBO", "Unexpected end"),
        ("project = FBO ORDER BY nonsense", "sort"),
        ("labels is a", "Expecting"),
        ("text is EMPTY", "operator 'is'"),
    ],
)
def test_what_jql_refuses(jira: Jira, jql: str, words: str) -> None:
    answer = jira("POST", SEARCH, {"jql": jql})
    assert answer.status_code == 400
    assert words in answer.json()["errorMessages"][0]
