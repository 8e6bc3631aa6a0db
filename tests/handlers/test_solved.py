"""A ticket is solved while a department has not answered (U-31)."""

from __future__ import annotations

import pytest

from tests.bot import Bot
from tests.handlers.request_life import (
    CLIENT,
    ask,
    chat,
    comments,
    crm_request,
    drafts,
    finish,
    fire_after,
    notes,
    prepare,
    promised,
    states,
    told,
)
from tests.tickets import closing, ticket

NUMBER = "23814352"


def asked_and_solved(bot: Bot) -> None:
    """An agent asks the department, then closes the ticket with «Решено», told twice."""
    prepare(bot)
    bot.sandbox.put_ticket(ticket(id=NUMBER))
    bot.crm(crm_request())
    finish(bot)
    for name in ("solved-1", "solved-2"):
        bot.crm(closing(ticket(id=NUMBER), id=name, type="ticket.closed", resolution="Решено", create_jira=False))
        finish(bot)


@pytest.mark.rule("U-31")
def test_the_agent_is_asked_once_and_nobody_tells_the_client_or_the_head(bot: Bot) -> None:
    asked_and_solved(bot)
    assert sum("Тикет решён, а ответа ещё нет: Сервисный департамент" in note for note in notes(bot)) == 1
    assert {state for _, state in promised(bot)} == {"withdrawn"}
    before, silent = len(notes(bot)), len(drafts(bot))
    for _ in range(4):
        fire_after(bot, "24h")
    assert states(bot) == [(1, "open", None)]
    assert {to for _, to, _, _ in told(bot)} == {"department"}
    assert (len(notes(bot)), len(drafts(bot)), chat(bot, "head"), chat(bot, "lead")) == (before, silent, [], [])


@pytest.mark.rule("U-31")
def test_a_ticket_that_is_opened_again_goes_on_as_before(bot: Bot) -> None:
    asked_and_solved(bot)
    opened = {**closing(ticket(id=NUMBER), id="opened", type="ticket.status_changed")}
    opened |= {"change": {"field": "status", "from": "Закрыт", "to": "В работе"}}
    opened.pop("closing")
    bot.crm(opened)
    finish(bot)
    for _ in range(3):
        fire_after(bot, "24h")
    assert {"head", "lead"} <= {to for _, to, _, _ in told(bot)}


@pytest.mark.rule("U-31")
def test_the_same_in_usedesk(bot: Bot) -> None:
    prepare(bot)
    ask(bot)
    bot.sandbox.usedesk_act("agent", ticket_id=CLIENT, status=2, user_id=12)
    finish(bot)
    assert sum("Тикет решён, а ответа ещё нет" in text for text in comments(bot, CLIENT)) == 1
    for _ in range(3):
        fire_after(bot, "24h")
    assert {to for _, to, _, _ in told(bot)} == {"department"}
