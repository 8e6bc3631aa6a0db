"""The resolution that a case asks for (T-5), row by row, and where two rows hold the upper one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config import Config, load
from handlers.closing_checks import check_closing
from receivers.webcrm_events import parse
from tests.closings import ASKED, EDO, OURS, QUESTION, RULES, closed, customer, said
from tests.tickets import closing, ticket

ROOT = Path(__file__).parents[2]
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}
CHAT = {"channel": "chat", "channel_kind": "Обычный"}
KEY = {"jira_key": "DESK-7"}
NEW = {"messages": [ASKED]}
LEGAL = {"client": {"id": "c-6", "is_legal_entity": True}, "topics": [EDO]}
OPEN = {"messages": [ASKED, said("agent", QUESTION, "question")]}
ANSWERED = {"messages": [ASKED, OURS]}
SPAM = {"supply_no": None, "messages": [said("client", "Продам базу адресов", "spam")]}


@pytest.fixture(scope="module")
def config() -> Config:
    """The shipped tables, with every rule in force."""
    return load(ROOT / "config", ENV)


def advised(event: dict[str, Any], config: Config) -> tuple[str, str, str] | None:
    """Row, resolution and rule."""
    understood = parse(event).event
    assert understood is not None
    row = check_closing(understood, config).advice
    return (row.row, row.resolution, row.rule) if row else None


def case(of: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    """A customer's ticket that is being closed; which resolution is chosen does not matter."""
    return closed(customer(**of), chosen.pop("resolution", "Не решена"), **chosen)


ROWS: list[tuple[str, dict[str, Any], tuple[str, str, str] | None]] = [
    ("spam", case(SPAM), ("1", "spam", "R-35")),
    ("test", case({}, circumstances=["Тест"]), ("2", "solved", "R-19")),
    ("duplicate", case(NEW, duplicate_of="7"), ("3", "duplicate", "R-43")),
    ("duplicate by the resolution", case(NEW, resolution="дубль"), ("3", "duplicate", "R-43")),
    ("duplicate in a chat", case(CHAT | OPEN, duplicate_of="7"), ("11", "not_solved", "R-25")),
    ("a partner's duplicate", closed(ticket(messages=[]), "Не решена", duplicate_of="7"), ("3, C-04", "nto", "W-14")),
    ("duplicate of nobody's", case({"client": {}} | NEW, duplicate_of="7"), ("4", "nto", "R-32")),
    ("only thanks", case({"messages": [said("client", "Спасибо!")]}), ("5", "nto", "R-29")),
    ("service task", case({"messages": []}, circumstances=["Поиск клиента"]), ("5", "nto", "R-29")),
    ("a reason", case(NEW, nto_reason="Связываться не нужно"), ("5", "nto", "R-29")),
    ("documents", case(LEGAL | KEY, answer_required=False), ("6", "not_solved", "R-23")),
    ("mass failure", case({}, circumstances=["Массовый сбой"]), ("7", "not_solved", "R-24")),
    ("solved at once", case(KEY, circumstances=["Решено сразу"]), ("8", "solved", "R-12")),
    ("a task", case(KEY), ("9", "not_solved", "R-21")),
    ("a new task", closing(ticket()), ("9", "not_solved", "R-21")),
    ("informs", case(KEY, answer_required=False), ("10", "solved", "R-17")),
    ("question open", case(OPEN), ("11", "not_solved", "R-25")),
    ("payout", case({}, circumstances=["Вывод денег"]), ("12", "not_solved", "R-26")),
    ("repeated", case({}, circumstances=["Повторное обращение"]), ("13", "not_solved", "R-27")),
    ("bank, chat", case(CHAT, circumstances=["Банк Ozon"]), ("14, C-08", "not_solved", "R-28")),
    ("bank, letter", case({}, circumstances=["Банк Ozon"]), ("14, C-08", "solved", "E-40")),
    ("consulted", case({}), ("15", "solved", "R-11")),
    ("impossible", case(NEW, circumstances=["Просит нереального"]), ("15", "solved", "R-11")),
    ("handed over", case(NEW, escalate=True), ("16", "not_solved", "R-50")),
    ("nothing of all that", case(NEW), None),
]
PAIRS: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    ("1 before 2", case(SPAM, circumstances=["Тест"]), ("1", "spam", "R-35")),
    ("2 before 3", case(NEW, duplicate_of="7", circumstances=["Тест"]), ("2", "solved", "R-19")),
    ("3 before 9", case(KEY | NEW, duplicate_of="7"), ("3", "duplicate", "R-43")),
    ("5 before 6", case(LEGAL | KEY | NEW, nto_reason="Не нужно"), ("5", "nto", "R-29")),
    ("6 before 10", case(LEGAL | KEY, answer_required=False), ("6", "not_solved", "R-23")),
    ("7 before 8", case(KEY, circumstances=["Сбой", "Решено сразу"]), ("7", "not_solved", "R-24")),
    ("8 before 9", case(KEY, circumstances=["Решено сразу"]), ("8", "solved", "R-12")),
    ("9 before 11", case(KEY | OPEN), ("9", "not_solved", "R-21")),
    ("10 before 11", case(KEY | OPEN, answer_required=False), ("10", "solved", "R-17")),
    ("11 before 12", case(OPEN, circumstances=["Вывод денег"]), ("11", "not_solved", "R-25")),
    ("12 before 13", case({}, circumstances=["Повторное обращение", "Вывод денег"]), ("12", "not_solved", "R-26")),
    ("13 before 14", case(CHAT, circumstances=["Банк Ozon", "Повторное обращение"]), ("13", "not_solved", "R-27")),
    (
        "14 before 15",
        case(CHAT | {"messages": [ASKED, OURS]}, circumstances=["Банк Ozon"]),
        ("14, C-08", "not_solved", "R-28"),
    ),
    ("15 before 16", case({}, escalate=True), ("15", "solved", "R-11")),
]


@pytest.mark.rule("R-11", "R-12")
@pytest.mark.parametrize(("event", "row"), [one[1:] for one in ROWS + PAIRS], ids=[one[0] for one in ROWS + PAIRS])
def test_the_table_from_top_to_bottom(config: Config, event: dict[str, Any], row: tuple[str, str, str] | None) -> None:
    assert advised(event, config) == row


def test_words_that_need_an_answer_are_before_a_reason_for_none(config: Config) -> None:
    for rule in ("R-08", "R-09", "R-33"):
        event = RULES[rule][0]
        event = event | {"closing": event["closing"] | {"nto_reason": "Не нужно"}}
        found = advised(event, config)
        assert found is None or found[1] != "nto", rule


def test_the_resolution_that_is_advised_keeps_the_rules(config: Config) -> None:
    """What the table advises is never what the same table forbids."""
    for name, event, row in ROWS + PAIRS:
        if row is None or row[0] in ("15", "16"):
            continue
        spelt = config.categories.resolutions[row[1]].name  # type: ignore[index]
        chosen = event["closing"] | {"resolution": spelt, "duplicate_of": event["closing"].get("duplicate_of", "7")}
        understood = parse(event | {"closing": chosen}).event
        assert understood is not None
        found = [one.rule for one in check_closing(understood, config).violations if one.severity == "forbid"]
        assert found == [], name
