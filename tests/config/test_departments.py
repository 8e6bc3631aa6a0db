"""The neighbour departments: their names, the FF: groups, the escalation policy, and where their addresses come
from.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Config, ConfigError, load
from config.departments import ClientText, Departments

HOUR = timedelta(hours=1)
SIX = {
    "technical": ("U-20", "технического инженера"),
    "developers": ("U-21", "разработчиков приложения"),
    "service_centre": ("U-22", "руководство авторизованного сервисного центра"),
    "brand_store": ("U-23", "руководство фирменного магазина"),
    "service": ("U-24", "сервисный департамент"),
    "product": ("U-25", "менеджера по продукту"),
}
CHATS = {"TECHNICAL_CHAT": "json://127.0.0.1:1/a", "HEAD": "json://127.0.0.1:1/b", "LEAD": "json://127.0.0.1:1/c"}


@pytest.fixture
def departments(folder: Path, env: dict[str, str]) -> Departments:
    """The shipped table."""
    return load(folder, env).departments


@pytest.fixture
def addressed(folder: Path) -> Path:
    """The shipped tables, with addresses of one department and of the lead."""
    path = folder / "departments.yml"
    text = path.read_text(encoding="utf-8").replace("lead: ${CHAT_LEAD:-}", "lead: ${LEAD:-}", 1)
    text = text.replace("${CHAT_TECHNICAL:-}", "${TECHNICAL_CHAT:-}").replace("${CHAT_TECHNICAL_HEAD:-}", "${HEAD:-}")
    path.write_text(text, encoding="utf-8")
    return folder


def test_the_six(departments: Departments) -> None:
    found = {key: departments.departments[key] for key in SIX}
    assert {key: (row.rule, row.accusative) for key, row in found.items()} == SIX
    assert {row.delay for row in found.values()} == {24 * HOUR}
    assert {row.id for row in found.values()} == set(SIX)


def test_the_six_are_called_as_in_the_manual(folder: Path, env: dict[str, str]) -> None:
    config = load(folder, env)
    for key, (rule, _) in SIX.items():
        found = config.departments.find(config.rules.rules[rule].quote)
        assert found is not None
        assert found.id == key


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("Технический отдел", "technical"),
        ("технический инженер", "technical"),
        (" ТЕХНИЧЕСКИЙ  ОТДЕЛ. ", "technical"),
        ("Технический одтел", "technical"),
        ("Разработчики приложения", "developers"),
        ("«Сервисный департамент»", "service"),
        ("service_centre", "service_centre"),
        ("FF:Склад", "warehouse"),
        ("FF Склад", "warehouse"),
        ("FF:Хоругвино", "ff:хоругвино"),
        ("ff:хоругвино", "ff:хоругвино"),
        ("FF: «Хоругвино»", "ff:хоругвино"),
        ("FF:Екатеринбург", "ff:екатеринбург"),
        ("FF:Ростов-на-Дону\n 2", "ff:ростов на дону 2"),
    ],
)
def test_finding(departments: Departments, text: str, owner: str) -> None:
    found = departments.find(text)
    assert found is not None
    assert found.id == owner
    assert departments.find(found.name) == found
    by_id = departments.find(found.id)
    assert by_id is not None
    assert by_id.id == owner


@pytest.mark.parametrize(
    "text",
    [None, "", "…", "Отдел продаж", "FF", "FF:", "FF:*", "FFХоругвино", "FF:____", "FF:" + "а" * 101, "GG:Склад", "_"],
)
def test_finding_nothing(departments: Departments, text: str | None) -> None:
    assert departments.find(text) is None


def test_a_group(departments: Departments) -> None:
    found = departments.find("FF:нижний   Новгород")
    assert found is not None
    assert found.name == found.jira_component == "FF:Нижний Новгород"
    assert found.accusative == "группу склада Нижний Новгород"
    assert not found.is_group
    assert found.rule == "W-57"


@given(st.text())
def test_what_is_found_names_somebody(text: str) -> None:
    found = SMALL.find(f"FF:{text}")
    if found is not None:
        assert "*" not in found.accusative or "*" in text
        assert "_" not in found.accusative
        assert "\n" not in found.name
        again = SMALL.find(found.name)
        assert again is not None
        assert again.id == found.id


SMALL = Departments.model_validate(
    {
        "ladder": [{"after": "24h", "tell": ["department"]}],
        "departments": {"ff": {"rule": "W-57", "name": "FF:*", "accusative": "группу склада *"}},
    }
)


def test_a_text_that_could_be_two_is_neither(departments: Departments) -> None:
    row = departments.departments["ff"]
    twin = row.model_copy(update={"id": "twin", "accusative": "другую группу *"})
    both = departments.model_copy(update={"departments": {"ff": row, "twin": twin}})
    assert both.find("FF:Хоругвино") is None


def test_the_switches_as_shipped(departments: Departments) -> None:
    assert departments.clock == "calendar"
    assert departments.client_text == ClientText(clock="business", before_days_off="M-2")
    assert departments.quiet_hours == (21 * HOUR, 9 * HOUR)
    assert [(step.after, step.tell) for step in departments.ladder] == [
        (24 * HOUR, ("department", "agent")),
        (48 * HOUR, ("head",)),
        (72 * HOUR, ("lead",)),
    ]


def test_the_escalation_policy_begins_with_the_departments_own_delay(departments: Departments) -> None:
    row = departments.departments["technical"]
    assert departments.steps(row) == departments.ladder
    hasty = departments.steps(row.model_copy(update={"delay": 4 * HOUR}))
    assert [step.after for step in hasty] == [4 * HOUR, 28 * HOUR, 52 * HOUR]
    assert [step.tell for step in hasty] == [step.tell for step in departments.ladder]


def test_no_quiet_hours(folder: Path, env: dict[str, str]) -> None:
    path = folder / "departments.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('quiet_hours: ["21:00", "09:00"]', "quiet_hours: null"), encoding="utf-8")
    config = load(folder, env)
    assert config.departments.quiet_hours is None
    assert Config.restore(config.dump(), env) == config


def test_addresses_come_from_the_environment_and_stay_secret(addressed: Path, env: dict[str, str]) -> None:
    config = load(addressed, env | CHATS)
    technical = config.departments.departments["technical"]
    given = (technical.chat, technical.head, config.departments.lead)
    assert [address.get_secret_value() for address in given if address] == list(CHATS.values())
    for text in (config.dump(), repr(config), str(config), config.model_dump_json()):
        assert "127.0.0.1:1" not in text
    assert "${TECHNICAL_CHAT:-}" in config.dump()
    assert Config.restore(config.dump(), env | CHATS) == config


def test_an_address_that_is_not_set_is_none(addressed: Path, env: dict[str, str]) -> None:
    config = load(addressed, env)
    assert config.departments.lead is None
    assert config.departments.departments["technical"].chat is None
    assert Config.restore(config.dump(), env) == config
    assert config.version == load(addressed, env | CHATS).version


def test_a_version_from_before_these_tables_is_said(folder: Path, env: dict[str, str]) -> None:
    dump = load(folder, env).dump()
    with pytest.raises(ConfigError, match="не подходит этой программе"):
        Config.restore(dump.replace('"departments":', '"formerly":', 1), env)
