"""Customers' chats from the signed event to the line in the CRM: each row of T-9, three minutes, silence."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import escalations
from tests.bot import Bot
from tests.chats import AT, B2B, BANK, EXPRESS, FS, WITHDRAW, chat, event, handed, said, send
from tests.handlers.request_life import crm_request, fire_due
from tests.handlers.test_jira_task import notes

BADGE = {"client": {"badges": ["Монетизация"]}}
COMPANY = {"client": {"is_legal_entity": True}}
AKC = {"agent": {"org": "АКЦ"}}
MINI = {"packages": [{"warehouse": "FRESH_MINI_77"}]}
# T-9, row by row: what the client writes, what the CRM knows besides, who has the chat, and where it goes.
Row = tuple[str, str, dict[str, Any], dict[str, Any], str | None]
ROWS: list[Row] = [
    ("E-53", "Где мой заказ?", {"packages": [{"delivery": "express"}]}, {}, EXPRESS),
    ("E-55", "Где мой заказ?", MINI, {}, "Чат. DS mini"),
    ("E-31", "Flex не приехал", {}, {}, "Flex"),
    ("E-10", "Как получить Ozon Карту", {}, {}, BANK),
    ("E-48", "Почему не списался платёж по рассрочке", {}, {}, FS),
    ("E-48", WITHDRAW, {}, {}, FS),
    ("E-48", "расскажите подробнее об условиях страхования", {}, {}, FS),
    ("E-12", "Как снять объявление с Ozon Объявлений", {}, {}, "Чат. Ozon Объявления"),
    ("E-13", "Отключите Ozon Premium", {}, {}, "Чат. Премиум подписка 2Л"),
    ("E-14", "Сертификат не активируется", {}, {}, "Чат. Акции, сертификаты 2Л"),
    ("E-27", "Когда выплата за монетизацию", BADGE, {}, "Чат. Монетизация"),
    ("E-25", "Где взять УПД", COMPANY, {}, B2B),
    ("E-32", "Начислите мне баллы за опоздание", {}, AKC, "Начисления АКЦ"),
    ("E-07", "Здравствуйте", {}, {}, None),
    ("E-24", "Баланс средств", COMPANY, {"agent": {"skills": ["B2B"]}}, None),
    ("E-27", "Когда выплата за монетизацию", {}, {}, None),
    ("E-32", "Начислите мне баллы за опоздание", {}, {}, None),
    ("E-40", "Как получить Ozon Карту", {"channel": "email"}, {}, None),
    ("E-29", "Где мой заказ?", {"packages": [{"delivery": "express"}, {"delivery": "courier"}]}, {}, None),
]


def kept(bot: Bot) -> list[tuple[str | None, str | None]]:
    """All escalations: the line, and how it ended."""
    with bot.engine.connect() as connection:
        rows = connection.execute(sa.select(escalations).order_by(escalations.c.id))
        return [(row.line, row.ended_how) for row in rows]


def found(bot: Bot, of: dict[str, Any]) -> list[tuple[str, str]]:
    """What a delivery found in a chat: rule and outcome."""
    return [(rule, outcome) for rule, verb, outcome in bot.steps(of["id"]) if verb == "find_in_chat"]


def escalating(bot: Bot) -> list[dict[str, Any]]:
    """The calls that handed a ticket on."""
    return [one for one in bot.sandbox.calls("webcrm") if one["path"].endswith("/escalate")]


@pytest.mark.rule("E-01", "E-08", "E-10", "E-12", "E-13", "E-14", "E-25", "E-27", "E-31", "E-32", "E-48", "E-53")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_each_row_of_the_table_once(bot: Bot, row: Row) -> None:
    rule, text, ticket, more, reason = row
    of = chat(said(text), **ticket)
    first = event(of, **more)
    send(bot, first, first)
    stands = bot.sandbox.ticket(of["id"])
    assert (stands["escalation"] or {}).get("reason") == reason
    assert [one["text"] for one in stands["messages"] if one["author"]["role"] == "bot"] == []
    again = event(of | {"messages": [*of["messages"], said("Вы тут?", id="m2")]}, **more)
    send(bot, again)
    assert len(escalating(bot)) == (reason is not None)
    words = f"на линию «{reason}»" if reason else "сначала уточнить" if rule == "E-29" else "сотрудник отвечает сам"
    assert [row.after for row in bot.ledger(first["id"]) if row.verb == "judge_chat"] == [f"{words}, {rule}"]
    if reason is not None:
        assert (rule, "escalate_ticket", "done") in bot.steps(first["id"])
        assert stands["escalation"]["comment"].splitlines()[1] == f"Что хочет клиент: {text}"
        assert [how for _, how in kept(bot)] == ["escalated"]


@pytest.mark.parametrize(("mode", "outcome"), [("warn", "done"), ("observe", "observed"), ("off", None)])
def test_a_rule_that_may_not_act_advises_records_or_says_nothing(bot: Bot, mode: str, outcome: str | None) -> None:
    bot.set_mode("E-48", mode)
    first = event(chat(said(WITHDRAW)))
    send(bot, first)
    assert escalating(bot) == []
    steps = [step for step in bot.steps(first["id"]) if step[1] == "note_escalation_advice"]
    assert steps == ([("E-48", "note_escalation_advice", outcome)] if outcome else [])
    written = notes(bot, first)
    assert len(written) == (mode == "warn")
    if written:
        assert f"– для линии «{FS}». Клиенту не отвечайте" in written[0]
        assert written[0].endswith("Номера заказа и отправления: 51200934-0003.")


def test_an_answer_of_the_crms_that_was_lost_hands_the_chat_on_once(any_bot: Bot) -> None:
    of = chat(said(WITHDRAW))
    any_bot.sandbox.put_ticket(of)
    path = f"POST /webcrm/tickets/{of['id']}/escalate"
    any_bot.sandbox.fault(system="webcrm", match=path, times=1, status=500, after_effect=True)
    send(any_bot, event(of))
    any_bot.hurry()
    any_bot.work()
    assert any_bot.sandbox.ticket(of["id"])["escalation"]["reason"] == FS
    assert kept(any_bot) == [("financial", "escalated")]


def test_a_chat_that_a_person_has_handed_on_meanwhile_stays_so(bot: Bot) -> None:
    of = chat(said(WITHDRAW))
    bot.sandbox.put_ticket(of | {"status": "Эскалирован", "escalation": {"reason": B2B}})
    send(bot, event(of))
    assert escalating(bot) == []
    assert bot.sandbox.ticket(of["id"])["escalation"] == {"reason": B2B}


def test_another_question_goes_to_another_line(bot: Bot) -> None:
    of = chat(said(WITHDRAW))
    send(bot, event(of))
    bot.sandbox.put_ticket(bot.sandbox.ticket(of["id"]) | {"status": "В работе"})
    more = [said("Вывели, спасибо", "agent", "m2"), said("Как получить Ozon Карту", id="m3")]
    send(bot, event(of | {"messages": [*of["messages"], *more]}))
    assert bot.sandbox.ticket(of["id"])["escalation"]["reason"] == BANK
    assert kept(bot) == [("financial", "escalated"), ("bank", "escalated")]


@pytest.mark.rule("E-02", "E-57")
def test_three_minutes_that_pass_are_told_once_and_an_escalation_in_time_stops_them(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    bot.sandbox.clock(set=AT)
    late, punctual = chat(said(WITHDRAW)), chat(said(WITHDRAW))
    send(bot, event(late), event(punctual))
    send(bot, handed(punctual, at="2026-11-20T16:05:00+03:00"))
    bot.sandbox.clock(advance="3m")
    assert fire_due(bot) == 1
    bot.work()
    (note,) = notes(bot, event(late))
    assert "– E-02: Прошло 3 мин., а чат не передан (линия «Чат. Финансовые сервисы 2Л»)." in note
    send(bot, handed(late, at="2026-11-20T16:11:00+03:00"))
    assert notes(bot, event(late)) == [note]
    assert notes(bot, event(punctual)) == []
    assert kept(bot) == [("financial", "escalated"), ("financial", "escalated")]


@pytest.mark.rule("E-02")
def test_an_escalation_that_took_longer_is_told_where_no_clock_was_there(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    of = chat(said(WITHDRAW))
    send(bot, event(of))
    assert fire_due(bot) == 1  # days later
    bot.work()
    assert notes(bot, event(of)) == []
    send(bot, handed(of, at="2026-11-20T16:11:00+03:00"))
    (note,) = notes(bot, event(of))
    assert "– E-02: Чат передан через 7 мин., а даётся 3" in note


@pytest.mark.rule("E-02")
def test_the_minutes_begin_with_each_agent_and_not_before_there_is_one(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    bot.sandbox.clock(set=AT)
    of = chat(said(WITHDRAW))
    send(bot, event(of, agent={"id": None}))
    bot.sandbox.clock(advance="10m")
    assert fire_due(bot) == 0
    send(bot, event(of, "ticket.assigned", at="2026-11-20T16:14:00+03:00"))
    bot.sandbox.clock(advance="2m")
    send(bot, event(of, "ticket.assigned", at="2026-11-20T16:16:00+03:00", agent={"id": "a18"}))
    bot.sandbox.clock(advance="2m")
    assert fire_due(bot) == 0
    bot.sandbox.clock(advance="1m")
    assert fire_due(bot) == 1
    assert [how for _, how in kept(bot)] == ["reassigned", "reassigned", None]


@pytest.mark.rule("E-04", "E-43")
def test_an_answer_to_a_question_of_another_lines_is_a_finding_and_the_answer_before_is_none(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    asked = [said("Где мой заказ?"), said("В пункте выдачи", "agent", "m2")]
    of = chat(*asked[:1])
    send(bot, event(of))
    answer = event(of | {"messages": asked})
    send(bot, answer)
    asked.append(said("А почему у меня не списался платёж по Рассрочке от Ozon", id="m3"))
    send(bot, event(of | {"messages": asked}))
    assert notes(bot, answer) == []
    asked.append(said("Сейчас переведу вас", "agent", "m4"))
    wrong = event(of | {"messages": asked})
    send(bot, wrong)
    assert found(bot, answer) == []
    assert found(bot, wrong) == [("E-04", "warned")]
    send(bot, handed(of | {"messages": asked}))
    (note,) = notes(bot, answer)
    assert f"– E-04: Клиенту ответили, хотя чат передают на линию «{FS}»" in note


@pytest.mark.rule("E-04")
def test_an_escalation_after_an_answer_is_a_finding_whatever_the_words_were_taken_for(bot: Bot) -> None:
    of = chat(said("Здравствуйте"), said("Минуту, переведу", "agent", "m2"))
    silent = chat(said("Здравствуйте, чем помочь?", "agent"), said("Здравствуйте", id="m2"))
    wrong, right = handed(of, B2B, "ticket.escalated"), handed(silent, B2B, "ticket.escalated")
    send(bot, wrong, right)
    assert found(bot, wrong)[-1] == ("E-04", "warned")
    assert found(bot, right) == []
    assert kept(bot) == [("b2b", "escalated"), ("b2b", "escalated")]


@pytest.mark.rule("E-05", "E-09", "E-49", "E-54")
@pytest.mark.parametrize(
    "case",
    [
        ("E-05", WITHDRAW, FS, {"comment": None}, "без подробного комментария. Напишите коллегам"),
        ("E-09", WITHDRAW, BANK, {}, f"на линию «{BANK}», а она ему не подходит: «Нельзя эскалировать"),
        ("E-54", WITHDRAW, FS, {"resolution": "Решено"}, f"предлагает только «Не решена». Подходит линия «{FS}»."),
        (
            "E-54",
            "Деньги с баланса средств не дошли на Ozon Карту",
            BANK,
            {"resolution": "Решено"},
            f"Уточните: может подойти линия «{FS}» или «{BANK}».",
        ),
        ("E-33", "Отмените заказ, он оплачен через Ozon Счёт", BANK, {}, "Ответьте клиенту сами."),
    ],
)
def test_an_escalation_that_may_not_be_is_found_once(bot: Bot, case: Any) -> None:
    rule, text, reason, closing, words = case
    bot.set_mode("E-48", "observe")
    of = chat(said(text))
    before, after = handed(of, reason, closing=closing), handed(of, reason, "ticket.closed", closing=closing)
    send(bot, before, after)
    assert (rule, "warned") in found(bot, before)
    assert found(bot, after) == []
    assert any(words in note for note in notes(bot, before))


@pytest.mark.rule("E-03", "E-04")
def test_while_a_chat_waits_for_its_line_the_bot_writes_nothing_to_the_client(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    of = chat(said(WITHDRAW))
    send(bot, event(of))
    asks = crm_request(ticket=of["id"])
    bot.crm(asks)
    bot.work()
    public = [one for one in bot.sandbox.ticket(of["id"])["messages"] if one["author"]["role"] == "bot"]
    assert [one for one in public if one["visibility"] == "public"] == []
    (reply,) = [row for row in bot.ledger(asks["id"]) if row.verb == "reply_to_client"]
    assert (reply.outcome, reply.reason) == ("unchanged", "the chat goes to another line, silently (E-03)")


def test_a_chat_that_is_closed_or_is_about_something_else_is_not_waited_for(bot: Bot) -> None:
    bot.set_mode("E-48", "observe")
    closed, other = chat(said(WITHDRAW)), chat(said(WITHDRAW))
    send(bot, event(closed), event(other))
    send(bot, event(closed, "ticket.closed", closing={"resolution": "Решено"}))
    told = [*other["messages"], said("Уже вывели", "agent", "m2"), said("Как оформить заказ?", id="m3")]
    send(bot, event(other | {"messages": told}))
    assert kept(bot) == [("financial", "closed"), ("financial", "withdrawn")]
    assert fire_due(bot) == 0


def test_partners_and_other_crms_are_left_to_their_own_manuals(bot: Bot) -> None:
    partner = event(chat(said(WITHDRAW), audience="partner"))
    send(bot, partner, handed(partner["ticket"], BANK, "ticket.escalated"))
    assert kept(bot) == []
    assert bot.steps(partner["id"]) == []
