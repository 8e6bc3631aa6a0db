"""The two clients that people use, as they come, against the sandbox's Jira; what they hear is documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jira as jira_package
import pytest
import requests
from atlassian import Jira as OldJira
from atlassian import ServiceDesk
from atlassian.jira import JiraCloud

from sandbox.live import LiveSandbox
from tests import openapi

from .conftest import GONE, OPERATOR, SECOND, doc

USER: dict[str, Any] = {"basic_auth": ("bot@example.test", "sandbox")}
LOGIN: dict[str, Any] = {"username": "bot@example.test", "password": "sandbox"}
KIND = "Обращение партнёра"


def check(answer: requests.Response, *_: Any, **__: Any) -> None:
    """Check what a client is answered against the official documents, refusals too."""
    if openapi.available("jira") and answer.status_code != GONE:
        sent, heard = answer.request, answer.json() if answer.content else None
        openapi.check_response("jira", str(sent.method), str(sent.path_url), answer.status_code, heard)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session whose calls are checked."""
    with requests.Session() as made:
        made.hooks["response"].append(check)
        yield made


@pytest.fixture
def people(live: LiveSandbox) -> jira_package.JIRA:
    """The package `jira`: it asks for the server's details as soon as it is made."""
    client = jira_package.JIRA(live.url, **USER)
    client._session.hooks["response"].append(check)
    return client


def test_the_package_jira_sees_the_whole_site(people: jira_package.JIRA) -> None:
    assert people.server_info()["deploymentType"] == "Cloud"
    assert {"summary", "customfield_10050", "customfield_10010"} <= {one["id"] for one in people.fields()}
    assert "FBO" in {one.key for one in people.projects()}
    assert people.project("FBO").name == "Отгрузка со склада OZON (FBO)"
    assert next(one.name for one in people.statuses()) == "Открыт"
    assert people.status("10001").name == "Открыт"
    assert len(people.priorities()) == len(people.resolutions()) == 3
    assert KIND in {one.name for one in people.issue_types()}
    assert "Relates" in {one.name for one in people.issue_link_types()}
    assert [one.accountId for one in people.search_users(query="operator-1@example.test")] == [OPERATOR]
    found = people.search_assignable_users_for_issues(query="Оператор Два", project="FBO")
    assert [one.accountId for one in found] == [SECOND]
    assert people.user(OPERATOR).displayName == "Оператор Один"
    assert people.myself()["displayName"] == "Смежник"
    desk = next(one for one in people.service_desks() if one.projectKey == "FBO")
    assert [one.name for one in people.request_types(desk)] == ["Обращение продавца"]


def test_the_package_jira_works_on_an_issue(people: jira_package.JIRA, live: LiveSandbox) -> None:
    live.search_lag(0)
    issue = people.create_issue(project="FBO", issuetype={"name": KIND}, summary="Проверка", description="Одна\nДве")
    other = people.create_issue(project="FBO", issuetype={"name": KIND}, summary="Другая")
    assert issue.fields.description == "Одна\nДве"
    assert people.add_comment(issue, "Привет, *мир*").body == "Привет, *мир*"
    assert [one.body for one in people.comments(issue)] == ["Привет, *мир*"]
    people.transition_issue(issue, "В работу")
    people.transition_issue(issue, "Готово", comment="Сделано", fields={"resolution": {"name": "Готово"}})
    people.create_issue_link("Relates", issue, other)
    people.assign_issue(issue, "operator-2@example.test")
    issue.update(summary="Новая тема", notify=False)
    again = people.issue(issue.key)
    assert (again.fields.status.name, again.fields.assignee.accountId) == ("Готово", SECOND)
    assert [one.outwardIssue.key for one in again.fields.issuelinks] == [other.key]
    found = people.search_issues(f"key = {issue.key}")
    assert [one.fields.summary for one in found] == ["Новая тема"]
    other.delete()


def test_the_package_jira_hears_what_is_refused(people: jira_package.JIRA) -> None:
    for wrong in (
        lambda: people.issue("FBO-999999"),
        lambda: people.create_issue(project="FBO", issuetype={"name": KIND}, summary=""),
        lambda: people.search_issues("nonsense ~"),
        lambda: people.transition_issue("FBO-999999", "11"),
    ):
        with pytest.raises(jira_package.JIRAError) as refused:
            wrong()
        assert refused.value.status_code in (400, 404)
        assert refused.value.text


def test_atlassian_python_api_of_the_second_version(live: LiveSandbox, session: requests.Session) -> None:
    live.search_lag(0)
    client = OldJira(live.url, cloud=True, session=session, **LOGIN)
    assert client.myself()["accountType"] == "atlassian"
    assert client.get_server_info()["deploymentType"] == "Cloud"
    assert len(client.get_all_fields()) > 10
    assert "FBO" in {one["key"] for one in client.projects()}
    assert client.get_all_statuses() and client.get_all_priorities() and client.get_issue_types()
    assert client.get_issue_link_types()
    assert client.user_find_by_user_string(query="operator-1@example.test")[0]["accountId"] == OPERATOR
    made = client.create_issue(
        {"project": {"key": "FBO"}, "issuetype": {"name": KIND}, "summary": "С", "description": "Т"}
    )
    other = client.create_issue({"project": {"key": "FBO"}, "issuetype": {"name": KIND}, "summary": "В"})
    assert client.issue_add_comment(made["key"], "Слово")["body"] == "Слово"
    client.set_issue_status(made["key"], "В работе")
    assert client.get_issue_status(made["key"]) == "В работе"
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": made["key"]}, "outwardIssue": {"key": other["key"]}}
    client.create_issue_link(link)
    client.assign_issue(made["key"], OPERATOR)
    assert client.issue(made["key"])["fields"]["assignee"]["accountId"] == OPERATOR
    assert [one["key"] for one in client.enhanced_jql(f"key = {made['key']}")["issues"]] == [made["key"]]
    with pytest.raises(requests.HTTPError, match="CHANGE-2046"):
        client.get("rest/api/2/search", params={"jql": "project = FBO"})


def test_atlassian_python_api_of_the_third_version(live: LiveSandbox, session: requests.Session) -> None:
    live.search_lag(0)
    client = JiraCloud(live.url, session=session, api_version=3, **LOGIN)
    assert client.get_current_user()["accountType"] == "atlassian"
    assert client.get_server_info()["deploymentType"] == "Cloud"
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": KIND}, "summary": "С", "description": doc("Т")}
    key = client.create_issue(data={"fields": fields})["key"]
    client.add_comment(key, data={"body": doc("Слово")})
    client.do_transition(key, data={"transition": {"id": "11"}})
    client.assign_issue(key, data={"accountId": SECOND})
    found = client.search_and_reconsile_issues_using_jql_post(data={"jql": f"key = {key}", "fields": ["status"]})
    assert found["issues"][0]["fields"]["status"]["name"] == "В работе"
    with pytest.raises(requests.HTTPError, match="Invalid request payload"):
        client.search_and_reconsile_issues_using_jql_post(data={"jql": f"key = {key}", "startAt": 0})


def test_atlassian_python_api_sees_the_service_desks(live: LiveSandbox, session: requests.Session) -> None:
    client = ServiceDesk(live.url, session=session, **LOGIN)
    assert "FBO" in {one["projectKey"] for one in client.get_service_desks()}
    assert client.get_service_desk_by_id("2")["projectKey"] == "FBO"
    assert client.get_request_types("2")["values"][0]["id"] == "102"
