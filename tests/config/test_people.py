"""`people.yml`: what agents are called."""

from __future__ import annotations

import pytest

from config.config import Config
from config.loader import load
from config.people import People, PersonRow
from tests.config.test_golden import SHIPPED

TABLE = People.model_validate(
    {
        "people": {
            "a17": {"name": "Анна Петрова", "jira": "712020:0a1b", "email": "Anna@Example.com", "department": "ads"},
            "usedesk:17": {"name": "Пётр Ильин"},
        }
    }
)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("a17", "Анна Петрова"),
        ("webcrm:a17", "Анна Петрова"),
        ("712020:0a1b", "Анна Петрова"),  # her account in Jira
        ("jira:712020:0a1b", "Анна Петрова"),
        ("usedesk:17", "Пётр Ильин"),
        ("webcrm:17", "17"),  # the same number in another CRM is somebody else
        ("a18", "a18"),
        ("712020:ffff", "712020:ffff"),
        ("anna", "anna"),
        ("", ""),
    ],
)
def test_what_an_agent_is_called(agent: str, name: str) -> None:
    assert TABLE.name(agent) == name


@pytest.mark.parametrize(
    ("source", "text", "agent"),
    [
        ("webcrm", "Анна Петрова", "a17"),
        ("webcrm", "анна петрова", "a17"),
        ("usedesk", "Пётр Ильин", "17"),
        ("webcrm", "Пётр Ильин", "Пётр Ильин"),  # webcrm does not know him
        ("webcrm", "a17", "a17"),
        ("webcrm", "Два Тёзки", "Два Тёзки"),
    ],
)
def test_who_has_a_name(source: str, text: str, agent: str) -> None:
    twice = TABLE.model_copy(update={"people": TABLE.people | {f"b{n}": PersonRow(name="Два Тёзки") for n in (1, 2)}})
    assert twice.agent(source, text) == agent


def test_names_are_no_part_of_a_version(env: dict[str, str]) -> None:
    shipped = load(SHIPPED, env)
    other = shipped.model_copy(update={"people": TABLE})
    other.__dict__.pop("version", None)
    assert other.version == shipped.version
    assert "Петрова" not in other.dump()
    assert Config.restore(other.dump(), env).people == People()
