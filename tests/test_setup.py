"""`flask setup`: of a Jira nothing is known but address and token; in the end the bot runs there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from flask.cli import cli as flask_command

from config.jira import ComponentRule, Project
from config.loader import load
from config.settings import Settings
from desk.jira.survey import FoundProject, Survey
from runtime.setup.proposal import Doubt, Need, match_projects, propose, shared, written
from runtime.setup.warehouses import with_warehouses
from tests.bot import Bot
from tests.handlers.test_hand_made import components, person
from tests.handlers.test_jira_task import escalate
from tests.web.site import own_logs

ROOT = Path(__file__).resolve().parents[1]
OPERATOR = "712020:a9e00000-1c27-4d3b-8f10-6b2a9d4ce002"
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables that know nothing of this Jira: other fields, statuses, types and request types."""
    made = tmp_path / "tables"
    shutil.copytree(ROOT / "config", made, ignore=lambda *_: ["__pycache__"])
    text = (made / "jira.yml").read_text(encoding="utf-8")
    for before, after in (("customfield_100", "customfield_999"), ("Обращение партнёра", "Incident"), ('"10', '"90')):
        text = text.replace(before, after)
    text = text.replace("in_work: В работе", "in_work: Doing").replace("queue: Ожидает обработки", "queue: Backlog")
    (made / "jira.yml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture
def setup(bot: Bot, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command beside the bot's sandbox, with an `.env` of the test's own."""
    given = {name: value for name, value in bot.env.items() if not name.startswith("JIRA_")}
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in (given | {"CONFIG_DIR": str(folder)}).items():
        monkeypatch.setenv(name, value)
    for name in ("JIRA_URL", "JIRA_USER", "JIRA_TOKEN", "JIRA_WEBHOOK_SECRETS", "SECRET_KEY"):
        monkeypatch.setenv(name, "")  # so that what the command sets is undone
    monkeypatch.setattr("config.environment.FILE", tmp_path / ".env")
    monkeypatch.chdir(ROOT)

    def run(*words: str) -> Result:
        jira = ["--url", bot.sandbox.url, "--user", "bot@example.test", "--token", "sandbox"]
        with own_logs():
            return CliRunner().invoke(flask_command, ["--app", "app", "setup", *jira, *words])

    return run


def test_address_and_token_are_enough(setup: Run, bot: Bot, folder: Path, tmp_path: Path) -> None:
    said = setup("--yes", "--agent", "a17=operator-1@example.test", "--agent", "a18=nobody@example.test")
    assert "+    escalation: Обращение партнёра" in said.output
    assert "nobody@example.test" in said.output
    assert not [line for line in said.output.splitlines() if line.startswith("✗ проект")]
    new, shipped = load(folder, bot.env), load(ROOT / "config", bot.env)
    assert new.jira.projects == shipped.jira.projects
    assert new.jira.components == shipped.jira.components
    assert new.holds.agents == {"a17": OPERATOR}
    kept = (tmp_path / ".env").read_text(encoding="utf-8")
    assert f"JIRA_URL={bot.sandbox.url}\n" in kept
    assert re.search(r"^SECRET_KEY=\S{20,}$", kept, re.MULTILINE)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    bot.set_config(CONFIG_DIR=str(folder))
    escalate(bot)
    (issue,) = bot.sandbox.issues()
    assert components(bot, issue["key"]) == ["FF:Хоругвино"]


def test_a_second_time_there_is_nothing_to_change(setup: Run, folder: Path) -> None:
    setup("--yes")
    before = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.yml")}
    assert "Таблицы уже такие" in setup("--yes").output
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.yml")} == before


def test_a_warehouse_that_is_new_in_jira_is_added_once(setup: Run, bot: Bot, folder: Path) -> None:
    for name in ("FF:Самара", "FF:СПб", "Самара"):  # new; another spelling of one that is known; no warehouse
        bot.sandbox.call("POST", "/rest/api/3/component", {"project": "FBO", "name": name})
    said = setup("--yes")
    assert "+      Самара: FF:Самара" in said.output
    assert "в Jira есть компоненты FF:Самара, по ним" in said.output
    new, shipped = load(folder, bot.env).jira.components, load(ROOT / "config", bot.env).jira.components
    assert new["fbo"].by_warehouse == {**shipped["fbo"].by_warehouse, "Самара": "FF:Самара"}
    assert "Таблицы уже такие" in setup("--yes").output
    bot.set_config(CONFIG_DIR=str(folder))
    escalate(bot, warehouse="самара")
    (issue,) = bot.sandbox.issues()
    assert components(bot, issue["key"]) == ["FF:Самара"]


@pytest.mark.parametrize(
    "rule",
    [
        {"by_warehouse": {"Казань": "FF:Казань", "Тверь": "Склад Тверь"}},  # no common beginning
        {"by_warehouse": {"Казань": "Казань"}},  # any component may be a warehouse
        {"always": ("FF:Самара",), "by_warehouse": {"Казань": "FF:Казань"}},
        {"by_warehouse": {"Казань": "FF:Казань"}, "fallback": "FF:Самара"},
    ],
)
def test_a_component_that_need_not_be_a_warehouse_is_left_alone(bot: Bot, rule: dict[str, Any]) -> None:
    config = load(ROOT / "config", bot.env)
    rules = {"fbo": ComponentRule.model_validate(rule)}
    changed = config.model_copy(update={"jira": config.jira.model_copy(update={"components": rules})})
    text = (ROOT / "config/jira.yml").read_text(encoding="utf-8")
    found = {"FBO": project("FBO", components=("FF:Самара", "FF:"))}
    assert with_warehouses(text, changed, found, []) == text


def test_nothing_is_written_without_a_yes(setup: Run, folder: Path, tmp_path: Path) -> None:
    before = (folder / "jira.yml").read_text(encoding="utf-8")
    assert setup().exit_code == 1
    assert (folder / "jira.yml").read_text(encoding="utf-8") == before
    assert not (tmp_path / ".env").exists()


def test_a_wrong_token_is_told(setup: Run, bot: Bot) -> None:
    bot.sandbox.fault(system="jira", match="GET /rest/api/3/myself", status=401, times=1)
    said = setup("--yes")
    assert (said.exit_code, "Jira не показала" in said.output) == (1, True)


def test_a_pair_that_is_none_is_told(setup: Run) -> None:
    said = setup("--yes", "--project", "FBO")
    assert (said.exit_code, "FBO – не понять" in said.output) == (1, True)


def row(number: int, name: str, **more: Any) -> dict[str, Any]:
    """What Jira knows by id and name."""
    return {"id": str(number), "name": name, **more}


def project(key: str = "SUP", name: str = "Support", **more: Any) -> FoundProject:
    """A project of a Jira in English."""
    kinds = (("Backlog", "new"), ("Doing", "indeterminate"), ("Blocked", "indeterminate"), ("Closed", "done"))
    facts: dict[str, Any] = {
        "issue_types": (row(1, "Incident"), row(2, "Service request")),
        "subtask_types": (row(3, "Sub-task"), row(4, "Errand")),
        "statuses": tuple(row(n, one, statusCategory={"key": kind}) for n, (one, kind) in enumerate(kinds)),
        "components": (),
        "request_types": (row(7, "Ask", issueTypeId="2"), row(8, "Complain", issueTypeId="1")),
        "fields": {"2": {"customfield_1": "Ticket"}},
        "may_administer": False,
    }
    return FoundProject(key=key, name=name, **(facts | more))


def test_what_is_guessed_is_said() -> None:
    found = propose(Survey((project(),), "customfield_9"), {"SUP": Need(components=True)})
    table = found.projects["SUP"]
    assert (table["request_type"], table["issue_type"]["escalation"]) == ("7", "Service request")
    assert table["fields"] == {"ticket": "customfield_1", "request_type": "customfield_9"}
    assert table["statuses"] == {"in_work": "Doing", "queue": "Backlog", "waiting_seller": "Doing", "done": ["Closed"]}
    assert table["create_components"] is False
    doubts = [(doubt.code, doubt.values["name"], doubt.values.get("names")) for doubt in found.doubts]
    assert ("choice", "request_type", "Ask, Complain") in doubts
    assert ("field_missing", "warehouse", None) in doubts
    assert ("field_missing", "subtype", None) in doubts
    assert "statuses.in_work" in [name for _, name, _ in doubts]


def way(status: int, name: str, *asked: str) -> dict[str, Any]:
    """A transition to a status, with fields that must be filled in."""
    return {"id": "1", "to": {"id": str(status), "name": name}, "fields": {one: {"required": True} for one in asked}}


def doubts_of_ways(**ways: tuple[dict[str, Any], ...]) -> list[Doubt]:
    """What is told of a project for holds with these transitions by the ids of statuses."""
    table = {"in_work": "Doing", "queue": "Backlog", "waiting_seller": "Blocked", "done": ["Closed"]}
    now = Project.model_validate({"site": "main", "issue_type": {"hold_seller": "Incident"}, "statuses": table})
    found = Survey((project(ways={name.removeprefix("s"): rows for name, rows in ways.items()}),), None)
    doubts = propose(found, {"SUP": Need(("hold_seller",), now=now)}).doubts
    return [one for one in doubts if one.code in ("no_way", "way_asks")]


def test_a_transition_that_the_bot_would_lack_is_said() -> None:
    assert doubts_of_ways(s0=(way(1, "Doing", "resolution"), way(3, "Closed")), s1=(way(3, "Closed"),)) == [
        Doubt("way_asks", {"project": "SUP", "start": "Backlog", "end": "Doing", "names": "resolution"}),
        Doubt("no_way", {"project": "SUP", "start": "Doing", "end": "Blocked", "names": "Closed"}),
    ]
    assert doubts_of_ways(s0=(way(1, "Doing", "resolution"), way(1, "Doing")), s1=(way(2, "Blocked"),)) == []


def test_transitions_are_seen_at_the_issues_of_a_project(setup: Run, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = "FBO: из статуса «Ожидает обработки» у бота нет перехода в «В работе»"
    escalate(bot)
    key = bot.sandbox.issues()[0]["key"]
    person(bot, "POST", f"/issue/{key}/transitions", {"transition": {"id": "21"}})
    assert lacking not in setup("--yes").output
    world = bot.sandbox.state.jira.world
    away = tuple(one for one in world.transitions if one.name != "В работу")
    monkeypatch.setattr(bot.sandbox.state.jira, "world", world.model_copy(update={"transitions": away}))
    assert lacking in setup("--yes").output
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/search/jql", status=403, times=100)
    assert lacking not in setup("--yes").output


@pytest.mark.parametrize(
    ("named", "types", "told"),
    [
        ("Errand", ("Errand", "Sub-task"), "Errand"),
        ("Подзадача", ("Sub-task",), "Sub-task"),
        ("Подзадача", (), "Подзадача"),
    ],
)
def test_the_couriers_sub_task_has_a_type_of_its_own(named: str, types: tuple[str, ...], told: str) -> None:
    statuses = {"in_work": "Doing", "queue": "Backlog", "waiting_seller": "Doing", "done": ["Closed"]}
    types_now = {"case": "Incident", "courier": named}
    now = Project.model_validate({"site": "main", "issue_type": types_now, "statuses": statuses})
    parts = tuple(row(10 + n, one) for n, one in enumerate(types))
    found = propose(Survey((project(subtask_types=parts),), None), {"SUP": Need(("case", "courier"), now=now)})
    assert found.projects["SUP"]["issue_type"] == {"case": "Incident", "courier": told}


def test_projects_are_known_by_key_or_by_the_name_of_a_topic() -> None:
    found = Survey((project("FBO", "Склад"), project("MONEY", "Ozon Invest"), project("X", "Чужой")), None)
    slots = {"FBO": ["Отгрузка"], "INVEST": ["Ozon.Invest", "Ozon Invest"], "ADS": ["Реклама"]}
    assert match_projects(found, slots) == {"FBO": "FBO", "INVEST": "MONEY"}
    assert match_projects(Survey((project(),), None), slots) == dict.fromkeys(slots, "SUP")


def test_what_projects_share_stands_there_once() -> None:
    tables = {key: {"site": "main", "statuses": {"queue": "Q", "in_work": key}, "request_type": key} for key in "AB"}
    tables["C"] = {"site": "main", "statuses": {"queue": "Other", "in_work": "C"}}
    common, own = shared(tables)
    assert common == {"site": "main", "statuses": {"queue": "Q"}}
    assert own["C"] == {"statuses": {"queue": "Other", "in_work": "C"}}
    assert own["A"] == {"statuses": {"in_work": "A"}, "request_type": "A"}
    assert yaml.safe_load(written(tables)) == {"defaults": common, "projects": own}
