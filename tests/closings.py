"""Invented closings of a customer's ticket, and each rule of the table broken and kept."""

from __future__ import annotations

from typing import Any

from tests.tickets import FBO, closing, ticket

ANSWER = "Анна, товар уже в пути."
RETURNS = {"direction": "Логистика", "category": "Доставка", "topic": "Где посылка"}
EDO = {"direction": "Юридические лица", "category": "Документы", "topic": "ЭДО"}
FINTECH = {"direction": "Финансовые сервисы", "category": "Рассрочка", "topic": "Условия"}
USED: list[Any] = [
    "Финансовые сервисы,Ozon Карта, перевод обращения в банк",
    "Финансовые сервисы - Ozon Банк - Общие условия",
]
QUESTION = "Пришлите, пожалуйста, фото упаковки."


def said(role: str, text: str, kind: str | None = None, **more: Any) -> dict[str, Any]:
    """One public message."""
    return {"id": f"m-{len(text)}", "author": {"role": role}, "visibility": "public", "kind": kind, "text": text} | more


ASKED = said("client", "Мой новый адрес: улица Примерная, 1", "statement")
OURS = said("agent", ANSWER, "answer")
TALK = [ASKED, OURS]


def customer(**changes: Any) -> dict[str, Any]:
    """A customer's letter that was answered."""
    client = {"id": "c-5", "name": "Анна Пример", "is_legal_entity": False}
    made = {"audience": "customer", "channel": "email", "channel_kind": "Письмо", "type": "Доставка", "subtype": None}
    return ticket(**(made | {"topics": [RETURNS], "client": client, "seller": {}, "messages": TALK} | changes))


def closed(of: dict[str, Any], resolution: str, **chosen: Any) -> dict[str, Any]:
    """A closing without the tick «Создать задачу Jira» unless it is chosen."""
    return closing(of, resolution=resolution, **({"create_jira": False, "description": None} | chosen))


def _one(resolution: str, of: dict[str, Any] | None = None, **chosen: Any) -> dict[str, Any]:
    return closed(customer(**(of or {})), resolution, **chosen)


def _partner(resolution: str, of: dict[str, Any] | None = None, **chosen: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"topics": [{"category": "FBO", "topic": "Прибытие"}], "type": "Финансы", "subtype": "Сверка"}
    return closed(ticket(**(own | {"messages": [said("partner", "Где акт"), OURS]} | (of or {}))), resolution, **chosen)


LEGAL = {"client": {"id": "c-6", "is_legal_entity": True}, "topics": [EDO]}
NEW: dict[str, Any] = {"messages": [ASKED]}
YES, NO, NTO, SPAM, DUPLICATE = "Решено", "Не решена", "НТО", "Спам", "Дубликат"
REASON: dict[str, Any] = {"nto_reason": "Связываться не нужно"}
OPEN = {"messages": [ASKED, said("agent", QUESTION, "question")]}
SOFT = {"messages": [ASKED, said("agent", "Анна, всё готово. Могу ещё чем-то помочь?", "question")]}
KEY = {"jira_key": "DESK-7"}
CONTENT = "Контент / Работа с карточкой товара"
PHOTO: dict[str, Any] = {"type": CONTENT, "subtype": "Фото товара"}
FBS: dict[str, Any] = {"type": "Отгрузка со склада продавца (FBS)", "subtype": "Приёмка"}
REASON_PHOTO = {"escalation_type": CONTENT, "escalation_subtype": "Фото товара"}
PASSED_ON = said("agent", "Передали вопрос коллегам, они напишут вам здесь.", "answer")
EXPLAINED = said("agent", "Фото не проходят проверку третий день.", "note", visibility="internal")
ORDERLY = {"messages": [said("partner", "Где фото"), PASSED_ON, EXPLAINED]}


def inside(of: dict[str, Any] | None = None, resolution: str = "Не решена", **chosen: Any) -> dict[str, Any]:
    """A partner's ticket that goes to the second line, in the manual's order."""
    return _partner(resolution, PHOTO | ORDERLY | (of or {}), **({"escalate": True} | REASON_PHOTO | chosen))


def _skilled(*skills: str) -> dict[str, Any]:
    event = _partner("Не решена", FBS)
    return event | {"agent": event["agent"] | {"skills": list(skills)}}


# rule: a closing that breaks it, its severity, and one that does not
RULES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "W-21": (_partner(YES, {"messages": [said("partner", "Где акт")]}), "warn", _partner(YES)),
    "W-22": (_partner(YES, {"topics": []}), "forbid", _partner(YES)),
    "W-23": (_partner(NTO, escalate=True), "warn", _partner(NTO, {"type": None, "subtype": None, "topics": []})),
    "W-27": (_partner(NO, {"subtype": "Прибытие водителя на склад", "type": FBO} | ORDERLY, escalate=True), "warn",
             inside()),
    "W-28": (_skilled("rFBS"), "advise", _skilled("fbs")),
    "W-29": (inside({"messages": [said("partner", "Где фото"), EXPLAINED, PASSED_ON]}), "forbid", inside()),
    "W-30": (inside({"subtype": None}), "forbid", inside()),
    "W-31": (inside(escalation_type="Нет такого"), "warn", inside()),
    "R-02": (_one(YES, {"topics": [RETURNS, FINTECH]}), "forbid", _one(YES, {"topics": USED})),
    "R-04": (_one(NO, {"type": None, "topics": []}), "forbid", _one(NTO, {"type": None, "topics": []})),
    "R-05": (_one(YES, {"type": "Доставка заказа", "order_no": "12345678-0001"}), "warn", _one(
        YES, {"type": "Доставка заказа", "order_no": "12345678-0001", "shipment_no": "12345678-0001-1"})),
    "R-06": (_one(NO, escalate=True), "advise", _one(NO, escalate=True, comment="Просит пересчитать.")),
    "R-07": (_one(NTO, **REASON), "forbid", _one(NTO, {"chatbot_promised_human": True}, **REASON)),
    "R-08": (_one(NTO, {"messages": [said("client", "Верните деньги", "complaint")]}), "forbid", _one(
        NTO, {"messages": [said("client", "Спасибо!")]})),
    "R-09": (_one(NTO, {"messages": [said("client", "Сделайте тёмную тему", "Пожелание")]}), "forbid", _one(NTO, NEW)),
    "R-14": (_one(NO, circumstances=["Просит нереального"]), "advise", _one(YES, circumstances=["impossible"])),
    "R-17": (_one(NO, KEY, answer_required=False), "advise", _one(YES, KEY, answer_required=False)),
    "R-18": (_one(YES, LEGAL | KEY, answer_required=False), "forbid", _one(NO, LEGAL | KEY, answer_required=False)),
    "R-19": (_one(NTO, circumstances=["Тест"]), "advise", _one(YES, circumstances=["Тест"])),
    "R-20": (_one(NO, circumstances=["Уже решено"]), "advise", _one(YES, circumstances=["Уже решено"])),
    "R-21": (_one(YES, create_jira=True), "warn", _one(YES, create_jira=True, answer_required=False)),
    "R-22": (_one(YES, KEY, answer_required=True), "warn", _one(
        YES, KEY, answer_required=True, circumstances=["Решено сразу"])),
    "R-23": (_one(YES, LEGAL | KEY), "forbid", _one(NO, LEGAL | KEY)),
    "R-24": (_one(YES, circumstances=["Массовый сбой"]), "warn", _one(NO, circumstances=["Массовый сбой"])),
    "R-25": (_one(YES, OPEN), "warn", _one(YES, SOFT)),
    "R-26": (_one(YES, circumstances=["Вывод денег"]), "warn", _one(NO, circumstances=["Вывод денег"])),
    "R-27": (_one(YES, circumstances=["Повторное обращение"]), "warn", _one(YES)),
    "R-28": (_one(YES, {"channel": "chat"}, circumstances=["Банк Ozon"]), "warn", _one(
        YES, circumstances=["Банк Ozon"])),
    "R-29": (_one(NTO, NEW), "advise", _one(NTO, NEW, **REASON)),
    "R-30": (_one(YES, {"messages": [said("client", "Ок, спасибо!")]}), "advise", _one(
        YES, {"messages": [said("client", "Спасибо курьеру Пете, он вежлив")]})),
    "R-31": (_one(NO, NEW, circumstances=["Поиск клиента"]), "advise", _one(NO, circumstances=["Поиск клиента"])),
    "R-32": (_one(DUPLICATE, {"client": {}}, duplicate_of="7"), "warn", _one(DUPLICATE, duplicate_of="7")),
    "R-33": (_one(NTO, {"messages": [said("client", "Кассир – молодец", "thanks")]}), "forbid", _one(
        NTO, {"messages": [said("client", "Спасибо", "thanks")]})),
    "R-34": (_one(YES, {"messages": [ASKED, said("agent", "Товар в пути.")]}), "advise", _one(YES)),
    "R-35": (_one(YES, {"messages": [said("client", "Продам базу", "spam")]}), "advise", _one(
        SPAM, {"messages": [said("client", "Продам базу", "spam")]})),
    "R-36": (_one("Дубль", {"channel": "Чат"}, duplicate_of="7"), "forbid", _one("Дубль", duplicate_of="7")),
    "R-37": (_one(DUPLICATE, {"channel": "review", "channel_kind": "Отзыв Яндекс.Маркет"}, duplicate_of="7"), "forbid",
             _one(DUPLICATE, {"channel": "Отзыв о доставке", "channel_kind": None}, duplicate_of="7")),
    "R-38": (_one(DUPLICATE, {"channel": "review", "channel_kind": "Google Play"}, duplicate_of="7"), "forbid",
             _one(YES, {"channel": "review", "channel_kind": "Google Play"})),
    "R-39": (_one(DUPLICATE, {"channel": "отзыв", "channel_kind": "Неопубликованный отзыв"}), "forbid",
             _one(DUPLICATE, {"channel": "jira", "channel_kind": "Стандарт"}, duplicate_of="7")),
    "R-40": (_one(DUPLICATE, {"channel": "Анкета NPS", "channel_kind": None}, duplicate_of="7"), "forbid",
             _one(DUPLICATE, {"channel": "email", "channel_kind": "NPS"}, duplicate_of="7")),
    "R-41": (_one(DUPLICATE, {"channel": "social", "channel_kind": "ЛС VK"}, duplicate_of="7"), "forbid",
             _one(DUPLICATE, {"channel": "social", "channel_kind": "Комментарий VK"}, duplicate_of="7")),
    "R-42": (_one(DUPLICATE, {"channel": "review", "channel_kind": "Опубликованный отзыв"}, duplicate_of="7"), "forbid",
             _one(DUPLICATE, {"channel": "call_in", "channel_kind": "Help"}, duplicate_of="7")),
    "R-45": (_one(YES, hold="ozon", actions_done="Спросили склад"), "warn", _one(NO, hold="ozon", actions_done="Да")),
    "R-46": (_one(NO), "warn", _one("Не решено - Эскалировать", comment="Просит пересчитать.")),
    "R-47": (_one(NTO, OPEN, **REASON), "warn", _one(NTO, NEW, **REASON)),
    "R-48": (_one(SPAM, {"order_no": "12345678-0001"} | NEW), "warn", _one(SPAM, {"supply_no": None} | NEW)),
    "R-49": (_one(DUPLICATE), "warn", _one(DUPLICATE, duplicate_of="7")),
    "R-50": (_one(YES, escalate=True), "forbid", _one("Не решено - Эскалировать")),
    "R-51": (_one(YES, {"topics": ["Тема обращения не добавлена"]}), "forbid", _one(YES)),
}  # fmt: skip
