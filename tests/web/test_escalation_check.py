"""`POST /api/escalation-check`: which line a customer's chat goes to."""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app
from config.settings import Settings
from tests.bot import Bot

ROWS = (
    "E-06", "E-07", "E-08", "E-10", "E-12", "E-13", "E-14", "E-15", "E-16", "E-17", "E-18", "E-19", "E-20",
    "E-21", "E-22", "E-23", "E-24", "E-25", "E-27", "E-28", "E-29", "E-30", "E-31", "E-32", "E-33", "E-35",
    "E-36", "E-40", "E-41", "E-42", "E-44", "E-45", "E-46", "E-47", "E-48", "E-49", "E-50", "E-51", "E-52",
    "E-53", "E-55",
)  # fmt: skip
TOKEN = {"Authorization": "Bearer sandbox-api-token"}


@pytest.fixture
def check(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask where a chat goes."""
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    client = create_app(Settings.read(bot.env)).test_client()

    def ask(event: dict[str, Any]) -> Any:
        answer = client.post("/api/escalation-check", json=event, headers=TOKEN)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    return ask


def message(text: str, role: str = "client", **more: Any) -> dict[str, Any]:
    """A public message."""
    return {"author": {"role": role}, "visibility": "public", "text": text, **more}


def chat(*texts: Any, agent: Any = None, closing: Any = None, message_id: Any = None, **ticket: Any) -> dict[str, Any]:
    """A customer's chat with these messages."""
    said = [message(text) if isinstance(text, str) else text for text in texts]
    base = {"id": "71", "audience": "customer", "channel": "chat", "order_no": "51200934-0003", "messages": said}
    event = {"id": "evt-1", "type": "ticket.message", "occurred_at": "2026-11-20T16:04:11+03:00"}
    staff = {"id": "a17", "org": "КЦ", "skills": [], "permissions": [], **(agent or {})}
    return event | {"ticket": base | ticket, "agent": staff, "closing": closing or {}, "message_id": message_id}


COMPANY = {"client": {"is_legal_entity": True}}
BADGE = {"client": {"badges": ["Монетизация"]}}
AKC = {"org": "АКЦ"}
EXPRESS = {"id": "1", "delivery": "express", "warehouse": "Хоругвино"}
MINI = {"id": "2", "delivery": None, "warehouse": "FRESH_MINI_77"}
FLEX = {"id": "4", "delivery": "flex"}
PLAIN = {"id": "3", "delivery": "courier", "warehouse": "Хоругвино"}
FS, B2B = "Чат. Финансовые сервисы 2Л", "Чат, B2B"
CASES: list[tuple[str, dict[str, Any], tuple[str, str | None, str]]] = [
    ("E-08", chat("Почему не списался платёж по рассрочке"), ("escalate", FS, "E-48")),
    ("E-08", chat("Здравствуйте", topics=["Баланс Средств"]), ("escalate", FS, "E-48")),
    ("E-10", chat("Как получить Ozon Карту"), ("escalate", "Чат. Ozon Карта", "E-10")),
    ("E-12", chat("Как снять объявление с Ozon Объявлений"), ("escalate", "Чат. Ozon Объявления", "E-12")),
    ("E-13", chat("Отключите Ozon Premium"), ("escalate", "Чат. Премиум подписка 2Л", "E-13")),
    ("E-14", chat("Сертификат не активируется"), ("escalate", "Чат. Акции, сертификаты 2Л", "E-14")),
    ("E-15", chat("не могу войти, не приходит код", **COMPANY), ("self", None, "E-20")),
    ("E-15", chat("Удалите мой аккаунт", **COMPANY), ("escalate", B2B, "E-25")),
    ("E-16", chat("Как оформить заказ", **COMPANY), ("self", None, "E-20")),
    ("E-17", chat("Поменяйте адрес доставки", **COMPANY), ("self", None, "E-20")),
    ("E-17", chat("Какой статус заказа?", **COMPANY), ("escalate", B2B, "E-25")),
    ("E-18", chat("Есть ли в наличии?", **COMPANY), ("self", None, "E-20")),
    ("E-19", chat("Отключите рассылку", **COMPANY), ("self", None, "E-20")),
    ("E-20", chat("Отключите рассылку"), ("self", None, "E-20")),
    ("E-21", chat("Нужны закрывающие документы", **COMPANY), ("escalate", B2B, "E-25")),
    ("E-22", chat("Нужны закрывающие документы", channel="email", **COMPANY), ("self", None, "E-22")),
    ("E-22", chat("Нужны документы", channel="email", agent={"skills": None}, **COMPANY), ("self", None, "E-22")),
    ("E-23", chat("Нужны закрывающие документы", topics=["Отмена заказа"], **COMPANY), ("escalate", B2B, "E-25")),
    ("E-24", chat("Нужны документы", agent={"skills": ["b2b"]}, topics=["Отмена заказа"], **COMPANY),
     ("self", None, "E-33")),
    ("E-24", chat("Баланс средств", agent={"skills": ["B2B"]}, **COMPANY), ("self", None, "E-24")),
    ("E-25", chat("Где взять УПД", **COMPANY), ("escalate", B2B, "E-25")),
    ("E-25", chat("Начислите мне баллы за опоздание", agent=AKC, **COMPANY), ("escalate", B2B, "E-25")),
    ("E-25", chat(topics=["Оформление заказа", "Статусы заказа"], **COMPANY), ("escalate", B2B, "E-25")),
    ("E-27", chat("Когда выплата за монетизацию", **BADGE), ("escalate", "Чат. Монетизация", "E-27")),
    ("E-27", chat("Когда выплата за монетизацию"), ("self", None, "E-27")),
    ("E-06", chat("Где мой заказ?", **BADGE), ("self", None, "E-07")),
    ("E-28", chat("Работает ли у вас экспресс в Туле?"), ("escalate", "Чат. Express", "E-53")),
    ("E-29", chat("Где мой заказ?", packages=[EXPRESS, PLAIN]), ("ask", None, "E-29")),
    ("E-29", chat("Экспресс опоздал", packages=[MINI, FLEX]), ("ask", None, "E-29")),
    ("E-30", chat("Где мой заказ?", packages=[EXPRESS]), ("escalate", "Чат. Express", "E-53")),
    ("E-30", chat("Где мой заказ?", packages=[PLAIN]), ("self", None, "E-07")),
    ("E-31", chat("Flex не приехал"), ("escalate", "Flex", "E-31")),
    ("E-31", chat("Где мой заказ?", packages=[{"delivery": "rFBS", "interval_minutes": 120}]),
     ("escalate", "Flex", "E-31")),
    ("E-31", chat("Где мой заказ?", packages=[{"delivery": "rFBS", "interval_minutes": 600}]), ("self", None, "E-07")),
    ("E-32", chat("Начислите мне баллы за опоздание", agent=AKC), ("escalate", "Начисления АКЦ", "E-32")),
    ("E-32", chat("Начислите мне баллы", agent={"org": "АКЦ", "permissions": ["начисления"]}), ("self", None, "E-32")),
    ("E-32", chat("Начислите мне баллы за опоздание"), ("self", None, "E-32")),
    ("E-33", chat("Отмените заказ. Заказ был оплачен при помощи Ozon Счёт (Ozon Банк)."), ("self", None, "E-33")),
    ("E-36", chat("Оплачивал заказ при помощи Ozon Счёт (Ozon Банк), заказ отменил, но деньги не вернулись"),
     ("escalate", "Чат. Ozon Карта", "E-10")),
    ("E-35", chat("Оплачен Ozon картой, отмените заказ", packages=[PLAIN]), ("self", None, "E-33")),
    ("E-40", chat("Как получить Ozon Карту", channel="email"), ("self", None, "E-40")),
    ("E-41", chat("Когда вернутся деньги за отменённый заказ"), ("self", None, "E-41")),
    ("E-41", chat("Прошу банковский перевод"), ("self", None, "E-41")),
    ("E-42", chat("Как вывести деньги с Баланса Средств?"), ("escalate", FS, "E-48")),
    ("E-44", chat("расскажите подробнее об условиях страхования"), ("escalate", FS, "E-48")),
    ("E-45", chat("я оформил ОСАГО - как получить баллы"), ("escalate", FS, "E-48")),
    ("E-46", chat("ошибка, полис не приходит"), ("escalate", FS, "E-48")),
    ("E-47", chat("баланс"), ("ask", None, "E-47")),
    ("E-49", chat("Как погасить рассрочку", channel="call_in"), ("self", None, "E-49")),
    ("E-50", chat("Оплачивал заказ при помощи Ozon Счёт, заказ отменил, но деньги не вернулись."),
     ("escalate", "Чат. Ozon Карта", "E-10")),
    ("E-51", chat("Отмените заказ, он оплачен через Ozon Счёт"), ("self", None, "E-33")),
    ("E-52", chat("Где мой заказ?", packages=[MINI]), ("escalate", "Чат. DS mini", "E-55")),
    ("E-52", chat("Где мой заказ?", packages=[{"interval_minutes": 15}]), ("escalate", "Чат. DS mini", "E-55")),
    ("E-55", chat("Экспресс опоздал", packages=[MINI]), ("escalate", "Чат. DS mini", "E-55")),
    ("E-53", chat("Отмените заказ", packages=[EXPRESS]), ("escalate", "Чат. Express", "E-53")),
    ("E-53", chat("Когда вернутся деньги за отменённый заказ", packages=[EXPRESS], **COMPANY),
     ("escalate", "Чат. Express", "E-53")),
    ("E-53", chat("Отключите Ozon Premium", packages=[EXPRESS]), ("escalate", "Чат. Премиум подписка 2Л", "E-13")),
    ("E-07", chat("Здравствуйте"), ("self", None, "E-07")),
    ("E-49", chat("Как погасить рассрочку", audience="partner"), ("self", None, "W-27")),
]  # fmt: skip


@pytest.mark.rule(*ROWS)
@pytest.mark.parametrize(("rule", "event", "expected"), CASES)
def test_each_row_of_the_table(check: Any, rule: str, event: dict[str, Any], expected: tuple[str, Any, str]) -> None:
    answer = check(event)
    assert (answer["decision"], answer["line"], answer["rule"]) == expected, rule
    assert answer["reason"] == answer["line"]
    assert 0 < answer["sure"] <= 1


@pytest.mark.rule("E-03", "E-05", "E-26", "E-48", "E-54", "E-56")
def test_whoever_takes_the_chat_over_finds_a_comment_and_the_client_hears_nothing(check: Any) -> None:
    answer = check(chat("Как вывести деньги с Баланса Средств?"))
    assert answer["comment"].split("\n") == [
        "Тема: Баланс Средств.",
        "Что хочет клиент: Как вывести деньги с Баланса Средств?",
        "Что проверено: (допишите)",
        "Номера заказа и отправления: 51200934-0003.",
    ]
    assert answer["texts"] == []
    assert answer["resolution"] == "Не решена"
    assert answer["quote"].startswith("Обращения клиентов необходимо эскалировать")


@pytest.mark.rule("E-34")
def test_a_cancelled_order_that_was_paid_by_the_account_has_its_words(check: Any) -> None:
    answer = check(chat("Отмените заказ", payment_method="Ozon Счёт", client={"name": "Анна"}))
    assert answer["decision"] == "self"
    assert answer["texts"][0].startswith("Добрый день, Анна! Заказ успешно отменён. В течение 2-3 дней возврат")
    assert answer["comment"] is None
    assert check(chat("Отмените заказ", payment_method="СБП"))["texts"] == []


@pytest.mark.rule("E-37", "E-38", "E-39", "E-40")
def test_questions_about_the_bank_from_elsewhere_are_answered_and_closed(check: Any) -> None:
    answer = check(chat("Как получить Ozon Карту", channel="email"))
    question, user, other = answer["texts"]
    assert question.endswith("?")
    assert "https://bank.ozon.ru/chat" in user
    assert "https://bank.ozon.ru/chat" not in other
    assert all("8-499-455-01-42" in text for text in (user, other))
    assert answer["resolution"] == "Решено"
    assert answer["category"] == "Финансовые сервисы - Ozon Банк - Общие условия"


@pytest.mark.rule("E-43")
def test_each_message_is_judged_anew(check: Any) -> None:
    first, answer, second = (
        message("Где мой заказ?", id="m1"),
        message("Уже в пункте выдачи", "agent", id="m2"),
        message("А расскажите мне, почему у меня не списался платёж по Рассрочке от Ozon", id="m3"),
    )
    assert check(chat(first, answer, second, message_id="m1"))["decision"] == "self"
    assert check(chat(first, answer, second, message_id="m3"))["line"] == FS
    assert check(chat(first, answer, second))["line"] == FS


@pytest.mark.rule("E-11")
def test_the_card_and_the_balance_together_are_asked_about(check: Any) -> None:
    answer = check(chat("Деньги с баланса средств не дошли на Ozon Карту"))
    assert (answer["decision"], answer["rule"]) == ("ask", "E-11")
    assert {one["line"] for one in answer["alternatives"]} == {FS, "Чат. Ozon Карта"}
    assert answer["texts"]


REFUSED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("E-09", chat("Почему не прошёл платёж по рассрочке"), "Чат. Ozon Карта", FS),
    ("E-09", chat("Как получить Ozon Карту"), "Чат. Финансовые сервисы 2Л", "Чат. Ozon Карта"),
    ("E-24", chat("Где взять УПД", agent={"skills": ["B2B"]}, **COMPANY), B2B, None),
    ("E-25", chat("Где мой заказ?", client={"is_legal_entity": False}), B2B, None),
    ("E-27", chat("Где мой заказ?", **BADGE), "Чат. Монетизация", None),
    ("E-27", chat("Что с монетизацией"), "Чат. Монетизация", None),
    ("E-33", chat("Отмените заказ, он оплачен через Ozon Счёт"), "Чат. Ozon Карта", None),
    ("E-41", chat("Когда вернутся деньги за отменённый заказ"), "Чат. Финансовые сервисы 2Л", None),
    ("E-49", chat("Как погасить рассрочку", channel="email"), "Чат. Финансовые сервисы 2Л", None),
    ("E-54", chat("Как погасить рассрочку", closing={"resolution": "Решено"}), "Чат. Финансовые сервисы 2Л", FS),
]


@pytest.mark.rule("E-05", "E-06", "E-09", "E-24", "E-25", "E-27", "E-33", "E-41", "E-49", "E-54")
@pytest.mark.parametrize(("rule", "event", "reason", "right"), REFUSED)
def test_a_forbidden_pair_is_refused(check: Any, rule: str, event: dict[str, Any], reason: str, right: Any) -> None:
    comment = "Клиент ждёт ответа, проверено в программах."
    event["closing"] = {"escalate": True, "escalation_reason": reason, "comment": comment} | event["closing"]
    answer = check(event)
    assert (answer["decision"], answer["rule"], answer["line"]) == ("refuse", rule, reason)
    assert [one["line"] for one in answer["alternatives"]] == [right]


@pytest.mark.rule("E-09", "E-11")
@pytest.mark.parametrize("text", ["Как получить Ozon Карту и увеличить лимит", "Рассрочка и Ozon Карта"])
def test_the_line_of_one_of_two_topics_is_not_refused_for_the_other(check: Any, text: str) -> None:
    closing = {"escalate": True, "escalation_reason": "Чат. Ozon Карта", "comment": "Спрашивает о карте."}
    answer = check(chat(text, closing=closing))
    assert answer["decision"] in ("escalate", "ask")
    assert "Чат. Ozon Карта" in [answer["line"], *(one["line"] for one in answer["alternatives"])]


def test_a_refusal_names_the_field_by_which_the_right_line_is_told(check: Any) -> None:
    closing = {"escalate": True, "escalation_reason": FS, "comment": "Нужны документы."}
    answer = check(chat("Как погасить рассрочку", agent={"skills": None}, closing=closing, **COMPANY))
    assert (answer["decision"], answer["rule"], answer["missing"]) == ("refuse", "E-48", ["agent.skills"])
    assert [one["line"] for one in answer["alternatives"]] == [B2B]
    assert "agent.skills" in answer["texts"][0]


@pytest.mark.rule("E-05", "E-56")
@pytest.mark.parametrize(("comment", "decision"), [(None, "refuse"), ("Тема", "refuse"), ("Просит вывод", "escalate")])
def test_an_escalation_without_a_comment_is_refused(check: Any, comment: str | None, decision: str) -> None:
    closing = {"resolution": "Не решена", "escalate": True, "escalation_reason": FS, "comment": comment}
    answer = check(chat("Как вывести деньги с Баланса Средств?", closing=closing))
    assert (answer["decision"], answer["line"]) == (decision, FS)
    assert answer["rule"] == ("E-05" if decision == "refuse" else "E-48")


@pytest.mark.rule("E-52a")
def test_where_delivery_may_be_switched_the_agent_is_told(check: Any) -> None:
    assert "переключить" in check(chat("Где мой заказ?", packages=[MINI]))["texts"][0]
    assert check(chat("Где мой заказ?", packages=[EXPRESS]))["texts"] == []


@pytest.mark.parametrize(
    ("event", "missing"),
    [
        (chat("Как погасить рассрочку", channel=None), ["ticket.channel"]),
        (chat("Где взять УПД", agent={"skills": None}, **COMPANY), ["agent.skills"]),
        (chat("Начислите мне баллы", agent={"org": "АКЦ", "permissions": None}), ["agent.permissions"]),
    ],
)
def test_a_field_that_a_rule_needs_is_asked_for(check: Any, event: dict[str, Any], missing: list[str]) -> None:
    answer = check(event)
    assert (answer["decision"], answer["missing"]) == ("ask", missing)
    assert missing[0] in answer["texts"][0]
    assert len(answer["alternatives"]) == 1


def test_nothing_is_stored_and_nobody_is_called(check: Any, bot: Bot) -> None:
    check(chat("Как получить Ozon Карту"))
    assert check({**chat(), "ticket": {"id": "1"}})["decision"] == "self"
    bot.work()
    assert bot.sandbox.calls("jira") == []
    assert bot.sandbox.calls("webcrm") == []
