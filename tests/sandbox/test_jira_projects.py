"""Who one is, what one may, what projects are made of."""

from __future__ import annotations

import json

import pytest
import requests

from sandbox import refusals
from sandbox.live import LiveSandbox
from tests import openapi

from .conftest import CUSTOMER, OPERATOR, Jira

PROJECT = "/rest/api/3/project/FBO"


def test_the_bot_learns_its_own_account(jira: Jira) -> None:
    answer = jira("GET", "/rest/api/3/myself")
    assert answer.json()["accountId"] == answer.headers["X-AAccountId"]
    assert answer.json()["accountType"] == "atlassian"


def test_a_wrong_token_is_refused_in_jiras_shape(live: LiveSandbox) -> None:
    for auth in (None, ("bot@example.test", "wrong"), ("someone@example.test", "sandbox")):
        answer = requests.get(f"{live.url}/rest/api/3/myself", auth=auth, timeout=10)
        assert answer.status_code == 401
        assert set(answer.json()) == {"errorMessages", "errors"}


def test_a_person_needs_no_password_and_a_customer_may_not_use_jira(jira: Jira) -> None:
    assert jira.acting_as(OPERATOR).take("GET", "/rest/api/3/myself")["accountId"] == OPERATOR
    refused = requests.get(f"{jira.url}/rest/api/3/myself", headers={"X-Sandbox-As": CUSTOMER}, timeout=10)
    assert refused.status_code == 403
    unknown = requests.get(f"{jira.url}/rest/api/3/myself", headers={"X-Sandbox-As": "712020:nobody"}, timeout=10)
    assert unknown.status_code == 401


def test_projects_have_the_names_of_the_six_types_and_one_is_for_holds(jira: Jira) -> None:
    page = jira.take("GET", "/rest/api/3/project/search?maxResults=4")
    assert [one["key"] for one in page["values"]] == ["INVEST", "FBO", "ADS", "QC"]
    assert (page["total"], page["isLast"]) == (8, False)
    assert jira.take("GET", "/rest/api/3/project/CONTENT")["name"] == "Контент / Работа с карточкой товара"
    assert jira("GET", "/rest/api/3/project/NOPE").status_code == 404


def test_components_come_in_pages_and_all_at_once(jira: Jira) -> None:
    first = jira.take("GET", f"{PROJECT}/component?maxResults=2")
    second = jira.take("GET", f"{PROJECT}/component?maxResults=50&startAt=2")
    names = {one["name"] for one in first["values"] + second["values"]}
    assert names == {"FF:Склад", "FF:Хоругвино", "FF:Екатеринбург", "FF:Казань", "Документы"}
    assert (first["isLast"], second["isLast"]) == (False, True)
    assert {one["name"] for one in jira.take("GET", f"{PROJECT}/components")} == names


def test_a_component_is_made_once(jira: Jira) -> None:
    made = jira.take("POST", "/rest/api/3/component", {"name": "FF:Тверь", "project": "FBO"})
    assert made["name"] in {one["name"] for one in jira.take("GET", f"{PROJECT}/components")}
    again = jira("POST", "/rest/api/3/component", {"name": "ff:тверь", "project": "FBO"})
    assert again.status_code == 400
    assert "already exists" in again.json()["errors"]["name"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "", "project": "FBO"}, 400),
        ({"name": "x" * 256, "project": "FBO"}, 400),
        ({"name": "Новый", "project": "NOPE"}, 404),
        ({"name": "Новый", "project": "FBO", "leadAccountId": "712020:nobody"}, 400),
    ],
)
def test_a_wrong_component_is_refused(jira: Jira, body: dict[str, str], status: int) -> None:
    assert jira("POST", "/rest/api/3/component", body).status_code == status


def test_a_component_needs_the_right_to_administer(live: LiveSandbox, jira: Jira) -> None:
    live.permissions(ADMINISTER_PROJECTS=False)
    assert jira("POST", "/rest/api/3/component", {"name": "FF:Тверь", "project": "FBO"}).status_code == 403
    asked = jira.take("GET", "/rest/api/3/mypermissions?permissions=ADMINISTER_PROJECTS,EDIT_ISSUES")["permissions"]
    assert {name: row["havePermission"] for name, row in asked.items()} == {
        "ADMINISTER_PROJECTS": False,
        "EDIT_ISSUES": True,
    }


@pytest.mark.parametrize("query", ["", "?permissions=NO_SUCH_RIGHT"])
def test_permissions_must_be_named(jira: Jira, query: str) -> None:
    assert jira("GET", f"/rest/api/3/mypermissions{query}").status_code == 400


def test_the_create_screen_is_told(jira: Jira) -> None:
    types = jira.take("GET", "/rest/api/3/issue/createmeta/FBO/issuetypes")["issueTypes"]
    assert [one["name"] for one in types] == ["Обращение партнёра", "Задача", "Тикет", "Подзадача"]
    path = f"/rest/api/3/issue/createmeta/FBO/issuetypes/{types[0]['id']}"
    fields = {one["fieldId"]: one for one in jira.take("GET", path)["fields"]}
    assert fields["summary"]["required"] is True
    assert "FF:Казань" in {one["name"] for one in fields["components"]["allowedValues"]}
    assert fields["customfield_10053"]["name"] == "Склад"
    assert jira("GET", "/rest/api/3/issue/createmeta/FBO/issuetypes/1").status_code == 400
    assert jira("GET", "/rest/api/3/issue/createmeta/FBO/issuetypes?startAt=x").status_code == 400


def test_a_route_that_is_not_there_is_refused_in_jiras_shape(jira: Jira) -> None:
    unknown = jira("POST", "/rest/api/3/nonsense")
    assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "application/problem+json;charset=UTF-8")
    assert unknown.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No endpoint POST /rest/api/3/nonsense.",
        "instance": "/rest/api/3/nonsense",
    }
    wrong = jira("PATCH", "/rest/api/2/myself")
    assert (wrong.status_code, wrong.json()["detail"]) == (405, "Method 'PATCH' is not supported.")
    assert wrong.headers["Allow"] == "GET"
    desks = requests.get(f"{jira.url}/rest/servicedeskapi/nonsense", auth=jira.auth, timeout=10)
    assert set(desks.json()) == {"errorMessage", "i18nErrorMessage"}
    assert requests.get(f"{jira.url}/nonsense", timeout=10).status_code == 404


def test_what_the_document_forbids_is_refused(jira: Jira) -> None:
    unknown = jira("POST", "/rest/api/3/search/jql", {"jql": "project = FBO", "startAt": 0})
    assert (unknown.status_code, unknown.json()["errorMessages"]) == (400, [refusals.INVALID])
    made = {"fields": {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "Проверка"}}
    url, kind = f"{jira.url}/rest/api/3/issue", {"Content-Type": "text/plain"}
    plain = requests.post(url, json.dumps(made), headers=kind, auth=jira.auth, timeout=10)
    assert (plain.status_code, plain.json()["detail"]) == (415, "Content-Type 'text/plain' is not supported.")
    for method in ("GET", "POST"):
        gone = jira(method, "/rest/api/3/search", {} if method == "POST" else None)
        assert (gone.status_code, "CHANGE-2046" in gone.json()["errorMessages"][0]) == (410, True)


def test_the_bodies_that_are_checked_are_those_of_the_document() -> None:
    if not openapi.available("jira"):
        pytest.skip("the official documents are not here")
    for call, names in refusals.BODIES.items():
        method, path = call.split(" ")
        operation = openapi.find("jira", method, f"/rest/api/3{path}")
        schema = openapi.content_schema(operation.document, operation.spec["requestBody"])
        body = openapi.resolve(operation.document, schema)
        assert (body["additionalProperties"], set(body["properties"])) == (False, set(names.split())), call


def test_an_answer_without_a_body_has_no_type(jira: Jira) -> None:
    key = jira.create()["key"]
    empty = jira("PUT", f"/rest/api/3/issue/{key}", {"fields": {"summary": "Другая"}})
    assert (empty.status_code, empty.content, empty.headers.get("Content-Type")) == (204, b"", None)
    assert jira("GET", "/rest/api/3/myself").headers["Content-Type"] == "application/json;charset=UTF-8"


def test_the_second_version_has_text_where_the_third_has_documents(jira: Jira) -> None:
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "Проверка"}
    key = jira.take("POST", "/rest/api/2/issue", {"fields": fields | {"description": "Раз\nдва"}})["key"]
    shown = jira.take("GET", f"/rest/api/2/issue/{key}")
    assert shown["fields"]["description"] == "Раз\nдва"
    assert shown["self"].startswith(f"{jira.url}/rest/api/2/issue/")
    assert jira.fields(key)["description"]["type"] == "doc"
    refused = jira("PUT", f"/rest/api/2/issue/{key}", {"fields": {"description": jira.fields(key)["description"]}})
    assert refused.json()["errors"] == {"description": "Operation value must be a string"}
    assert jira("PUT", f"/rest/api/3/issue/{key}", {"fields": {"description": "Текст"}}).status_code == 400


def test_the_statuses_of_a_project(jira: Jira) -> None:
    kinds = jira.take("GET", "/rest/api/3/project/FBO/statuses")
    assert {status["name"] for status in kinds[0]["statuses"]} >= {"Открыт", "В работе", "Готово"}
    assert jira("GET", "/rest/api/3/project/NOPE/statuses").status_code == 404
