"""Which tickets ask the same, and why (W-12, C-03): a table of pairs."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from config import Config, load
from desk.known_tickets import known, names_another
from desk.similarity import Reason, Similar, similar
from events import Ticket
from store.known_tickets import KnownTicket

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}
FBO, DRIVER, STATUS = (
    "Отгрузка со склада OZON (FBO)",
    "Прибытие водителя на склад",
    "Проверка/Изменение статуса поставки",
)
WAITS = "Водитель ждёт у ворот третий час, пропуск не находят."
SUPPLY = Reason("supply_no", "2000012345")
SAME = Reason("text", "100")
LOWER = Reason("topic", f"{FBO.lower()}: {DRIVER}")
TOPIC = Reason("topic", f"{FBO}: {DRIVER}")
BASE = KnownTicket("webcrm", "1", NOW, type=FBO, subtype=DRIVER, supply_no="2000012345", text=WAITS)


@pytest.fixture(scope="module")
def config() -> Config:
    """The shipped configuration."""
    return load(Path(__file__).resolve().parents[2] / "config", ENV)


def compared(config: Config, *others: KnownTicket, of: KnownTicket = BASE) -> list[Similar]:
    """Those that are like the first."""
    return similar(of, others, config)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, (SUPPLY, TOPIC, SAME)),
        ({"text": None}, (SUPPLY, TOPIC)),
        ({"supply_no": None, "text": "Поставка 2000012345: водителя не пускают."}, (SUPPLY, TOPIC)),
        ({"supply_no": " 2000012345 ", "text": None, "type": FBO.lower()}, (SUPPLY, LOWER)),
        ({"subtype": STATUS}, (SUPPLY, SAME)),
        ({"supply_no": None}, (TOPIC, SAME)),
        ({"supply_no": None, "text": "пропуск не находят, третий час ждет у ворот водитель"}, (TOPIC, SAME)),
        ({"text": f"Добрый день, коллеги! {WAITS} Спасибо"}, (SUPPLY, TOPIC, SAME)),
    ],
    ids=["all", "number, topic", "in the text", "spellings", "number, text", "topic, text", "order", "greetings"],
)  # fmt: skip
def test_the_same_question(config: Config, changes: dict[str, Any], reasons: tuple[Reason, ...]) -> None:
    (found,) = compared(config, replace(BASE, ticket_id="2", **changes))
    assert tuple(one._replace(value=one.value.strip()) for one in found.reasons) == reasons
    assert config.duplicates.threshold <= found.score <= 1


@pytest.mark.parametrize(
    "changes",
    [
        {"supply_no": "2000099999"},
        {"supply_no": "2000099999", "text": None},
        {"type": "Реклама", "subtype": "Вторая помощь", "text": "Как включить рекламу товара"},
        {"supply_no": None, "text": "Когда откроется приём на склад в Казани"},
        {"supply_no": None, "text": "Добрый день"},
        {"supply_no": None, "type": None, "subtype": None},
        {"type": None, "subtype": None, "text": None},
    ],
    ids=["other number", "other number, no words", "number alone", "topic alone", "greeting", "text alone", "number"],
)
def test_another_question(config: Config, changes: dict[str, Any]) -> None:
    assert compared(config, replace(BASE, ticket_id="2", **changes)) == []


def test_greetings_of_two_tickets_are_no_likeness(config: Config) -> None:
    hello = replace(BASE, supply_no=None, text="Здравствуйте, добрый день! Помогите, пожалуйста")
    assert compared(config, replace(hello, ticket_id="2"), of=hello) == []


def test_an_order_and_its_shipment_are_about_the_same_order(config: Config) -> None:
    order = replace(BASE, supply_no=None, order_no="12345678-0001", text=None)
    shipment = replace(order, ticket_id="2", order_no=None, shipment_no="12345678-0001-1", text="Где 12345678-0001-1?")
    (found,) = compared(config, shipment, of=order)
    assert found.reasons[0] == Reason("order_no", "12345678-0001")


def test_the_likest_comes_first_and_of_equals_the_oldest(config: Config) -> None:
    near = [
        replace(BASE, ticket_id="4", created_at=NOW),
        replace(BASE, ticket_id="3", created_at=NOW - timedelta(hours=1)),
        replace(BASE, ticket_id="2", text=None),
        BASE,
    ]
    assert [one.ticket.ticket_id for one in compared(config, *near)] == ["3", "4", "2"]


def test_weights_and_threshold_are_the_admins(config: Config) -> None:
    strict = config.duplicates.model_copy(update={"threshold": 1.0})
    other = replace(BASE, ticket_id="2", text=None)
    assert compared(config.model_copy(update={"duplicates": strict}), other) == []


def test_fifty_long_texts_take_milliseconds(config: Config) -> None:
    long = replace(BASE, text=(WAITS * 20)[:1000])
    near = [replace(long, ticket_id=str(number), text=f"{number} {long.text}"[:1000]) for number in range(2, 52)]
    began = time.process_time()
    assert len(compared(config, *near, of=long)) == 50
    assert time.process_time() - began < 0.1  # ~8 ms


@pytest.mark.rule("W-15")
@pytest.mark.parametrize(
    ("number", "another"),
    [*((one, True) for one in ("2", "№ 2", " 2 ")), *((one, False) for one in ("", " ", "№", None, "1", "№ 1"))],
)  # fmt: skip
def test_a_number_of_another_ticket(number: str | None, another: bool) -> None:
    assert names_another(number, "1") is another


def test_a_ticket_of_a_list_is_known_by_its_first_question() -> None:
    said = [("partner", "Где пропуск?"), ("agent", "Уточняю"), ("partner", "Спасибо")]
    messages = [{"author": {"role": role}, "visibility": "public", "text": text} for role, text in said]
    ticket = Ticket.model_validate({"id": "5", "subject": "Ворота", "seller": {"id": 7}, "messages": messages})
    found = known("webcrm", ticket, NOW, "В работе")
    assert (found.text, found.party, found.status) == ("Ворота\nГде пропуск?", "partner:7", "В работе")


def test_words_and_numbers_are_looked_at_only_where_they_can_decide(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared_words, scanned = Mock(return_value=1.0), Mock(return_value=[])
    monkeypatch.setattr("desk.similarity._texts", compared_words)
    monkeypatch.setattr("config.numbers.Numbers.found_of", scanned)
    strangers = [replace(BASE, ticket_id=f"s{number}", subtype=STATUS, supply_no="2000099999") for number in range(40)]
    assert compared(config, *strangers) == []
    assert compared_words.call_count == 0  # whatever they say, they ask something else
    assert scanned.call_count == 3 + len(strangers)  # three kinds in the ticket itself, and the one that it has
    (found,) = compared(config, *strangers, replace(BASE, ticket_id="2"))
    assert (found.ticket.ticket_id, compared_words.call_count) == ("2", 1)
