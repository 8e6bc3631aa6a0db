"""Components by warehouse (W-57, C-01), as shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Components, load
from config.jira import ComponentRule, HoldLabels, Statuses


@pytest.fixture
def rule(folder: Path, env: dict[str, str]) -> ComponentRule:
    """The shipped rule for FBO."""
    return load(folder, env).jira.components["fbo"]


@pytest.mark.rule("W-57")
@pytest.mark.parametrize(
    ("text", "component"),
    [
        ("Хоругвино", "FF:Хоругвино"),
        ("ХОРУГВИНО_РФЦ", "FF:Хоругвино"),
        ("Хоругвно", "FF:Хоругвино"),
        ("екатеринбург", "FF:Екатеринбург"),
        ("Казань РФЦ", "FF:Казань"),
        ("СПб", "FF:Санкт-Петербург"),
        ("РФЦ Санкт-Петербург", "FF:Санкт-Петербург"),
        ("Склад СПб", "FF:Санкт-Петербург"),
        ("РФЦ Ростов-на-Дону", "FF:Ростов-на-Дону"),
        ("Склад Ростов-на-Дону", "FF:Ростов-на-Дону"),
    ],
)
def test_a_warehouse_has_its_component(rule: ComponentRule, text: str, component: str) -> None:
    assert rule.for_warehouse(text) == Components((component,), known=True)


@pytest.mark.rule("W-57")
@pytest.mark.parametrize("form", ["{}", "FF:{}", "{} РФЦ", "РФЦ {}", "Склад {}", "склад «{}»"])
def test_every_warehouse_has_the_same_forms(rule: ComponentRule, form: str) -> None:
    assert len(rule.by_warehouse) == 8
    for warehouse, component in rule.by_warehouse.items():
        found = rule.for_warehouse(form.format(warehouse))
        assert found == Components((component,), known=True), form.format(warehouse)


@pytest.mark.rule("W-57")
@pytest.mark.parametrize("text", [None, "", "—", "Неизвестный склад", "Рязань"])
def test_an_unknown_warehouse_falls_back_and_says_so(rule: ComponentRule, text: str | None) -> None:
    assert rule.for_warehouse(text) == Components(("FF:Склад",), known=False)


def test_a_rule_without_warehouses_has_nothing_to_know() -> None:
    rule = ComponentRule(always=("FF:Склад", "Приёмка"), fallback="FF:Склад")
    assert rule.for_warehouse("Тверь") == Components(("FF:Склад", "Приёмка"), known=True)
    assert ComponentRule().for_warehouse(None) == Components((), known=True)


def test_the_first_site_is_the_default_and_projects_stand_on_it(folder: Path, env: dict[str, str]) -> None:
    jira = load(folder, env | {"JIRA_URL": "https://example.atlassian.net/"}).jira
    assert next(iter(jira.sites)) == "main"
    assert jira.sites["main"].url == "https://example.atlassian.net"
    assert {project.site for project in jira.projects.values()} == {"main"}
    assert [key for key, project in jira.projects.items() if project.create_components] == ["FBO"]
    cases = jira.projects.pop("CASES")
    assert cases.issue_type == {"case": "Тикет", "courier": "Подзадача"}
    for purpose in ("escalation", "hold_ozon", "hold_seller"):
        assert {project.issue_type[purpose] for project in jira.projects.values()} == {"Обращение партнёра"}


def test_every_project_shows_the_seller_its_issues_and_names_its_statuses(folder: Path, env: dict[str, str]) -> None:
    projects = load(folder, env).jira.projects
    assert list(projects) == ["INVEST", "FBO", "ADS", "QC", "CONTENT", "BLOCK", "DESK", "CASES"]
    cases = projects.pop("CASES")  # for colleagues alone, with statuses of its own (C-26)
    assert (cases.request_type, cases.statuses.queue, cases.statuses.done) == (None, "К выполнению", ("Готово",))
    assert {project.fields.request_type for project in projects.values()} == {"customfield_10010"}
    assert [project.request_type for project in projects.values()] == [str(number) for number in range(101, 108)]
    for project in projects.values():
        assert project.statuses == Statuses(
            in_work="В работе", queue="Ожидает обработки", waiting_seller="Ожидает ответа продавца", done=("Готово",)
        )


def test_a_project_may_show_the_seller_nothing(folder: Path, env: dict[str, str]) -> None:
    path = folder / "jira.yml"
    path.write_text(path.read_text(encoding="utf-8").replace('    request_type: "101"\n', "", 1), encoding="utf-8")
    projects = load(folder, env).jira.projects
    assert projects["INVEST"].request_type is None
    assert projects["FBO"].request_type == "102"


def test_waiting_for_the_seller_may_be_the_queue() -> None:
    assert Statuses(in_work="В работе", queue="Очередь", waiting_seller="Очередь", done=("Готово",))


@pytest.mark.parametrize(
    ("name", "neighbour"),
    [
        ("FF:Склад", True),
        ("FF:Ростов-на-Дону", True),
        ("FF:", True),
        ("ff:Склад", False),
        ("FF Склад", False),
        (" FF:Склад", False),
        ("Документы", False),
        ("", False),
    ],
)
def test_neighbours_are_compared_as_written(folder: Path, env: dict[str, str], name: str, neighbour: bool) -> None:
    assert load(folder, env).jira.is_neighbour(name) is neighbour


def test_labels_of_holds(folder: Path, env: dict[str, str]) -> None:
    assert load(folder, env).jira.hold_labels == HoldLabels(ozon="hold-ozon", seller="hold-seller")
