"""The life of a request to a neighbour department, from the signed webhook to chat, client and lead (U-14…U-31)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events import RequestEvent
from runtime import own_events
from tests.bot import Bot
from tests.handlers.request_life import (
    CLIENT,
    FRIDAY,
    answer,
    ask,
    chat,
    comments,
    crm_request,
    drafts,
    finish,
    fire_after,
    fire_due,
    notes,
    outgoing,
    overdue,
    pending,
    prepare,
    promised,
    rows,
    states,
    told,
)

M_2 = "мне надо подключить сервисный департамент. Постараемся вернуться к вам до конца дня или завтра"


@pytest.mark.rule("U-14", "U-15", "U-16", "U-18", "U-19", "U-24", "U-26", "U-27", "U-30", "U-31", "U-37")
def test_the_life_of_a_request_in_usedesk(any_bot: Bot) -> None:
    bot = any_bot
    prepare(bot)
    ask(bot)
    assert states(bot) == [(1, "open", None)]
    assert len(chat(bot, "service")) == 1
    assert "новый запрос" in chat(bot, "service")[0]
    assert "Напоминаем" not in chat(bot, "service")[0]
    mine, theirs = comments(bot, CLIENT), comments(bot, outgoing())
    assert [M_2 in text for text in mine] == [True, False]
    assert str(outgoing()) in mine[1]
    assert [str(CLIENT) in text for text in theirs] == [True]
    assert promised(bot) == [("M-2", "draft")]
    assert overdue(bot) == []

    assert fire_after(bot, "23h") == 0
    assert fire_after(bot, "60m") == 1
    assert ["Напоминаем" in text for text in chat(bot, "service")] == [False, True]
    assert "Напоминаем" in comments(bot, outgoing())[1]
    assert "Мы уже напомнили" in comments(bot, CLIENT)[2]  # nobody told the agent's gender
    assert "не ответил" in comments(bot, CLIENT)[3]
    assert comments(bot, CLIENT, "public") == []
    step_0 = [(0, "department", False, "sent"), (0, "department", False, "sent"), (0, "agent", False, "sent")]
    assert told(bot) == step_0
    assert promised(bot) == [("M-2", "draft"), ("M-5", "draft")]
    assert overdue(bot) == [str(CLIENT)]

    assert fire_after(bot, "24h") == 1
    assert len(chat(bot, "head")) == 1
    assert fire_after(bot, "24h") == 1
    assert len(chat(bot, "lead")) == 1
    assert told(bot) == [*step_0, (1, "head", False, "sent"), (2, "lead", False, "sent")]
    assert fire_after(bot, "240h") == 0

    answer(bot)
    assert states(bot) == [(1, "answered", "comment")]
    assert "нужен выезд мастера" in comments(bot, CLIENT)[-1]
    assert overdue(bot) == []
    assert promised(bot) == [("M-2", "withdrawn"), ("M-5", "withdrawn")]
    before = len(comments(bot, CLIENT))
    finish(bot)
    assert (len(comments(bot, CLIENT)), len(chat(bot, "service")), pending(bot)) == (before, 2, [])


@pytest.mark.rule("U-30")
@pytest.mark.parametrize("rings", [0, 1, 2, 3])
def test_an_answer_at_every_point_stops_the_escalation(bot: Bot, rings: int) -> None:
    prepare(bot)
    ask(bot)
    for _ in range(rings):
        fire_after(bot, "24h")
    sent = told(bot)
    answer(bot)
    assert states(bot) == [(1, "answered", "comment")]
    assert fire_after(bot, "100h") == 0
    assert told(bot) == sent


@pytest.mark.rule("U-30")
def test_an_answer_that_comes_after_the_timer_was_claimed_is_told_apart(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    bot.sandbox.clock(advance="25h")
    assert fire_due(bot) == 1
    bot.sandbox.usedesk_act("client", ticket_id=outgoing(), message="Готово, плату заменили.")
    finish(bot)
    assert told(bot) == []
    assert states(bot) == [(1, "answered", "comment")]
    assert not any("Напоминаем" in text for text in chat(bot, "service"))


@pytest.mark.rule("U-30", "U-31")
def test_an_answer_that_stands_unheard_is_found_before_anybody_is_reminded(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    bot.sandbox.usedesk_settings(webhooks=False)
    answer(bot)
    assert states(bot) == [(1, "open", None)]
    fire_after(bot, "24h")
    assert states(bot) == [(1, "answered", "comment")]
    assert told(bot) == []


def test_a_courtesy_and_the_askers_own_words_are_no_answer(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    answer(bot, "Спасибо!")
    bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), message="Коллеги, очень ждём.", user_id=12)
    finish(bot)
    assert states(bot) == [(1, "open", None)]
    bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), message="Посмотрел, всё исправно.", user_id=13)
    finish(bot)
    assert states(bot) == [(1, "answered", "comment")]


@pytest.mark.rule("U-30")
@pytest.mark.parametrize(
    "text",
    [
        "Автоматический ответ: я в отпуске до 5 декабря, груз примет Пётр.",
        "Ваше обращение № 12345 зарегистрировано, ответим в течение дня.",
        "Добрый день! Взяли в работу.",
        "Спасибо!\n\nС уважением,\nИван Пример, служба склада",
        "Ок\n\n> Когда приедет мастер? Клиент ждёт с утра.",
        "+",
        "👍",
    ],
)
def test_not_every_word_of_a_department_is_an_answer(bot: Bot, text: str) -> None:
    prepare(bot)
    ask(bot)
    before = comments(bot, CLIENT)
    answer(bot, text)
    assert states(bot) == [(1, "open", None)]
    assert comments(bot, CLIENT) == before
    fire_after(bot, "24h")  # nor is it taken for one when the reminder is due
    assert states(bot) == [(1, "open", None)]


@pytest.mark.rule("U-30")
def test_in_doubt_the_clock_runs_on_and_the_agent_is_asked_once(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    before = comments(bot, CLIENT)
    answer(bot, "Какой адрес у клиента?")
    assert states(bot) == [(1, "open", None)]
    asked = [text for text in comments(bot, CLIENT) if text not in before]
    assert len(asked) == 1
    assert "похоже на ответ – отметить?" in asked[0]
    assert "Какой адрес у клиента?" in asked[0]


@pytest.mark.rule("U-30")
@pytest.mark.parametrize(("status", "state"), [(2, ("answered", "status")), (4, ("withdrawn", "ticket_gone"))])
def test_the_status_of_the_departments_ticket_ends_it(bot: Bot, status: int, state: tuple[str, str]) -> None:
    prepare(bot)
    ask(bot)
    bot.sandbox.usedesk_act("agent", ticket_id=outgoing(), status=status, user_id=13)
    finish(bot)
    assert states(bot) == [(1, *state)]
    assert pending(bot) == []


@pytest.mark.rule("U-14")
def test_a_second_request_and_a_reopened_one_start_anew(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    first = outgoing()
    answer(bot)
    ask(bot, number=2)
    assert states(bot) == [(1, "answered", "comment"), (2, "open", None)]
    assert "повторный запрос" in chat(bot, "service")[1]
    bot.sandbox.usedesk_act("agent", ticket_id=first, status=2, user_id=12)
    finish(bot)
    bot.sandbox.clock(advance="1h")
    bot.sandbox.usedesk_act("agent", ticket_id=first, status=1, user_id=12)
    finish(bot)
    assert [(row.number, row.state, row.dept_ticket_id) for row in rows(bot)][2:] == [(3, "open", str(first))]
    assert len(pending(bot)) == 2


@pytest.mark.rule("U-19")
def test_an_unknown_department_is_refused_with_a_reason(bot: Bot) -> None:
    prepare(bot)
    ask(bot, department="луна")
    assert rows(bot) == []
    (said,) = comments(bot, CLIENT)
    assert "«луна» нет в настройках" in said
    assert "Сервисный департамент" in said
    assert "____" not in said


@pytest.mark.rule("U-14", "U-18")
def test_on_hold_with_the_department_in_a_field_is_a_request_too(bot: Bot) -> None:
    prepare(bot)
    edit(bot, "usedesk_field: null", "usedesk_field: '55'")
    act = {"field_id": "55", "field_value": "Технический отдел"}
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, message="Что с платой?", private=True, user_id=12)
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=5, user_id=12, **act)
    finish(bot)
    (asked,) = rows(bot)
    assert (asked.department, asked.text, asked.dept_ticket_id) == ("technical", "Что с платой?", None)
    assert "подключить технического инженера" in comments(bot, CLIENT)[0]
    ask(bot, department="technical")
    assert [(row.department, row.dept_ticket_id) for row in rows(bot)] == [("technical", str(outgoing()))]
    assert len(chat(bot, "technical")) == 1


@pytest.mark.rule("U-20", "U-21", "U-22", "U-23", "U-24", "U-25")
def test_the_six_departments_are_named_in_the_reply_as_it_must_be(bot: Bot) -> None:
    prepare(bot)
    six = {
        "Технический отдел": "технического инженера",
        "Разработчики приложения": "разработчиков приложения",
        "Руководство авторизованного сервисного центра": "руководство авторизованного сервисного центра",
        "Руководство фирменного магазина": "руководство фирменного магазина",
        "Сервисный департамент": "сервисный департамент",
        "Менеджер по продукту": "менеджера по продукту",
    }
    for number, name in enumerate(six):
        bot.sandbox.put_ticket({"id": f"77{number}"})
        bot.crm(crm_request(ticket=f"77{number}", id=f"r-{number}", department=name))
    finish(bot)
    for number, accusative in enumerate(six.values()):
        (said,) = drafts(bot, f"77{number}")
        assert f"мне надо подключить {accusative}. Постараемся" in said["text"]
    assert len(pending(bot)) == len(six)


@pytest.mark.rule("U-15")
def test_a_person_puts_a_reminder_off_and_the_escalation_keeps_its_distance(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    until = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    word(
        bot, RequestEvent(occurred_at=until, type="request.snoozed", key="k1", request=1, until=until, reason="Отпуск")
    )
    assert (rows(bot)[0].snooze_reason, rows(bot)[0].next_at) == ("Отпуск", until)
    assert "Отпуск" in comments(bot, CLIENT)[-1]
    assert fire_after(bot, "24h") == 0
    bot.sandbox.clock(set="2026-11-26T12:00:01+03:00")
    assert fire_due(bot) == 1
    finish(bot)
    assert [who for _, who, _, _ in told(bot)] == ["department", "department", "agent"]
    assert rows(bot)[0].next_at == until + timedelta(hours=24)
    word(bot, RequestEvent(occurred_at=until, type="request.answered", key="k2", request=1, by="a17"))
    assert states(bot) == [(1, "answered", "person")]
    assert fire_after(bot, "48h") == 0


def test_a_timer_that_was_claimed_before_a_snooze_counts_no_more(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    bot.sandbox.clock(advance="24h")
    assert fire_due(bot) == 1
    until = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    with bot.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET due_at = NULL WHERE type = 'alarm.due'")
    word(bot, RequestEvent(occurred_at=until, type="request.snoozed", key="k1", request=1, until=until), hurry=False)
    finish(bot)
    assert told(bot) == []
    assert pending(bot) == ["request:1:2"]


def word(bot: Bot, event: RequestEvent, *, hurry: bool = True) -> None:
    """What a page posts."""
    with bot.engine.begin() as connection:
        own_events.post(connection, event)
    if hurry:
        finish(bot)
    else:
        bot.work()


def edit(bot: Bot, old: str, new: str, file: str = "departments.yml") -> None:
    """Change the shipped configuration for this bot."""
    bot.set_mode("U-14", "act")  # makes the copy
    path = bot.process.settings.data_dir / "config" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    bot.set_config()


@pytest.mark.rule("U-31")
@pytest.mark.parametrize(("gender", "said"), [("f", "Я уже напомнила"), ("m", "Я уже напомнил про"), (None, "Мы уже")])
def test_the_client_hears_in_the_agents_gender(bot: Bot, gender: str | None, said: str) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    assert bot.crm(crm_request(agent={"gender": gender})) == 202
    finish(bot)
    fire_after(bot, "24h")
    first, last = drafts(bot)
    assert M_2 in first["text"]
    assert said in last["text"]
    assert (first["draft"], last["draft"]) == (True, True)


@pytest.mark.rule("U-31")
def test_m_5_never_goes_when_nobody_could_remind_the_department(bot: Bot) -> None:
    prepare(bot, CHAT_SERVICE="")
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    fire_after(bot, "24h")
    assert len(drafts(bot)) == 1
    assert "Напомнить отделу бот не смог" in notes(bot)[-1]
    assert promised(bot) == [("M-2", "draft")]


@pytest.mark.rule("U-31")
def test_words_to_the_client_wait_for_a_working_day(bot: Bot) -> None:
    prepare(bot, FRIDAY)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    fire_after(bot, "24h")  # Saturday, 16:00
    assert len(chat(bot, "service")) == 2
    assert len(drafts(bot)) == 1
    assert "23 ноября, 09:00" in notes(bot)[-1]
    assert fire_after(bot, "39h") == 1  # the 48 hours of Sunday, heard at seven on Monday
    assert len(drafts(bot)) == 1
    bot.sandbox.clock(set="2026-11-23T09:00:01+03:00")
    assert fire_due(bot) == 2  # the client's words, and the head's, for whom seven in the morning was too early
    finish(bot)
    assert "Я уже напомнила" in drafts(bot)[-1]["text"]


@pytest.mark.rule("U-31")
def test_the_wait_for_a_working_day_can_be_switched_off(bot: Bot) -> None:
    prepare(bot, FRIDAY)
    edit(bot, "  clock: business", "  clock: calendar")
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    fire_after(bot, "24h")
    assert "Я уже напомнила" in drafts(bot)[-1]["text"]


@pytest.mark.rule("U-30")
def test_nobody_is_told_anything_in_the_quiet_hours(bot: Bot) -> None:
    prepare(bot, "2026-11-23T22:00:00+03:00")
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    assert fire_after(bot, "24h") == 0
    bot.sandbox.clock(set="2026-11-25T09:00:01+03:00")
    assert fire_due(bot) == 1
    finish(bot)
    assert [who for _, who, _, _ in told(bot)] == ["department", "agent"]


@pytest.mark.rule("U-30")
def test_a_clock_that_wakes_up_in_the_quiet_hours_waits_till_the_morning(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    bot.sandbox.clock(set="2026-11-24T23:00:00+03:00")
    assert fire_due(bot) == 1
    finish(bot)
    assert told(bot) == []
    bot.sandbox.clock(set="2026-11-25T09:00:01+03:00")
    fire_due(bot)
    finish(bot)
    assert [who for _, who, _, _ in told(bot)] == ["department", "agent"]


@pytest.mark.rule("U-15", "U-30")
def test_a_clock_that_slept_for_days_fires_each_step_once_late_and_in_order(any_bot: Bot) -> None:
    bot = any_bot
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    bot.sandbox.clock(advance="97h")
    for _ in range(4):
        fire_due(bot)
        finish(bot, 1)
    steps = [(0, "department"), (0, "agent"), (1, "head"), (2, "lead")]
    assert told(bot) == [(step, who, True, "sent") for step, who in steps]


@pytest.mark.rule("R-17")
def test_who_is_only_informed_is_not_reminded(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request(answer_required=False))
    finish(bot)
    assert states(bot) == [(1, "answered", "not_required")]
    assert len(chat(bot, "service")) == 1
    assert (pending(bot), drafts(bot)) == ([], [])
    assert fire_after(bot, "100h") == 0


@pytest.mark.rule("U-30")
def test_an_answer_may_come_before_its_request(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request("answered", answer="Готово."))
    finish(bot)
    bot.crm(crm_request())
    finish(bot)
    assert states(bot) == [(1, "answered", "event")]
    assert (pending(bot), chat(bot, "service")) == ([], [])
    bot.crm(crm_request())
    finish(bot)
    assert states(bot) == [(1, "answered", "event"), (2, "open", None)]


@pytest.mark.rule("U-30")
def test_an_answer_passes_a_ticket_with_a_dead_letter(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    with bot.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'dead' WHERE source = 'webcrm'")
    bot.crm(crm_request("answered", answer="Готово."))
    finish(bot)
    assert states(bot) == [(1, "answered", "event")]
    assert fire_after(bot, "48h") == 0


@pytest.mark.rule("U-30")
def test_an_answer_passes_the_dead_letter_of_the_departments_own_ticket(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    with bot.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'dead' WHERE source = 'usedesk'")
    answer(bot)
    assert states(bot) == [(1, "answered", "comment")]


@pytest.mark.rule("W-01")
@pytest.mark.parametrize(
    ("status", "passed_over"), [("отдых", True), ("Тренинг", True), ("Помощь эксперта", False), ("НА ЛИНИИ", False)]
)
def test_an_agent_who_rests_is_passed_over_to_the_lead(bot: Bot, status: str, *, passed_over: bool) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    event = crm_request() | {"id": "evt-rest", "type": "agent.status_changed", "request": None}
    bot.crm(event | {"agent": {"id": "a17", "status": status}})
    finish(bot)
    before = len(notes(bot))
    fire_after(bot, "24h")
    assert [who for _, who, _, _ in told(bot)] == ["department", "lead" if passed_over else "agent"]
    assert len(chat(bot, "lead")) == int(passed_over)
    assert (len(notes(bot)) == before) == passed_over


@pytest.mark.rule("U-15", "U-31")
def test_a_request_goes_with_its_ticket_to_another_agent(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    given = crm_request() | {"id": "evt-given", "type": "ticket.assigned", "request": None}
    bot.crm(given | {"agent": {"id": "a18", "gender": "m"}})
    finish(bot)
    assert "Теперь этот тикет ваш" in notes(bot)[-1]
    fire_after(bot, "24h")
    assert rows(bot)[0].owner_id == "a18"
    assert "Я уже напомнил про" in drafts(bot)[-1]["text"]


@pytest.mark.rule("U-28", "U-29")
@pytest.mark.parametrize(
    ("at", "text"),
    [("2026-11-23T17:00:00+03:00", "M-3"), ("2026-11-20T17:00:00+03:00", "M-4"), ("2026-11-21T11:00:00+03:00", "M-4")],
)
def test_the_reply_follows_the_hour_and_is_sent_where_its_rule_says_so(bot: Bot, at: str, text: str) -> None:
    prepare(bot, at)
    rule = {"M-3": "U-28", "M-4": "U-29"}[text]
    edit(bot, f"\n  {rule}:\n", f"\n  {rule}:\n    send: true\n", "rules.yml")
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    (said,) = drafts(bot)
    assert said["draft"] is False
    assert promised(bot) == [(text, "made")]
    assert rows(bot)[0].client_informed_at is not None
    assert "promise:1" in pending(bot)


def message(text: str, **changes: object) -> dict[str, object]:
    """An agent's public message in the ticket."""
    said = {"id": "m9", "author": {"role": "agent", "id": "a17"}, "visibility": "public", "text": text}
    event = crm_request() | {"type": "ticket.message", "request": None, "message_id": "m9", **changes}
    event["ticket"] = {**event["ticket"], "messages": [said]}
    return event


@pytest.mark.rule("U-18", "U-32")
@pytest.mark.parametrize("by", ["name", "words", "other"])
def test_a_draft_that_the_agent_sends_is_a_promise(bot: Bot, by: str) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    (draft,) = drafts(bot)
    words = {"name": "Совсем другими словами.", "words": f"Добрый день, Анна! {draft['text']}.", "other": "Проверяем."}
    bot.crm(message(words[by], **({"draft_of": draft["id"]} if by == "name" else {})))
    finish(bot)
    assert promised(bot) == [("M-2", "draft" if by == "other" else "made")]
    assert (rows(bot)[0].client_informed_at is None) is (by == "other")


@pytest.mark.rule("U-18")
@pytest.mark.parametrize(
    ("text", "state"), [(None, "broken"), ("Мастер приедет завтра.", "kept"), ("Спасибо!", "broken")]
)
def test_a_promise_is_kept_or_broken(bot: Bot, text: str | None, state: str) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request())
    finish(bot)
    bot.crm(message("", draft_of=drafts(bot)[0]["id"]))
    finish(bot)
    if text:
        bot.crm(message(text))
    bot.crm(crm_request("answered", answer="Готово."))
    finish(bot)
    fire_after(bot, "31h")  # the end of work tomorrow is 18:00
    assert promised(bot) == [("M-2", state)]
    assert any("срок прошёл, а ответа нет" in one for one in notes(bot)) is (state == "broken")


@pytest.mark.rule("U-15")
def test_the_day_is_counted_from_when_the_department_was_asked_however_late_we_hear_of_it(bot: Bot) -> None:
    prepare(bot)
    bot.sandbox.put_ticket({"id": "23814352"})
    bot.crm(crm_request(at="2026-11-23T10:15:00+03:00"))
    finish(bot)
    (row,) = rows(bot)
    assert (row.since.isoformat(), row.due_at.isoformat()) == ("2026-11-23T07:15:00+00:00", "2026-11-24T07:15:00+00:00")
