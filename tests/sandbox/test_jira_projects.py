"""Who one is, what one may, what projects are made of."""

from __future__ import annotations

import pytest
import requests

from sandbox.live import LiveSandbox

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
    assert (page["total"], page["isLast"]) == (7, False)
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
    assert [one["name"] for one in types] == ["Обращение партнёра", "Задача"]
    path = f"/rest/api/3/issue/createmeta/FBO/issuetypes/{types[0]['id']}"
    fields = {one["fieldId"]: one for one in jira.take("GET", path)["fields"]}
    assert fields["summary"]["required"] is True
    assert "FF:Казань" in {one["name"] for one in fields["components"]["allowedValues"]}
    assert fields["customfield_10053"]["name"] == "Склад"
    assert jira("GET", "/rest/api/3/issue/createmeta/FBO/issuetypes/1").status_code == 400
    assert jira("GET", "/rest/api/3/issue/createmeta/FBO/issuetypes?startAt=x").status_code == 400


def test_a_route_that_is_not_there_is_refused_in_jiras_shape(jira: Jira) -> None:
    answer = requests.post(f"{jira.url}/rest/api/3/nonsense", auth=jira.auth, timeout=10)
    assert (answer.status_code, set(answer.json())) == (404, {"errorMessages", "errors"})
    assert requests.patch(f"{jira.url}/rest/api/3/myself", auth=jira.auth, timeout=10).status_code == 405
    assert requests.get(f"{jira.url}/nonsense", timeout=10).status_code == 404


def test_the_statuses_of_a_project(jira: Jira) -> None:
    kinds = jira.take("GET", "/rest/api/3/project/FBO/statuses")
    assert {status["name"] for status in kinds[0]["statuses"]} >= {"Открыт", "В работе", "Готово"}
    assert jira("GET", "/rest/api/3/project/NOPE/statuses").status_code == 404
