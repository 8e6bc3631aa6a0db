"""The issue of each row of T-1, as a file that a person can read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import Topic
from desk.adf_text import plain_text
from desk.templates import IssueContext, RenderedIssue, Templates
from events import Agent, Closing, Ticket

GOLDEN = Path(__file__).parent / "golden"
Compare = Callable[[str, RenderedIssue], None]
Check = Callable[[dict[str, Any]], None]
FBO, QUALITY = "Отгрузка со склада OZON (FBO)", "Контроль качества"
BLOCKING = "Блокировка продаж и поставок"
T_1 = [
    Topic("invest", "terms", "Ozon.Invest", "Условия займа", "W-34"),
    Topic("invest", "application", "Ozon.Invest", "Заполнение заявки", "W-35"),
    Topic("invest", "account", "Ozon.Invest", "Доступ в Личный кабинет", "W-36"),
    Topic("invest", "payout", "Ozon.Invest", "Выплата займа", "W-37"),
    Topic("invest", "general", "Ozon.Invest", "Общие вопросы", "W-38"),
    Topic("fbo", "supply_status", FBO, "Проверка/Изменение статуса поставки", "W-39"),
    Topic("fbo", "driver_arrival", FBO, "Прибытие водителя на склад", "W-40"),
    Topic("fbo", "staff_complaint", FBO, "Жалобы на действия сотрудников склада", "W-41"),
    Topic("fbo", "discrepancy", FBO, "Акты о расхождениях / ТОРГ2 (Брак, излишки, недостача)", "W-42"),
    Topic("fbo", "compensation", FBO, "Компенсация пустого прогона, простоя, потерянных товаров", "W-43"),
    Topic("ads", "first_aid", "Реклама", "Услуга «Первая помощь»", "W-44"),
    Topic("quality", "documents", QUALITY, "Запрос документов", "W-45"),
    Topic("quality", "hiding", QUALITY, "Скрытие товаров", "W-46"),
    Topic("quality", "brand", QUALITY, "Документы на бренд", "W-47"),
    Topic("quality", "other_seller", QUALITY, "Нарушение правил площадки другим продавцом", "W-48"),
    Topic(
        "content",
        "hidden_category",
        "Контент / Работа с карточкой товара",
        "Доступ к скрытой категории товаров",
        "W-49",
    ),
    Topic("blocking", "ip_rights", BLOCKING, "По нарушению интеллектуальных прав", "W-50"),
    Topic("blocking", "certificates", BLOCKING, "По сертификатам качества", "W-51"),
]
ONE_OF_EACH_TYPE = list({topic.type_id: topic for topic in reversed(T_1)}.values())


def full(topic: Topic, ticket: Ticket) -> IssueContext:
    closing = Closing(
        description="Партнёр просит разобраться.\nСрок – сегодня.",
        actions_done="Проверили тикет и карточку продавца.",
        comment="Партнёр на связи до 18:00.",
    )
    return IssueContext(ticket, topic, Agent(id="a17", name="Сотрудник 17", org="АКЦ"), closing)


def minimal(topic: Topic) -> IssueContext:
    return IssueContext(Ticket(id="1"), topic, closing=Closing(description="Партнёр просит разобраться."))


@pytest.mark.rule("W-63")
@pytest.mark.rule("W-04")
@pytest.mark.parametrize("topic", T_1, ids=lambda topic: topic.rule)
def test_full_ticket(topic: Topic, ticket: Ticket, shipped: Templates, compare: Compare) -> None:
    compare(topic.rule, shipped.issue(topic.type_id, full(topic, ticket)))


@pytest.mark.rule("W-63")
@pytest.mark.parametrize("topic", ONE_OF_EACH_TYPE, ids=lambda topic: topic.type_id)
def test_ticket_that_has_only_its_id(topic: Topic, shipped: Templates, compare: Compare) -> None:
    compare(f"minimal-{topic.type_id}", shipped.issue(topic.type_id, minimal(topic)))


@pytest.mark.parametrize("topic", T_1, ids=lambda topic: topic.rule)
def test_valid_adf(topic: Topic, ticket: Ticket, shipped: Templates, valid_adf: Check) -> None:
    for context in (full(topic, ticket), minimal(topic)):
        valid_adf(shipped.issue(topic.type_id, context).description)


def test_no_two_rows_ask_for_the_same(ticket: Ticket, shipped: Templates) -> None:
    asked = []
    for topic in T_1:
        text = plain_text(shipped.issue(topic.type_id, full(topic, ticket)).description)
        asked.append(text.split("Что нужно\n")[1].split("\nПродавец\n")[0])
    assert all(asked)
    assert len(set(asked)) == len(T_1)


def test_each_golden_file_is_compared() -> None:
    names = {topic.rule for topic in T_1} | {f"minimal-{topic.type_id}" for topic in T_1}
    assert {file.stem for file in GOLDEN.glob("*.txt")} == names
