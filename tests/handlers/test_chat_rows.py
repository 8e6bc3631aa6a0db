"""T-9 from the signed event to the ticket in the CRM, topic by topic of the table; told again, nothing more is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config.escalation import EscalationConfig, EscalationRow
from tests.bot import Bot
from tests.chats import B2B, BANK, FS, WITHDRAW, chat, event, handed, said, send
from tests.handlers.test_customer_chats import AKC, BADGE, COMPANY, escalating, found, kept
from tests.handlers.test_jira_task import notes

PROMO, ACCRUALS = "Чат. Акции, сертификаты 2Л", "Начисления АКЦ"
SKILLED: dict[str, Any] = {"agent": {"skills": ["B2B"]}}
RIGHT = {"agent": {"org": "АКЦ", "permissions": ["Начисления"]}}
MEETS: dict[str | None, dict[str, Any]] = {None: {}, "person": {}, "badge": BADGE, "company": COMPANY, "no_right": {}}
# Rows 3, 7 and 10 by the client's words: what is the line's, what only looks so, and what the CRM does not tell.
SAID: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("Заблокировали Ozon Карту, что делать?", {}, {}, BANK),
    ("Оплачивал заказ при помощи Ozon Счёт, заказ отменил, но деньги не вернулись", {}, {}, BANK),
    ("Отмените заказ, он оплачен через Ozon Счёт", {}, {}, None),
    ("Как получить Ozon Карту", {"channel": "email"}, {}, None),
    ("Как получить Ozon Карту", {"channel": "Входящий звонок"}, {}, None),
    ("Какие условия акции «Два по цене одного»?", {}, {}, PROMO),
    ("Сертификат не активируется", {}, {}, PROMO),
    ("Где бонус по реферальной программе?", {}, {}, PROMO),
    ("Промокод не работает", {"channel": "email"}, {}, None),
    ("Начислите мне баллы за опоздание", {}, AKC, ACCRUALS),
    ("Начислите мне баллы за опоздание", {}, RIGHT, None),
    ("Начислите мне баллы за опоздание", {}, {"agent": {"org": "АКЦ", "permissions": None}}, None),
    ("Начислите мне баллы за опоздание", {}, {"agent": {"org": "КЦ"}}, None),
    ("Начислите мне баллы за опоздание", {"channel": "email"}, AKC, None),
]


def of_table(table: EscalationConfig) -> Iterator[tuple[EscalationRow, str]]:
    """Each topic with the row that takes it."""
    taken: set[str] = set()
    for row in table.rows:
        for topic in row.topics or [name for name in table.topics if name not in {*row.besides, *taken}]:
            yield row, topic
        taken.update(row.topics)


def told_again(bot: Bot, of: dict[str, Any], **more: Any) -> None:
    """The same once more under another number, by the assignment, and with another message: nothing changes."""
    before = bot.sandbox.ticket(of["id"]), kept(bot), len(escalating(bot))
    further = of | {"messages": [*of["messages"], said("Вы тут?", id="m9")]}
    send(bot, event(of, **more), event(of, "ticket.assigned", **more), event(further, **more))
    assert (bot.sandbox.ticket(of["id"]), kept(bot), len(escalating(bot))) == before


def test_each_topic_of_the_table_goes_to_its_line_once(any_bot: Bot) -> None:
    bot, table = any_bot, any_bot.reloader.current().escalation
    for row, topic in of_table(table):
        more: dict[str, Any] = AKC if row.needs == "no_right" else {}
        of = chat(said("Здравствуйте"), topics=[table.topics[topic].name], **MEETS[row.needs])
        first = event(of, **more)
        send(bot, first)
        reason, rule = table.lines[row.line].reason, table.lines[row.line].rule
        assert (bot.sandbox.ticket(of["id"])["escalation"] or {}).get("reason") == reason, topic
        assert (rule, "escalate_ticket", "done") in bot.steps(first["id"]), topic
        assert kept(bot)[-1] == (row.line, "escalated"), topic
        told_again(bot, of, **more)


@pytest.mark.rule("E-10", "E-14", "E-32", "E-33", "E-35", "E-36", "E-40", "E-51")
def test_the_bank_the_promotions_and_the_accruals_by_the_clients_words(any_bot: Bot) -> None:
    for text, ticket, more, reason in SAID:
        of = chat(said(text), **ticket)
        send(any_bot, event(of, **more))
        stands = any_bot.sandbox.ticket(of["id"])
        assert (stands["escalation"] or {}).get("reason") == reason, text
        assert [one for one in stands["messages"] if one["author"]["role"] == "bot"] == [], text
        told_again(any_bot, of, **more)


# What an agent may not hand on, beside the cases of `test_customer_chats`: rule, chat, agent, line chosen, and advice.
WRONG: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    ("E-24", chat(said("Где взять УПД"), **COMPANY), SKILLED, B2B, "Ответьте клиенту сами."),
    ("E-25", chat(said("Где взять УПД"), client={"is_legal_entity": False}), {}, B2B, "Ответьте клиенту сами."),
    ("E-27", chat(said("Где мой заказ?"), **BADGE), {}, "Чат. Монетизация", "Ответьте клиенту сами."),
    ("E-32", chat(said("Начислите мне баллы")), RIGHT, ACCRUALS, "Ответьте клиенту сами."),
    ("E-41", chat(said("Когда вернутся деньги за отменённый заказ")), {}, FS, "Ответьте клиенту сами."),
    ("E-49", chat(said("Как получить Ozon Карту"), channel="email"), {}, BANK, "Ответьте клиенту сами."),
    ("E-49", chat(said("Промокод не работает"), channel="email"), {}, PROMO, "Ответьте клиенту сами."),
    ("E-09", chat(said(WITHDRAW)), {}, BANK, f"Подходит линия «{FS}»."),
]


@pytest.mark.rule("E-06", "E-09", "E-24", "E-25", "E-27", "E-32", "E-41", "E-49")
def test_what_may_not_be_handed_on_is_told_the_agent_once(any_bot: Bot) -> None:
    for rule, of, more, reason, advice in WRONG:
        closing = handed(of, reason, **more)
        send(any_bot, closing)
        assert [one for one in found(any_bot, closing) if one[0] == rule] == [(rule, "warned")]
        told = [text for text in notes(any_bot, closing) if advice in text]
        assert len(told) == 1, (rule, notes(any_bot, closing))
        again = handed(of, reason, **more), handed(of, reason, "ticket.escalated", **more)
        send(any_bot, *again)
        assert [found(any_bot, one) for one in again] == [[], []], rule
        assert [text for text in notes(any_bot, closing) if advice in text] == told, rule
