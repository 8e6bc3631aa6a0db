"""Invented tickets in the neutral shape."""

from __future__ import annotations

import itertools
from typing import Any

_ids = itertools.count(23_800_001)

FBO = "Отгрузка со склада OZON (FBO)"
T1 = [
    ("W-34", "Ozon.Invest", "Условия займа"),
    ("W-35", "Ozon.Invest", "Заполнение заявки"),
    ("W-36", "Ozon.Invest", "Доступ в Личный кабинет"),
    ("W-37", "Ozon.Invest", "Выплата займа"),
    ("W-38", "Ozon.Invest", "Общие вопросы"),
    ("W-39", FBO, "Проверка/Изменение статуса поставки"),
    ("W-40", FBO, "Прибытие водителя на склад"),
    ("W-41", FBO, "Жалобы на действия сотрудников склада"),
    ("W-42", FBO, "Акты о расхождениях / ТОРГ2 (Брак, излишки, недостача)"),
    ("W-43", FBO, "Компенсация пустого прогона, простоя, потерянных товаров"),
    ("W-44", "Реклама", "Услуга «Первая помощь»"),
    ("W-45", "Контроль качества", "Запрос документов"),
    ("W-46", "Контроль качества", "Скрытие товаров"),
    ("W-47", "Контроль качества", "Документы на бренд"),
    ("W-48", "Контроль качества", "Нарушение правил площадки другим продавцом"),
    ("W-49", "Контент / Работа с карточкой товара", "Доступ к скрытой категории товаров"),
    ("W-50", "Блокировка продаж и поставок", "По нарушению интеллектуальных прав"),
    ("W-51", "Блокировка продаж и поставок", "По сертификатам качества"),
]
PROJECTS = {
    "Ozon.Invest": "INVEST",
    FBO: "FBO",
    "Реклама": "ADS",
    "Контроль качества": "QC",
    "Контент / Работа с карточкой товара": "CONTENT",
    "Блокировка продаж и поставок": "BLOCK",
}


def ticket(**changes: Any) -> dict[str, Any]:
    """A partner's ticket about a driver at the warehouse, with an id of its own."""
    number = str(changes.pop("id", next(_ids)))
    return {
        "id": number,
        "url": f"https://webcrm.example/tickets/{number}",
        "audience": "partner",
        "channel": "chat",
        "channel_kind": "Обычный",
        "status": "В работе",
        "type": FBO,
        "subtype": "Прибытие водителя на склад",
        "topics": [],
        "subject": "Водитель у ворот",
        "seller": {"id": "184467", "name": "Лавка Пример", "schemes": ["FBO"], "size": "D", "top": True},
        "supply_no": "2000012345",
        "warehouse": "Хоругвино",
        "jira_key": None,
        "messages": [
            {
                "id": "m1",
                "at": "2026-11-20T15:50:00+03:00",
                "author": {"role": "partner", "id": "184467"},
                "visibility": "public",
                "kind": "question",
                "text": "Водитель ждёт у ворот третий час, пропуск не находят.",
                "attachments": [],
            }
        ],
        **changes,
    }


def closing(
    of: dict[str, Any], *, type: str = "ticket.closing", id: str | None = None, **chosen: Any
) -> dict[str, Any]:
    """The event of a closing with «Не решена» and the tick «Создать задачу Jira»."""
    return {
        "id": id or f"evt-{of['id']}-{type.removeprefix('ticket.')}",
        "type": type,
        "occurred_at": "2026-11-20T16:04:11+03:00",
        "ticket": of,
        "agent": {"id": "a17", "name": "Оператор Пример", "gender": "f", "status": "На линии"},
        "closing": {"resolution": "Не решена", "create_jira": True, "description": "Нужен пропуск.", **chosen},
    }
