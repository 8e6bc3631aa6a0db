"""How agents work, from the signed event to what the lead's page shows (W-05…W-08, R-54)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from desk.clock import machine_now
from store import rule_hits
from tests.bot import Bot
from tests.closings import closed, said
from tests.tickets import closing, ticket

BY: dict[str, Any] = {"router": {"role": "router", "id": "r1"}, "agent": {"role": "agent", "id": "a17"}}
AT = "2026-11-20T16:0{}:00+03:00"


def assigned(minute: int = 0, by: str | None = "router", **of: Any) -> dict[str, Any]:
    """A ticket is given to agent a17."""
    made = ticket(**of)
    event = closing(made | {"seller": {"id": f"s{made['id']}"}}, type="ticket.assigned")  # no duplicate of another
    return event | {"occurred_at": AT.format(minute), "assigned_by": BY.get(by or ""), "closing": None}


def status(words: str, minute: int) -> dict[str, Any]:
    """The agent has another status now."""
    event = closing(ticket(), type="agent.status_changed")
    return event | {"occurred_at": AT.format(minute), "agent": event["agent"] | {"status": words}, "closing": None}


def hear(bot: Bot, *events: dict[str, Any]) -> None:
    """The bot hears of them, in this order; their tickets stand in the CRM as they tell."""
    for event in events:
        if event["type"] != "agent.status_changed":
            bot.sandbox.put_ticket(event["ticket"])
        assert bot.crm(event) == 202
        bot.work()


def seen_by_lead(bot: Bot) -> list[tuple[str, str, int]]:
    """Rule, agent and count, as the lead's page shows them, of the rules of how agents work."""
    now, hour = machine_now(), timedelta(hours=1)
    with bot.engine.connect() as connection:
        rows = rule_hits.table(connection, now - hour, now + hour, agents=True)
    return [(rule, agent, count) for rule, agent, count, _ in rows if rule in ("W-05", "W-06", "W-08", "R-54")]


def untouched(bot: Bot, event: dict[str, Any]) -> bool:
    """Whether nothing was written into the ticket."""
    return bool(bot.sandbox.ticket(event["ticket"]["id"])["messages"] == event["ticket"]["messages"])


@pytest.mark.rule("W-05")
@pytest.mark.parametrize(
    ("status_told", "found"), [("Отдых", True), ("Помощь эксперта", True), ("На линии", False), ("на  линии", False)]
)
def test_work_in_another_status_is_seen_by_the_lead_once(bot: Bot, status_told: str, found: bool) -> None:
    event = closed(ticket(type="Финансы", subtype="Сверка", messages=[said("agent", "Готово", "answer")]), "НТО")
    event["agent"] |= {"status": status_told}
    hear(bot, event, event | {"id": "evt-again", "type": "ticket.closed"})
    assert seen_by_lead(bot) == ([("W-05", "a17", 1)] if found else [])


@pytest.mark.rule("W-05")
def test_the_status_that_was_told_before_counts_where_an_event_has_none(bot: Bot) -> None:
    event = closing(ticket(messages=[said("agent", "Смотрю", "answer")]), type="ticket.message")
    event["agent"] |= {"status": None}
    hear(bot, status("Тренинг", 0), event)
    assert seen_by_lead(bot) == [("W-05", "a17", 1)]
    partners = closing(ticket(messages=[said("partner", "Ау", "question")]), type="ticket.message")
    partners["agent"] |= {"status": None}
    hear(bot, partners)
    assert seen_by_lead(bot) == [("W-05", "a17", 1)]


@pytest.mark.rule("W-06", "W-07")
@pytest.mark.parametrize(("by", "found"), [("agent", True), ("router", False), (None, False)])
def test_who_takes_a_ticket_by_himself_is_seen_by_the_lead(bot: Bot, by: str | None, found: bool) -> None:
    event = assigned(by=by)
    hear(bot, event, event | {"id": "evt-again"})
    assert seen_by_lead(bot) == ([("W-06", "a17", 1)] if found else [])
    assert untouched(bot, event)


@pytest.mark.rule("W-08")
def test_a_second_ticket_is_one_too_many(any_bot: Bot) -> None:
    bot = any_bot
    first, second = assigned(0), assigned(5)
    hear(bot, first, second)
    assert seen_by_lead(bot) == [("W-08", "a17", 1)]
    assert untouched(bot, second)
    (hit,) = [row for row in bot.ledger(second["id"]) if row.rule == "W-08"]
    assert (hit.target, hit.after.startswith("Назначен второй тикет")) == (second["ticket"]["id"], True)


@pytest.mark.rule("W-08")
@pytest.mark.parametrize("told", [True, False])
def test_the_next_ticket_after_a_closing_is_fine(bot: Bot, told: bool) -> None:
    first, second = assigned(0), assigned(5)
    hear(bot, first)
    over = first["ticket"] | {"status": "Закрыт"}
    if told:
        hear(bot, first | {"id": "evt-closed", "type": "ticket.closed", "ticket": over})
    bot.sandbox.put_ticket(over)  # the CRM knows, even if its event is late or lost
    hear(bot, second)
    assert seen_by_lead(bot) == []


@pytest.mark.rule("W-08")
def test_a_ticket_that_went_to_another_agent_is_no_second_one(bot: Bot) -> None:
    first, second = assigned(0), assigned(5)
    elsewhere = first | {"id": "evt-other", "agent": first["agent"] | {"id": "a18"}, "occurred_at": AT.format(3)}
    hear(bot, elsewhere, first, second)  # out of order: the older word changes nothing
    assert seen_by_lead(bot) == []


@pytest.mark.rule("W-08")
def test_while_the_crm_is_down_the_look_waits(bot: Bot) -> None:
    hear(bot, assigned(0))
    bot.sandbox.fault(system="webcrm", match="GET /webcrm/tickets/*", status=503)
    second = assigned(5)
    hear(bot, second)
    assert seen_by_lead(bot) == []
    bot.hurry()
    bot.work()
    assert seen_by_lead(bot) == [("W-08", "a17", 1)]


@pytest.mark.rule("R-54")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("minute", "words", "found"), [(1, "Отдых", True), (3, "Отдых", False), (1, "Тренинг", False)])
def test_a_rest_right_after_an_assignment(bot: Bot, minute: int, words: str, late: bool, found: bool) -> None:
    events = [assigned(0), status(words, minute)]
    hear(bot, *(reversed(events) if late else events))
    assert seen_by_lead(bot) == ([("R-54", "a17", 1)] if found else [])
    hear(bot, events[1] | {"id": "evt-rest-again"})
    assert seen_by_lead(bot) == ([("R-54", "a17", 1)] if found else [])


@pytest.mark.rule("W-06")
@pytest.mark.parametrize(("mode", "found"), [("observe", True), ("off", False)])
def test_a_rule_that_observes_is_seen_and_one_that_is_off_is_not(bot: Bot, mode: str, found: bool) -> None:
    bot.set_mode("W-06", mode)
    hear(bot, assigned(by="agent"))
    assert seen_by_lead(bot) == ([("W-06", "a17", 1)] if found else [])
